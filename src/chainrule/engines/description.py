"""A network, a solver and the settings of a step in the native engine's words, and what that engine does not know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, wraps
from math import inf
from typing import TypeVar

from chainrule import _native
from chainrule.engines.base import StepSettings
from chainrule.engines.normalization import folded_layers
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.lookup import Array
from chainrule.formulas.losses import LOSSES, Huber, LogLoss, Loss, Quantile
from chainrule.formulas.solvers import SGD, Adadelta, Adagrad, Adam, AdamW, RMSProp, Solver
from chainrule.network import Network

# In the order of the enumerations in src/native/kernels.hpp.
NATIVE_ACTIVATIONS = (
    *(
        "identity",
        "logistic",
        "tanh",
        "relu",
        "exp",
        "softmax",
        "step",
        "leaky_relu",
        "elu",
        "selu",
        "gelu",
        "softplus",
    ),
    *("silu", "mish", "ordered"),
)
NATIVE_LOSSES = (
    *("squared_error", "log_loss", "poisson", "mse", "absolute_error", "huber", "quantile", "hinge", "perceptron"),
)
# Solver -> its place in the enumeration, and the fields that are the engine's momentum, second decay rate and epsilon.
NATIVE_SOLVERS: dict[type[Solver], tuple[int, str, str, str]] = {
    SGD: (1, "momentum", "", ""),
    Adam: (2, "beta_1", "beta_2", "epsilon"),
    AdamW: (2, "beta_1", "beta_2", "epsilon"),
    Adagrad: (3, "", "", "eps"),
    Adadelta: (4, "", "rho", "eps"),
    RMSProp: (5, "heavy_ball", "decay_rate", "eps"),
}
GRADIENT_ONLY = 0
MOST_LEVELS = 32


Described = TypeVar("Described", bound=Callable[..., object])


def _remembered(describe: Described) -> Described:
    """The same function, with the latest answers kept: a search asks for the same few networks again and again."""
    known = lru_cache(maxsize=64)(describe)

    @wraps(describe)
    def found(*given: object) -> object:
        try:
            return known(*given)
        except TypeError:  # a user's formula that cannot be a key
            return describe(*given)

    return found  # type: ignore[return-value]


def _heads(network: Network) -> tuple[Head, ...]:
    """The output layer's heads; a network without any is one head."""
    origin = network.objective.origin
    if isinstance(origin, Heads):
        return origin.heads
    return (_plain_head(network),)


class _PlainHead(Head):
    """A whole output layer as a head; unlike those of `Heads` it may have several levels."""

    def __post_init__(self) -> None:
        """Network has checked it."""


def _plain_head(network: Network) -> Head:
    return _PlainHead(network.outputs, network.layers[-1].function, network.objective)


@_remembered
def unknown(network: Network, solver: Solver | None) -> str | None:
    """The first formula without a native kernel, as the reason of a refusal; None if all are known."""
    for function in (*(layer.function for layer in network.layers[:-1]), *(head.function for head in _heads(network))):
        if not _known_activation(function):
            return f"activation {function.name!r} has no native kernel."
    for head in _heads(network):
        if not _known_loss(head.objective):
            return f"loss {head.objective.name!r} has no native kernel."
        if head.objective.levels > MOST_LEVELS:
            return f"the native engine knows at most {MOST_LEVELS} quantile levels, not {head.objective.levels}."
    if solver is not None and solver.stochastic and type(solver) not in NATIVE_SOLVERS:
        return f"solver {solver.name!r} has no native kernel."
    return None


def _known_activation(function: Activation) -> bool:
    return function.name in NATIVE_ACTIVATIONS and ACTIVATIONS[function.name] == function


def _known_loss(loss: Loss) -> bool:
    if loss.name not in NATIVE_LOSSES:
        return False
    built_in = type(loss.origin) in (Huber, LogLoss, Quantile) and loss.origin.build() == loss
    return built_in or LOSSES[loss.name] == loss


@_remembered
def shape(network: Network) -> _native.Shape:
    """The network; its output layer is described by heads."""
    heads, first = [], 0
    for head in _heads(network):
        loss = head.objective
        delta = loss.origin.delta if isinstance(loss.origin, Huber) else 1.0
        smoothing = loss.origin.label_smoothing if isinstance(loss.origin, LogLoss) else 0.0
        levels = list(loss.origin.levels) if isinstance(loss.origin, Quantile) else []
        codes = NATIVE_ACTIVATIONS.index(head.function.name), NATIVE_LOSSES.index(loss.name)
        heads.append(_native.Head(*codes, first, head.units, head.weight, delta, smoothing, levels))
        first += head.units
    hidden = [NATIVE_ACTIVATIONS.index(layer.function.name) for layer in network.layers[:-1]]
    return _native.Shape(
        list(network.widths),
        [*hidden, NATIVE_ACTIVATIONS.index(_heads(network)[0].function.name)],
        [float(network.input_dropout), *(float(layer.dropout) for layer in network.layers)],
        [bool(layer.batch_norm) for layer in network.layers],
        heads,
        network.objective.reported_mean,
    )


def settings(network: Network, solver: Solver | None, step: StepSettings) -> _native.Settings:
    """The solver and the step; without a solver the engine only computes gradients."""
    place, *names = (GRADIENT_ONLY, "", "", "") if solver is None else NATIVE_SOLVERS[type(solver)]
    momentum, second, epsilon = (float(getattr(solver, name)) if name else 0.0 for name in names)
    return _native.Settings(
        solver=place,
        slots=0 if solver is None else len(solver.slots),
        momentum=momentum,
        second=second,
        epsilon=epsilon,
        dampening=solver.dampening if isinstance(solver, SGD) else 0.0,
        nesterov=solver.nesterov if isinstance(solver, SGD) else False,
        alpha=step.alpha,
        l2=step.l2,
        l1=step.l1,
        weight_decay=step.weight_decay + (0.0 if solver is None else solver.decay),
        max_norm=inf if step.max_norm is None else step.max_norm,
        clip_norm=inf if step.clip_norm is None else step.clip_norm,
        clip_value=inf if step.clip_value is None else step.clip_value,
        layer_rates=[] if step.layer_rates is None else [float(factor) for factor in step.layer_rates],
        seed=step.seed,
    )


def undropped(network: Network) -> Network:
    """The network without dropout: what its loss and gradient mean outside of a training step."""
    if not network.has_dropout:
        return network
    return replace(network, layers=tuple(replace(layer, dropout=0.0) for layer in network.layers), input_dropout=0.0)


def folded(network: Network, theta: Array) -> tuple[Network, Array]:
    """The same function without batch normalisation: its running statistics as part of weights and biases."""
    if not network.n_normalized:
        return network, theta
    weights, biases = zip(*folded_layers(network, theta), strict=True)
    plain = replace(network, layers=tuple(replace(layer, batch_norm=False) for layer in network.layers))
    return plain, plain.pack(weights, biases)
