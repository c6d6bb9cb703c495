"""From setup and data to a network, encoded rows and start weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import TrainingData
from chainrule.estimators.outputs import border, class_output, default_output
from chainrule.estimators.parameters import NOT_FOR_CLASSES, NOT_FOR_NUMBERS
from chainrule.formulas.activations import get_activation
from chainrule.formulas.lookup import Array
from chainrule.formulas.losses import get_loss
from chainrule.network import Dense, Network
from chainrule.playground.data.rows import Data, Vector
from chainrule.playground.settings.features import apply
from chainrule.playground.settings.setup import NetworkSetup, Setup

USUAL_LOSSES = {"classification": "log_loss", "regression": "squared_error"}


@dataclass(frozen=True, eq=False)
class Built:
    """A network and the rows as it sees them.

    Parameters
    ----------
    network : Network
        The network.
    names : tuple of str
        Of its inputs.
    data : Data
        Where the rows come from.
    features : tuple of str
        Functions of the inputs; empty where the inputs are taken as they are.
    centre, spread : ndarray of shape (inputs,)
        What is taken off each feature, and what it is divided by.
    X : ndarray of shape (n, inputs)
        All rows.
    Y : ndarray of shape (n, targets)
        Their encoded targets.
    border : float or None
        Of a classifier with one output: beyond it is class 1. None where the largest output wins, and for values.
    signed : bool
        Whether classes are -1 and 1, as tanh puts them out.
    """

    network: Network
    names: tuple[str, ...]
    data: Data
    features: tuple[str, ...]
    centre: Vector
    spread: Vector
    X: Array
    Y: Array
    border: float | None
    signed: bool

    def inputs(self, X: Vector) -> Array:
        """Rows of `Data.X` as the network sees them."""
        found: Array = (apply(self.features, X) - self.centre) / self.spread
        return np.ascontiguousarray(found, self.X.dtype)

    def rows(self, chosen: NDArray[np.int64]) -> TrainingData:
        """Some rows for an engine."""
        return TrainingData(np.ascontiguousarray(self.X[chosen]), np.ascontiguousarray(self.Y[chosen]))

    def decided(self, outputs: Array) -> NDArray[np.int64]:
        """Class numbers from outputs."""
        if self.border is None:
            return np.asarray(outputs.argmax(axis=1), np.int64)
        return np.asarray(outputs[:, 0] > self.border, np.int64)

    def in_units(self, outputs: Array) -> Array:
        """Outputs of a regression in the user's units."""
        if self.data.task == "classification":
            return outputs
        found: Array = outputs * self.data.scale + self.data.centre
        return found


def build(setup: Setup, data: Data) -> Built:
    """The network of a setup on these data.

    Raises
    ------
    ValueError
        If the parts do not go together.
    """
    asked, dtype = setup.network, np.dtype(setup.run.dtype)
    features = asked.features if data.dimension <= 2 and data.encode is None else ()
    raw = apply(features, data.X)
    centre, spread = _scale(raw[data.train], setup.data.scale and data.encode is None)
    network = network_of(asked, data, raw.shape[1])
    signed = network.layers[-1].function.name == "tanh" and data.task == "classification"
    single = data.task == "classification" and network.outputs == 1
    return Built(
        network=network,
        names=features or data.inputs,
        data=data,
        features=features,
        centre=centre,
        spread=spread,
        X=np.ascontiguousarray((raw - centre) / spread, dtype),
        Y=_targets(network, data, signed).astype(dtype),
        border=(0.0 if signed else border(network)) if single else None,
        signed=signed,
    )


def _scale(rows: Vector, wanted: bool) -> tuple[Vector, Vector]:
    if not wanted:
        return np.zeros(rows.shape[1]), np.ones(rows.shape[1])
    spread = rows.std(axis=0)
    return rows.mean(axis=0), np.where(spread > 0, spread, 1.0)


def loss_of(asked: NetworkSetup, task: str) -> Any:
    """The loss asked for, else the task's usual one."""
    return USUAL_LOSSES[task] if asked.loss is None else asked.loss


def output_of(asked: NetworkSetup, data: Data) -> Any:
    """The output activation asked for, else the loss's natural one."""
    if asked.output is not None:
        return asked.output
    loss = loss_of(asked, data.task)
    if data.task == "regression":
        return default_output(loss)
    return class_output(None, loss, "binary" if len(data.classes) == 2 else "multiclass")


def network_of(asked: NetworkSetup, data: Data, inputs: int) -> Network:
    """The network alone."""
    loss, output = loss_of(asked, data.task), output_of(asked, data)
    if data.task == "regression":
        units = get_loss(loss).n_outputs(1)
    else:
        several = len(data.classes) > 2 or get_activation(output).name == "softmax"
        units = len(data.classes) if several else 1
    hidden = [Dense(one.units, one.activation, one.dropout, one.batch_norm) for one in asked.layers]
    return Network(inputs, (*hidden, Dense(units, output)), loss, asked.input_dropout)


def _targets(network: Network, data: Data, signed: bool) -> Vector:
    if data.task == "regression":
        values: Vector = ((data.y - data.centre) / data.scale)[:, None]
        return values
    single = network.outputs == 1
    codes = data.y[:, None].astype(np.float64) if single else np.eye(len(data.classes))[data.y]
    return 2 * codes - 1 if signed else codes


def start_theta(setup: Setup, built: Built) -> Array:
    """The start weights: drawn from the seed, or those of a shared link."""
    network, begun = built.network, built.data.start
    dtype = np.dtype(setup.run.dtype)
    if setup.run.compat and begun is not None:
        return network.pack(begun.weights, begun.biases).astype(dtype)
    return network.init(setup.network.seed, setup.network.initializer, dtype=dtype)


def grown(old: Built, theta: Array, new: Built, fresh: Array) -> Array:
    """Parameters of a changed network: what fits of the old ones, the start weights of what is new.

    Inputs are matched by name, hidden layers from the inputs on, the output layer with the output layer. Units that are gone take
    their weights with them.
    """
    found = fresh.copy()
    depth_old, depth_new = len(old.network.layers), len(new.network.layers)
    places = [(k, k) for k in range(min(depth_old, depth_new) - 1)] + [(depth_old - 1, depth_new - 1)]
    kinds: Any = zip(new.network.views(found), old.network.views(theta), strict=True)
    for kind_mine, kind_theirs in kinds:
        for k_old, k_new in places:
            into, out = kind_mine[k_new], kind_theirs[k_old]
            if into is not None and out is not None:
                rows_new, rows_old = _matched(old, new, k_old, k_new, into, out)
                units = min(into.shape[-1], out.shape[-1])
                into[..., :units][rows_new] = out[..., :units][rows_old]
    return found


def _matched(old: Built, new: Built, k_old: int, k_new: int, into: Array, out: Array) -> tuple[Any, Any]:
    """Which rows of a weight matrix belong together; everything of a vector."""
    if into.ndim == 1:
        return ..., ...
    if k_old == k_new == 0:
        common = [name for name in new.names if name in old.names]
        return [new.names.index(name) for name in common], [old.names.index(name) for name in common]
    count = min(len(into), len(out))
    return slice(count), slice(count)


def is_fit_for(name: str, task: str) -> bool:
    """Whether a loss is for classes, or for numbers."""
    return name not in (NOT_FOR_CLASSES if task == "classification" else NOT_FOR_NUMBERS)
