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
    Y : ndarray of shape (n, targets)
        Encoded targets, same precision; one column for each output, or one for all levels of a quantile loss.
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
        Euclidean norms, per layer (weights, biases, gamma), of gradient (before clipping) and parameter change (before
        max-norm) in the last step of the epoch.
    """

    loss: float
    rows: int
    gradient_norms: NDArray[np.float64]
    update_norms: NDArray[np.float64]


@dataclass(frozen=True)
class Brake:
    """Where a group of epochs ends: the stopping rule of `Patience`, and time.

    Parameters
    ----------
    tol : float
        Least improvement of the loss that counts.
    patience : float
        Epochs in a row without improvement that are tolerated.
    count, best : float
        Of them so far; the best (highest) negated loss so far.
    seconds : float
        After which no other epoch is begun.
    """

    tol: float
    patience: float
    count: int
    best: float
    seconds: float


@dataclass(frozen=True)
class GroupResult:
    """What a group of m epochs gives back.

    Parameters
    ----------
    losses, seconds : list of float
        `EpochResult.loss`, and wall-clock time, of each.
    better : list of float
        1 where no earlier epoch was better, else 0.
    rows : int
        Rows seen.
    gradient_norms, update_norms : ndarray of shape (m, L)
        As in `EpochResult`.
    order : ndarray of int
        The last permutation of the rows.
    count, best : float
        The brake's after these epochs; without the last one, if its numbers are not finite.
    interruption : BaseException or None
        What ended the group from outside (Ctrl-C), after the last whole step.
    """

    losses: list[float]
    seconds: list[float]
    better: list[float]
    rows: int
    gradient_norms: NDArray[np.float64]
    update_norms: NDArray[np.float64]
    order: NDArray[np.int64]
    count: int
    best: float
    interruption: BaseException | None


@dataclass(frozen=True)
class StepSettings:
    """What happens in a step beside the loss's gradient and the solver's rule. Biases, gamma and beta are exempt from penalties.

    Parameters
    ----------
    alpha : float
        L2 penalty in scikit-learn's convention: ``J += alpha / 2 * sum(W**2) / S`` with S the sum of the batch's weights.
    l2 : float
        L2 penalty independent of the batch: ``J += l2 / 2 * sum(W**2)``, whose gradient is ``l2 * W``. The lectures' weight
        decay, whose gradient is ``2 * lambda * W`` (lecture 002, "Regularizing the ERM", "Weight decay: gradient"), is
        ``l2 = 2 * lambda``; biases are not regularised there either.
    l1 : float
        L1 penalty, ``J += l1 * sum(|W|)``; after the solver's step each weight moves towards zero by at most
        ``speed * l1`` (proximal step, Daubechies et al. 2004), so that weights become exactly zero and can come back. The
        speed is the solver's for that weight (`Solver.speed`): the learning rate for plain gradient descent, the velocity's
        with momentum, each weight's own for adaptive solvers; minima are then those of the penalised objective.
    weight_decay : float
        Decoupled weight decay (Loshchilov & Hutter 2019): ``W *= 1 - rate * weight_decay`` before the solver's step; added
        to the solver's own (`Solver.decay`).
    max_norm : float or None
        Most Euclidean norm of the weights into a unit; longer columns of W are scaled back after the step (Srivastava et al.
        2014).
    clip_norm : float or None
        Most Euclidean norm of the whole gradient but the frozen layers' (Pascanu et al. 2013); the gradient includes the L2
        penalties.
    clip_value : float or None
        Most magnitude of each component of the gradient; applied after `clip_norm`.
    layer_rates : tuple of float or None
        Factor of the learning rate for each layer. Layers with 0 are frozen: they keep their parameters, and batch
        normalisation in them goes by its running statistics, which stay too.
    seed : int
        Of the dropout masks.
    """

    alpha: float = 0.0
    l2: float = 0.0
    l1: float = 0.0
    weight_decay: float = 0.0
    max_norm: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    layer_rates: tuple[float, ...] | None = None
    seed: int = 0

    @property
    def frozen(self) -> tuple[int, ...]:
        """Numbers of the frozen layers."""
        return tuple(k for k, factor in enumerate(self.layer_rates or ()) if factor == 0)


PLAIN = StepSettings()


class Session(Protocol):
    """A training in progress: parameters and solver state inside the engine."""

    def epoch(self, order: NDArray[np.int64], rates: NDArray[np.float64], batch_size: int) -> EpochResult:
        """Train on the rows `order` (indices into the data, in that order) in batches; `rates[i]` is step i's learning rate.

        KeyboardInterrupt leaves theta and state as they stood after the last whole step.
        """
        ...

    def group(
        self,
        order: NDArray[np.int64],
        rates: NDArray[np.float64],
        batch_size: int,
        stream: np.random.RandomState | None,
        most: int,
        brake: Brake,
    ) -> GroupResult | None:
        """At most that many epochs, at least one, until the brake ends them or their numbers are not finite.

        Before each the order is permuted as ``order[stream.permutation(len(order))]``, if there is a stream. `rates` has a row
        for each epoch, or one for all. None if the session can only do one at a time; nothing has happened then.
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

    @property
    def carried(self) -> float:
        """`Solver.carried` of the last step: with theta, state and t all that a resumed session needs."""
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
        l2: float = 0.0,
    ) -> tuple[float, Array]:
        """The objective J of docs/architecture.md (summed over outputs) and its gradient.

        Layers with batch normalisation use the statistics of these rows; nothing is dropped out.
        """
        ...

    def session(
        self,
        network: Network,
        theta: Array,
        data: TrainingData,
        solver: Solver,
        settings: StepSettings = PLAIN,
        n_threads: int = 1,
        state: State | None = None,
        t: int = 0,
        carried: float = 0.0,
    ) -> Session:
        """Begin (or, with `state`, `t` and `carried`, resume) a training. theta and state are copied."""
        ...
