"""The reference engine: the lectures' equations in the lectures' order, in NumPy. It is the specification of all other engines.

Forward (lecture 002, "All layers"):      z_k = a_{k-1} W_k + b_k,   a_k = f_k(z_k)
Backward (lecture 002, "Backpropagation"): delta_L = dl/dz_L,        delta_k = (delta_{k+1} W_{k+1}^T) * f_k'(z_k)
Gradient:                 dJ/dW_k = a_{k-1}^T delta_k / S + (alpha / S + l2) W_k,   dJ/db_k = sum_r delta_k / S
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import updates
from chainrule.engines.arrays import checked_state
from chainrule.engines.base import PLAIN, Brake, EpochResult, GroupResult, StepSettings, TrainingData
from chainrule.engines.normalization import Normalized, follow, normalize, normalize_batch, normalize_frozen, pull_back
from chainrule.engines.tape import Tape
from chainrule.formulas import dropout
from chainrule.formulas.lookup import Array
from chainrule.formulas.solvers import Solver, State
from chainrule.network import Network, Views

Masks = list[Array | None]


def forward(network: Network, theta: Array, X: Any) -> tuple[list[Array], list[Array]]:
    """Pre-activations and activations of every layer, as predictions use them: no dropout, running statistics."""
    views = network.views(theta)
    z: list[Array] = []
    a: list[Array] = [X]
    for k, layer in enumerate(network.layers):
        z.append(_pre_activation(views, k, a[-1]))
        a.append(layer.function.value(z[-1]))
    return z, a


def _pre_activation(views: Views, k: int, a: Array) -> Array:
    if views.gamma[k] is None:
        value: Array = a @ views.W[k] + views.b[k]
        return value
    return normalize(a @ views.W[k], views, k)


def training_forward(
    network: Network, theta: Array, X: Any, weight: Array, masks: Masks | None, frozen: Collection[int] = ()
) -> tuple[list[Array], list[Array], list[Normalized | None]]:
    """Pre-activations and activations of every layer in a training step, and what batch normalisation did."""
    views = network.views(theta)
    masks = masks or [None] * len(network.layers)
    z: list[Array] = []
    a: list[Array] = [_dropped(X, masks[0])]
    normalized: list[Normalized | None] = []
    for k, layer in enumerate(network.layers):
        if layer.batch_norm and k in frozen:
            done, scores = normalize_frozen(a[-1] @ views.W[k], views, k)
        elif layer.batch_norm:
            done, scores = normalize_batch(a[-1] @ views.W[k], weight, views, k)
        else:
            done, scores = None, a[-1] @ views.W[k] + views.b[k]
        normalized.append(done)
        z.append(scores)
        kept = masks[k + 1] if k + 1 < len(masks) else None
        a.append(_dropped(layer.function.value(z[-1]), kept))
    return z, a, normalized


def _dropped(a: Any, mask: Array | None) -> Any:
    if mask is None:
        return a
    return a.multiply(mask).tocsr() if hasattr(a, "tocsr") else a * mask


def draw_masks(network: Network, seed: int, step: int, rows: int, dtype: Any) -> Masks | None:
    """Dropout factors of the inputs and of every layer but the last; None where nothing is dropped."""
    if not network.has_dropout:
        return None
    rates = [network.input_dropout, *(layer.dropout for layer in network.layers[:-1])]
    return [
        dropout.mask(seed, step, place, rows, units, rate, dtype) if rate else None
        for place, (rate, units) in enumerate(zip(rates, network.widths, strict=False))
    ]


def tape(
    network: Network,
    theta: Array,
    X: Any,
    Y: Array,
    sample_weight: Array | None = None,
    alpha: float = 0.0,
    l2: float = 0.0,
    masks: Masks | None = None,
    frozen: Collection[int] = (),
) -> Tape:
    """One forward and backward pass as in a training step, with all its numbers.

    Batch normalisation in the layers `frozen` goes by the running statistics.
    """
    loss, output = network.objective, network.layers[-1].function
    weight = np.ones(len(Y), theta.dtype) if sample_weight is None else sample_weight
    weight_sum = float(weight.sum(dtype=np.float64))
    z, a, normalized = training_forward(network, theta, X, weight, masks, frozen)
    rows = loss.rows(Y, z[-1], a[-1], output)
    views, weights = network.views(theta), theta[: network.n_weights]
    decay = alpha / weight_sum + l2
    penalty = 0.5 * decay * float(weights @ weights) if decay else 0.0  # never 0 * inf
    delta: list[Array] = [loss.delta(Y, z[-1], a[-1], output) * weight[:, None]]
    gradient = np.zeros_like(theta)
    into = network.views(gradient)
    for k in range(len(network.layers) - 1, -1, -1):
        linear: Array = delta[0]  # dl/d(a W): what batch normalisation passes on
        into.b[k][...] = delta[0].sum(axis=0)
        done, scale = normalized[k], into.gamma[k]
        if done is not None and scale is not None:
            scale[...] = (delta[0] * done.z_hat).sum(axis=0)
            linear = pull_back(delta[0], done, views.gamma[k], weight / weight_sum)
        into.W[k][...] = a[k].T @ linear
        if k > 0:
            upstream = _dropped(linear @ views.W[k].T, None if masks is None else masks[k])
            undropped = a[k] if masks is None or masks[k] is None else network.layers[k - 1].function.value(z[k - 1])
            delta.insert(0, network.layers[k - 1].function.backward(z[k - 1], undropped, upstream))
    gradient /= weight_sum
    gradient[: network.n_weights] += decay * weights
    total = float(np.dot(weight, rows)) / weight_sum + penalty
    return Tape(a, z, delta, rows, weight_sum, penalty, total, gradient, normalized, masks)


def reported(network: Network, tape: Tape) -> float:
    """The objective as users see it (see `Loss.reported`)."""
    return network.objective.reported(tape.loss - tape.penalty, network.outputs) + tape.penalty


def layer_norms(network: Network, vector: Array) -> NDArray[np.float64]:
    """Euclidean norm of each layer's trained part (weights, biases, gamma) of a vector like theta, shape (L,)."""
    views = network.views(vector)
    norms = []
    with np.errstate(over="ignore", invalid="ignore"):
        for W, b, gamma in zip(views.W, views.b, views.gamma, strict=True):
            norm = np.hypot(np.linalg.norm(W), np.linalg.norm(b))
            norms.append(norm if gamma is None else np.hypot(norm, np.linalg.norm(gamma)))
    return np.array(norms, dtype=np.float64)


class ReferenceSession:
    """A training in progress on the reference engine."""

    def __init__(
        self,
        network: Network,
        theta: Array,
        data: TrainingData,
        solver: Solver,
        settings: StepSettings,
        state: State | None,
        t: int,
        carried: float,
    ) -> None:
        self._network, self._data, self._solver, self._settings = network, data, solver, settings
        self._theta = theta.copy()
        given = solver.init(theta) if state is None else checked_state(state, solver.slots, theta)
        self._state = {slot: vector.copy() for slot, vector in given.items()}
        self._t, self._carried = t, carried

    def epoch(self, order: NDArray[np.int64], rates: NDArray[np.float64], batch_size: int) -> EpochResult:
        """Train on the rows `order` in batches; see `Session.epoch`."""
        total, rows, last = 0.0, 0, (np.zeros_like(self._theta), np.zeros_like(self._theta))
        for start, rate in zip(range(0, len(order), batch_size), rates, strict=False):
            batch = order[start : start + batch_size]
            weight = self._data.sample_weight
            if weight is not None and not weight[batch].any():
                continue  # rows of weight zero are absent rows
            done = self._tape(batch)
            penalty = updates.absolute_penalty(self._network, self._theta, self._settings)
            last = done.gradient, self._step(done, float(rate))
            total += (reported(self._network, done) + penalty) * len(batch)
            rows += len(batch)
        norms = [layer_norms(self._network, vector) for vector in last]
        return EpochResult(total / rows if rows else 0.0, rows, *norms)

    def group(
        self,
        order: NDArray[np.int64],
        rates: NDArray[np.float64],
        batch_size: int,
        stream: np.random.RandomState | None,
        most: int,
        brake: Brake,
    ) -> GroupResult | None:
        """None: the training's own loop over `epoch` is what a group is held to."""
        return None

    def _step(self, done: Tape, rate: float) -> Array:
        """Take a whole step, or none if interrupted; the change of theta before max-norm."""
        network, solver, settings, t = self._network, self._solver, self._settings, self._t + 1
        theta, state = self._theta.copy(), {slot: vector.copy() for slot, vector in self._state.items()}
        carried = solver.carried(self._carried, rate)
        updates.step(network, theta, done.gradient, solver, state, t, rate, carried, settings)
        change: Array = theta - self._theta
        updates.limit_norms(network, theta, settings)
        follow(network, theta, done.normalized, done.weight_sum)
        self._theta, self._state, self._t, self._carried = theta, state, t, carried
        return change

    def _tape(self, batch: NDArray[np.int64]) -> Tape:
        data, settings = self._data, self._settings
        weight = None if data.sample_weight is None else data.sample_weight[batch]
        masks = draw_masks(self._network, settings.seed, self._t, len(batch), self._theta.dtype)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            given = (data.X[batch], data.Y[batch], weight, settings.alpha, settings.l2, masks, settings.frozen)
            return tape(self._network, self._theta, *given)

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

    @property
    def carried(self) -> float:
        """`Solver.carried` of the last step."""
        return self._carried


class ReferenceEngine:
    """The specification: readable NumPy, one thread, any formula."""

    name = "reference"

    def refusal(self, network: Network, dtype: Any, solver: Solver | None = None) -> str | None:
        """The reference engine can compute everything."""
        return None

    def predict(self, network: Network, theta: Array, X: Any, n_threads: int = 1) -> Array:
        """Output activations, shape (N, K)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return forward(network, theta, in_precision(X, theta.dtype))[1][-1]

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
        """The objective and its gradient."""
        weight = None if sample_weight is None else np.asarray(sample_weight, theta.dtype)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            done = tape(network, theta, in_precision(X, theta.dtype), np.asarray(Y, theta.dtype), weight, alpha, l2)
        return done.loss, done.gradient

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
    ) -> ReferenceSession:
        """Begin or resume a training."""
        return ReferenceSession(network, theta, data, solver, settings, state, t, carried)


def in_precision(X: Any, dtype: Any) -> Any:
    """X in that precision; sparse matrices stay sparse."""
    return X.astype(dtype, copy=False) if hasattr(X, "tocsr") else np.ascontiguousarray(X, dtype)
