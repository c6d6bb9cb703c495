"""The reference engine: the lectures' equations in the lectures' order, in NumPy. It is the specification of all other engines.

Forward (lecture 002, "All layers"):      z_k = a_{k-1} W_k + b_k,   a_k = f_k(z_k)
Backward (lecture 002, "Backpropagation"): delta_L = dl/dz_L,        delta_k = (delta_{k+1} W_{k+1}^T) * f_k'(z_k)
Gradient:                                 dJ/dW_k = a_{k-1}^T delta_k / S + alpha W_k / S,   dJ/db_k = sum_r delta_k / S
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.arrays import checked_state
from chainrule.engines.base import EpochResult, TrainingData
from chainrule.formulas.lookup import Array
from chainrule.formulas.solvers import Solver, State
from chainrule.network import Network


@dataclass(frozen=True)
class Tape:
    """Everything one forward and backward pass computes, for the views to format.

    Parameters
    ----------
    a : list of ndarray
        Activations, `a[0]` is the input, `a[k + 1] (N, O_k)` the output of layer k.
    z : list of ndarray
        Pre-activations, `z[k]` belongs to layer k.
    delta : list of ndarray
        ``w_r * dl_r/dz`` of each layer (weighted, not yet divided by S).
    rows : ndarray of shape (N,)
        Unweighted loss of each row, summed over outputs.
    weight_sum : float
        S, the sum of the sample weights, or the number of rows.
    penalty : float
        ``alpha / 2 * sum W**2 / S``.
    loss : float
        The objective J.
    gradient : ndarray of shape (P,)
        dJ/dtheta.
    """

    a: list[Array]
    z: list[Array]
    delta: list[Array]
    rows: Array
    weight_sum: float
    penalty: float
    loss: float
    gradient: Array


def forward(network: Network, theta: Array, X: Any) -> tuple[list[Array], list[Array]]:
    """Pre-activations and activations of every layer."""
    weights, biases = network.views(theta)
    z: list[Array] = []
    a: list[Array] = [X]
    for layer, W, b in zip(network.layers, weights, biases, strict=True):
        z.append(a[-1] @ W + b)
        a.append(layer.function.value(z[-1]))
    return z, a


def backward(network: Network, theta: Array, z: list[Array], a: list[Array], delta: Array) -> list[Array]:
    """Deltas of every layer from the output layer's (chain rule, layer by layer)."""
    weights, _ = network.views(theta)
    deltas = [delta]
    for k in range(len(network.layers) - 1, 0, -1):
        upstream = deltas[0] @ weights[k].T
        deltas.insert(0, network.layers[k - 1].function.backward(z[k - 1], a[k], upstream))
    return deltas


def tape(
    network: Network, theta: Array, X: Any, Y: Array, sample_weight: Array | None = None, alpha: float = 0.0
) -> Tape:
    """One forward and backward pass, with all its numbers."""
    loss, output = network.objective, network.layers[-1].function
    z, a = forward(network, theta, X)
    rows = loss.rows(Y, z[-1], a[-1], output)
    weight = np.ones(len(Y), theta.dtype) if sample_weight is None else sample_weight
    weight_sum = float(weight.sum(dtype=np.float64))
    weights = theta[: network.n_weights]
    penalty = 0.5 * alpha * float(weights @ weights) / weight_sum
    deltas = backward(network, theta, z, a, loss.delta(Y, z[-1], a[-1], output) * weight[:, None])
    gradient = np.empty_like(theta)
    into = network.views(gradient)
    for k, delta in enumerate(deltas):
        into.W[k][...] = a[k].T @ delta
        into.b[k][...] = delta.sum(axis=0)
    gradient[: network.n_weights] += alpha * weights
    gradient /= weight_sum
    total = float(np.dot(weight, rows)) / weight_sum + penalty
    return Tape(a, z, deltas, rows, weight_sum, penalty, total, gradient)


def reported(network: Network, tape: Tape) -> float:
    """The objective as users see it (see `Loss.reported`)."""
    return network.objective.reported(tape.loss - tape.penalty, network.outputs) + tape.penalty


def layer_norms(network: Network, vector: Array) -> NDArray[np.float64]:
    """Euclidean norm of each layer's part (weights and biases) of a vector like theta, shape (L,)."""
    weights, biases = network.views(vector)
    parts = zip(weights, biases, strict=True)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array([np.hypot(np.linalg.norm(W), np.linalg.norm(b)) for W, b in parts], dtype=np.float64)


class ReferenceSession:
    """A training in progress on the reference engine."""

    def __init__(
        self,
        network: Network,
        theta: Array,
        data: TrainingData,
        solver: Solver,
        alpha: float,
        state: State | None,
        t: int,
    ) -> None:
        self._network, self._data, self._solver, self._alpha = network, data, solver, alpha
        self._theta = theta.copy()
        given = solver.init(theta) if state is None else checked_state(state, solver.slots, theta)
        self._state = {slot: vector.copy() for slot, vector in given.items()}
        self._t = t

    def epoch(self, order: NDArray[np.int64], rates: NDArray[np.float64], batch_size: int) -> EpochResult:
        """Train on the rows `order` in batches; see `Session.epoch`."""
        total, rows, last = 0.0, 0, (np.zeros_like(self._theta), self._theta)
        for start, rate in zip(range(0, len(order), batch_size), rates, strict=False):
            batch = order[start : start + batch_size]
            weight = self._data.sample_weight
            if weight is not None and not weight[batch].any():
                continue  # rows of weight zero are absent rows
            done = self._tape(batch)
            last = done.gradient, self._theta.copy()
            self._t += 1
            self._solver.step(self._theta, done.gradient, self._state, self._t, float(rate))
            total += reported(self._network, done) * len(batch)
            rows += len(batch)
        gradient, before = last
        norms = [layer_norms(self._network, vector) for vector in (gradient, self._theta - before)]
        return EpochResult(total / rows if rows else 0.0, rows, *norms)

    def _tape(self, batch: NDArray[np.int64]) -> Tape:
        data = self._data
        weight = None if data.sample_weight is None else data.sample_weight[batch]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return tape(self._network, self._theta, data.X[batch], data.Y[batch], weight, self._alpha)

    def predict(self, X: Any) -> Array:
        """Output activations with the present parameters."""
        return forward(self._network, self._theta, X)[1][-1]

    @property
    def theta(self) -> Array:
        """A copy of the present parameters."""
        return self._theta.copy()

    @property
    def state(self) -> State:
        """A copy of the solver's state vectors."""
        return {slot: vector.copy() for slot, vector in self._state.items()}

    @property
    def t(self) -> int:
        """Steps taken since the solver's state was made."""
        return self._t


class ReferenceEngine:
    """The specification: readable NumPy, one thread, any formula."""

    name = "reference"

    def refusal(self, network: Network, dtype: Any, solver: Solver | None = None) -> str | None:
        """The reference engine can compute everything."""
        return None

    def predict(self, network: Network, theta: Array, X: Any, n_threads: int = 1) -> Array:
        """Output activations, shape (N, K)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return forward(network, theta, prepared(X, theta.dtype))[1][-1]

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
        """The objective and its gradient."""
        weight = None if sample_weight is None else np.asarray(sample_weight, theta.dtype)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            done = tape(network, theta, prepared(X, theta.dtype), np.asarray(Y, theta.dtype), weight, alpha)
        return done.loss, done.gradient

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
    ) -> ReferenceSession:
        """Begin or resume a training."""
        return ReferenceSession(network, theta, data, solver, alpha, state, t)


def prepared(X: Any, dtype: Any) -> Any:
    """X in that precision; sparse matrices stay sparse."""
    return X.astype(dtype, copy=False) if hasattr(X, "tocsr") else np.ascontiguousarray(X, dtype)
