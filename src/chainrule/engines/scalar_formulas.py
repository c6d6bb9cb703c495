"""Activations and losses of the tables as parts of a scalar graph.

What has a plain formula is written as arithmetic, from raw scores where the engines do so (see `formulas/losses.py`). Everything
else, also a user's own formula, becomes one node that asks the table for its value and slope.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.formulas.activations import Activation
from chainrule.formulas.classification import LogLoss
from chainrule.formulas.lookup import Array
from chainrule.formulas.loss import Loss
from chainrule.formulas.own import is_own
from chainrule.graph import Value, add, function, log_sum_exp

Nodes = Sequence[Value]
# A graph refuses what is not finite by itself, so NumPy need not warn.
QUIET = np.errstate(all="ignore")


@dataclass(frozen=True)
class Output:
    """The last layer of one row, or one head's part of it.

    Parameters
    ----------
    z : sequence of Value
        Scores.
    a : sequence of Value
        Predictions.
    y : sequence of Value
        Targets.
    """

    z: Nodes
    a: Nodes
    y: Nodes


# ---- activations ----------------------------------------------------------------------------------------------------------

ELEMENTWISE: dict[str, Callable[[Value], Value]] = {
    "identity": lambda z: z,
    "logistic": Value.sigmoid,
    "tanh": Value.tanh,
    "relu": Value.relu,
    "exp": Value.exp,
}


def activated(activation: Activation, z: Nodes) -> list[Value]:
    """The nodes of a layer after its activation."""
    known = not is_own(activation)
    if known and activation.name in ELEMENTWISE:
        return [ELEMENTWISE[activation.name](each) for each in z]
    if known and activation.name == "softmax":
        return [each.exp() for each in log_probabilities(z)]
    if activation.pullback is None:
        return [_elementwise(activation, each) for each in z]
    return [_joint(activation, z, k) for k in range(len(z))]


def log_probabilities(z: Nodes) -> list[Value]:
    """``log softmax(z)_k = z_k - log sum_j e**z_j`` (lecture 004, 'Softmax + Cross Entropy')."""
    total = log_sum_exp(*z)
    return [each - total for each in z]


def _elementwise(activation: Activation, z: Value) -> Value:
    @QUIET
    def value(x: float) -> float:
        return _number(activation.value(_row(x)))

    @QUIET
    def slope(x: float) -> float:
        scores = _row(x)
        return _number(activation.backward(scores, activation.value(scores), np.ones_like(scores)))

    return z.apply(activation.name, value, slope)


def _joint(activation: Activation, z: Nodes, k: int) -> Value:
    """Unit k of a layer whose units depend on each other; its slopes are row k of the Jacobian."""

    @QUIET
    def value(*x: float) -> float:
        return float(activation.value(_row(*x))[0, k])

    @QUIET
    def slopes(*x: float) -> Sequence[float]:
        scores, upstream = _row(*x), np.zeros((1, len(x)))
        upstream[0, k] = 1
        return list(map(float, activation.backward(scores, activation.value(scores), upstream)[0]))

    return function(activation.name, z, value, slopes)


# ---- losses ---------------------------------------------------------------------------------------------------------------


def _squared_error(loss: Loss, output: Output) -> Value:
    return 0.5 * _squares(output)


def _mse(loss: Loss, output: Output) -> Value:
    return _squares(output) / len(output.a)


def _squares(output: Output) -> Value:
    return add(*((a - y) ** 2 for a, y in zip(output.a, output.y, strict=True)))


def _absolute_error(loss: Loss, output: Output) -> Value:
    sizes = [
        (a - y).apply("abs", abs, lambda r: math.copysign(1, r) if r else 0.0)
        for a, y in zip(output.a, output.y, strict=True)
    ]
    return add(*sizes) / len(sizes)


def _softmax_cross_entropy(loss: Loss, output: Output) -> Value:
    logarithms = [a.inputs[0] for a in output.a]  # see `activated`: a = exp(log a)
    return -add(*(_smoothed(loss, y, len(output.z)) * log for y, log in zip(output.y, logarithms, strict=True)))


def _logistic_cross_entropy(loss: Loss, output: Output) -> Value:
    """``sum_k log(1 + e**z_k) - y_k z_k``."""
    pairs = zip(output.z, output.y, strict=True)
    return add(*(log_sum_exp(0, z) - _smoothed(loss, y, 2) * z for z, y in pairs))


def _smoothed(loss: Loss, y: Value, classes: int) -> Value:
    share = loss.origin.label_smoothing if isinstance(loss.origin, LogLoss) else 0.0
    return y * (1 - share) + share / classes if share else y


def _hinge(loss: Loss, output: Output) -> Value:
    return add(*((1 - (2 * y - 1) * a).relu() for a, y in zip(output.a, output.y, strict=True)))


def _poisson_from_logs(loss: Loss, output: Output) -> Value:
    """``sum_k y_k log y_k - y_k z_k - y_k + a_k`` with ``a_k = e**z_k``."""
    return add(
        *(
            y.apply("y log y", lambda t: t * math.log(t) if t else 0.0, lambda t: math.log(t) + 1) - y * z - y + a
            for z, a, y in zip(output.z, output.a, output.y, strict=True)
        )
    )


# By loss and output activation; "" stands for any that has no fused form.
ARITHMETIC: dict[tuple[str, str], Callable[[Loss, Output], Value]] = {
    ("squared_error", "identity"): _squared_error,
    ("squared_error", ""): _squared_error,
    ("mse", ""): _mse,
    ("absolute_error", ""): _absolute_error,
    ("log_loss", "softmax"): _softmax_cross_entropy,
    ("log_loss", "logistic"): _logistic_cross_entropy,
    ("hinge", ""): _hinge,
    ("poisson", "exp"): _poisson_from_logs,
}


def row_loss(loss: Loss, activation: Activation, output: Output) -> Value:
    """The loss of one row."""
    fused = activation.name if loss.fused(activation) is not None else ""
    if not is_own(loss) and (loss.name, fused) in ARITHMETIC:
        return ARITHMETIC[loss.name, fused](loss, output)
    return _joint_loss(loss, activation, output)


def _joint_loss(loss: Loss, activation: Activation, output: Output) -> Value:
    """The loss as one node, from scores if the table has a fused form, else from predictions."""
    fused = loss.fused(activation)
    inside = output.z if fused else output.a

    def split(numbers: tuple[float, ...]) -> tuple[Array, Array]:
        return _row(*numbers[len(inside) :]), _row(*numbers[: len(inside)])

    @QUIET
    def value(*numbers: float) -> float:
        y, given = split(numbers)
        return float((fused.value(y, given) if fused else loss.value(y, given))[0])

    @QUIET
    def slopes(*numbers: float) -> Sequence[float]:
        y, given = split(numbers)
        found = fused.slope(y, given, activation.value(given)) if fused else loss.slope(y, given)
        return list(map(float, found[0]))

    return function(loss.name, [*inside, *output.y], value, slopes)


def _row(*numbers: float) -> Array:
    return np.array([numbers], dtype=np.float64)


def _number(found: Array) -> float:
    return float(found[0, 0])
