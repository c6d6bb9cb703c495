"""What an engine is: three functions and a stateful training session. Engines pass the whole shared test-suite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule.formulas.lookup import Array
from chainrule.formulas.solvers import Solver, State
from chainrule.network import Network


@dataclass(frozen=True)
class TrainingData:
    """What an epoch runs over; rows are addressed by index, so a split never copies X.

    Parameters
    ----------
    X : ndarray of shape (n, I), C-contiguous, or scipy CSR matrix/array with sorted indices
        In the precision of theta.
    Y : ndarray of shape (n, K)
        Encoded targets, same precision.
    sample_weight : ndarray of shape (n,) or None
        Same precision.
    """

    X: Any
    Y: Array
    sample_weight: Array | None = None


@dataclass(frozen=True)
class EpochResult:
    """What one pass over the data gives back.

    Parameters
    ----------
    loss : float
        Mean over the batches, weighted by their rows, of the objective before each step (as reported to users: scikit-learn's
        `loss_curve_`). Not finite if the training diverged.
    rows : int
        Rows seen.
    gradient_norms, update_norms : ndarray of shape (L,)
        Euclidean norms, per layer (weights and biases), of gradient and parameter change in the last step of the epoch.
    """

    loss: float
    rows: int
    gradient_norms: NDArray[np.float64]
    update_norms: NDArray[np.float64]


class Session(Protocol):
    """A training in progress: parameters and solver state inside the engine."""

    def epoch(self, order: NDArray[np.int64], rates: NDArray[np.float64], batch_size: int) -> EpochResult:
        """Train on the rows `order` (indices into the data, in that order) in batches; `rates[i]` is step i's learning rate.

        KeyboardInterrupt leaves theta and state as they stood after the last whole step.
        """
        ...

    def predict(self, X: Any) -> Array:
        """Output activations with the present parameters."""
        ...

    @property
    def theta(self) -> Array:
        """A copy of the present parameters."""
        ...

    @property
    def state(self) -> State:
        """A copy of the solver's state vectors."""
        ...

    @property
    def t(self) -> int:
        """Steps taken since the solver's state was made."""
        ...


class Engine(Protocol):
    """A way of computing networks."""

    name: str

    def refusal(self, network: Network, dtype: Any, solver: Solver | None = None) -> str | None:
        """Why this engine cannot do it, or None if it can."""
        ...

    def predict(self, network: Network, theta: Array, X: Any, n_threads: int = 1) -> Array:
        """Output activations, shape (N, K). A row's result does not depend on the rows around it."""
        ...

    def loss_and_gradient(
        self,
        network: Network,
        theta: Array,
        X: Any,
        Y: Any,
        sample_weight: Any = None,
        alpha: float = 0.0,
        n_threads: int = 1,
    ) -> tuple[float, Array]:
        """The objective J of docs/architecture.md (summed over outputs) and its gradient."""
        ...

    def session(
        self,
        network: Network,
        theta: Array,
        data: TrainingData,
        solver: Solver,
        alpha: float = 0.0,
        n_threads: int = 1,
        state: State | None = None,
        t: int = 0,
    ) -> Session:
        """Begin (or, with `state` and `t`, resume) a training. theta and state are copied."""
        ...
