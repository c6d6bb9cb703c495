"""Where a training stands: with network and settings, all that is needed to go on exactly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.formulas.lookup import Array
from chainrule.formulas.solvers import State
from chainrule.training import Patience


@dataclass(frozen=True, eq=False)
class Position:
    """One moment of a training.

    Parameters
    ----------
    theta : ndarray of shape (P,)
        The parameters.
    solver_state : dict of ndarray
        The solver's vectors.
    t : int
        Steps taken with them.
    carried : float
        `Solver.carried` of the last step.
    rate : float
        The rate in force after plateaus.
    epochs, samples, updates : int
        Whole epochs, rows shown, and steps taken since the start.
    begun : int
        Rows done of the epoch begun; 0 between epochs.
    begun_loss : float
        Sum of their losses.
    patience : Patience
        Of the schedule's plateaus.
    order : ndarray of int
        The last permutation.
    rng : tuple
        State of the random numbers.
    dropout_seed : int or None
        Of the masks; None where nothing was ever dropped out.
    dead : ndarray of bool or None
        Weights that the other playground's L1 penalty has killed.
    """

    theta: Array
    order: NDArray[np.int64]
    rng: Any
    rate: float
    solver_state: State = field(default_factory=dict)
    t: int = 0
    carried: float = 0.0
    epochs: int = 0
    samples: int = 0
    updates: int = 0
    begun: int = 0
    begun_loss: float = 0.0
    patience: Patience = field(default_factory=Patience)
    dropout_seed: int | None = None
    dead: NDArray[np.bool_] | None = None

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        vectors = self.theta.nbytes * (1 + len(self.solver_state))
        return vectors + self.order.nbytes + 4000
