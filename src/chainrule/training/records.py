"""What a training tells: one `Epoch` per pass over the data, and the `TrainingState` it can be resumed from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.formulas.lookup import Array
from chainrule.formulas.solvers import State


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training rows (for lbfgs: one iteration).

    Parameters
    ----------
    number : int
        Counts from 1 and goes on when a training is resumed.
    loss : float
        The objective as scikit-learn reports it: mean over the epoch's batches before each step, penalty included.
    learning_rate : float
        Rate of the epoch's last step; nan for lbfgs.
    gradient_norms, update_norms : ndarray of shape (L,)
        Norms, per layer, of gradient and parameter change in the last step.
    seconds : float
        Wall-clock time, validation included.
    validation_loss, validation_score : float or None
        On the validation set after the epoch, without penalty; None where there is none.
    best : bool
        Whether no earlier epoch was better (by validation score, else validation loss, else training loss).
    note : str
        What was decided at the end of the epoch ("... Stopping."), mostly empty.
    """

    number: int
    loss: float
    learning_rate: float
    gradient_norms: NDArray[np.float64]
    update_norms: NDArray[np.float64]
    seconds: float
    validation_loss: float | None = None
    validation_score: float | None = None
    best: bool = False
    note: str = ""


@dataclass(frozen=True)
class Patience:
    """Counts epochs that did not raise the watched value by at least `tol`; nan never does.

    Parameters
    ----------
    count : int
        Epochs without improvement.
    best : float
        Highest value so far.
    """

    count: int = 0
    best: float = -np.inf

    def after(self, value: float, tol: float) -> Patience:
        """The counter after an epoch that reached `value`."""
        count = 0 if value >= self.best + tol else self.count + 1
        return Patience(count, value if value > self.best else self.best)


@dataclass(frozen=True)
class TrainingState:
    """Where a training stands; with theta, all that is needed to go on as if there had been no interruption.

    The schedules `Cosine` and `OneCycle` go on only if their field `epochs` says how long the whole course is; without it they
    run one over the `max_iter` epochs of each call.

    Parameters
    ----------
    solver_state : dict of ndarray
        The solver's vectors.
    t : int
        Steps taken with them.
    initial_rate, rate : float
        `learning_rate_init`, and the rate in force after plateaus.
    samples, epochs : int
        Rows and epochs seen.
    watched : str
        What the stopping rule watched: "loss" or "validation".
    patience : Patience
        Its counter.
    peak : float
        Best validation value.
    best_theta : ndarray or None
        Parameters of that epoch.
    order : ndarray or None
        The last permutation of the rows; None starts from the natural order.
    rng : tuple or None
        State of the random numbers (`numpy.random.RandomState.get_state`); None leaves them to `random_state`.
    dropout_seed : int or None
        Seed of the dropout masks; None where nothing is dropped out.
    carried : float
        `Solver.carried` of the last step.
    """

    solver_state: State = field(default_factory=dict)
    t: int = 0
    initial_rate: float = np.nan
    rate: float = np.nan
    samples: int = 0
    epochs: int = 0
    watched: str = "loss"
    patience: Patience = Patience()
    peak: float = -np.inf
    best_theta: Array | None = None
    order: NDArray[np.int64] | None = None
    rng: dict[str, Any] | tuple[Any, ...] | None = None
    dropout_seed: int | None = None
    carried: float = 0.0
