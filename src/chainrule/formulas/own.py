"""A user's own formulas, checked numerically: the slope against central differences of the value.

The points are fixed, so the answer is the same every time. A point where the value has a kink (one-sided differences disagree) or
is not finite is left out; the rest decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.heads import Heads
from chainrule.formulas.lookup import Array
from chainrule.formulas.loss import Loss
from chainrule.formulas.losses import LOSS_FAMILIES, LOSSES
from chainrule.formulas.method import Method

STEP, TOLERANCE, KINK = 1e-5, 1e-5, 1e-2
# Rows of either sign, and one all positive and one all negative for formulas with half a domain.
SCORES = np.array([[-2.9, -1.3, 0.52], [-0.45, 0.17, 2.7], [1.1, -0.12, -0.83], [0.31, 1.9, 2.2], [-0.22, -1.7, -0.6]])
UPSTREAM = np.array([[0.7, -1.2, 0.4], [1.5, 0.3, -0.6], [-0.9, 0.8, 1.1], [0.2, -0.5, 1.4], [-1.1, 0.6, 0.9]])
# Probabilities, positive numbers and numbers of either sign: a loss may be defined for some of them only.
PREDICTIONS = (np.array([0.15, 0.85, 0.35, 0.61]), np.array([0.23, 1.3, 5.1, 2.6]), np.array([-2.3, 1.4, -0.7, 2.6]))
TARGETS = (np.array([0.0, 1.0]), np.array([1.0, 0.0]), np.array([0.4, 0.6]), np.array([2.0, -0.8]))


def is_own(formula: Activation | Loss) -> bool:
    """Whether a formula is a user's own, not one of the tables or built by one of their families."""
    if isinstance(formula, Activation):
        return ACTIVATIONS.get(formula.name) != formula
    return LOSSES.get(formula.name) != formula and type(formula.origin) not in LOSS_FAMILIES.values()


def check_activation(activation: Activation) -> None:
    """Check an activation's slope or pullback against its value.

    Parameters
    ----------
    activation : Activation
        The formula; for `Heads`, its own activations are checked.

    Raises
    ------
    ValueError
        If they disagree (the message names the point and both numbers), have wrong shapes, change what they are given, or
        cannot be compared anywhere.
    """
    owner = activation.value.owner if isinstance(activation.value, Method) else None
    if isinstance(owner, Heads):
        for function in (head.function for head in owner.heads):
            if is_own(function):
                check_activation(function)
        return
    what = f"activation {activation.name!r}"
    if activation.slope is None and activation.pullback is None:
        if activation.untrainable:
            return
        raise ValueError(f"{what} has neither a slope nor a pullback; give it one of them.")
    with np.errstate(all="ignore"):
        a = _untouched(f"{what}: value", activation.value, SCORES)
        _check_shape(f"{what}: value(z)", a, SCORES.shape)
        upstream = np.ones_like(SCORES) if activation.pullback is None else UPSTREAM
        part = f"{what}: {'slope' if activation.pullback is None else 'pullback'}"
        _compare(
            Comparison(
                part,
                lambda z: (upstream * activation.value(z)).sum(axis=1),
                _untouched(part, activation.backward, SCORES, a, upstream),
                SCORES,
                lambda row: f"z = {_shown(SCORES[row])}",
            )
        )


def check_loss(loss: Loss, output: Activation | None = None) -> None:
    """Check a loss's slope, and the slopes of its fused forms, against their values.

    Parameters
    ----------
    loss : Loss
        The formula; for `Heads`, its own losses are checked.
    output : Activation or None
        The output activation it is used with: a fused form with it is checked too if it is a user's own.

    Raises
    ------
    ValueError
        If they disagree (the message names the point and both numbers), have wrong shapes, change what they are given, or
        cannot be compared anywhere.
    """
    if isinstance(loss.origin, Heads):
        for head in loss.origin.heads:
            if is_own(head.objective):
                check_loss(head.objective, head.function)
        return
    targets = 2 if loss.columns is None else loss.columns
    with np.errstate(all="ignore"):
        for comparison in _loss_comparisons(loss, targets, loss.n_outputs(targets), output):
            _compare(comparison)


@dataclass(frozen=True)
class Comparison:
    """A function of the rows of `points (N, K)`, its alleged gradient, and how to name a point."""

    what: str
    function: Callable[[Array], Array]
    gradient: Any
    points: Array
    named: Callable[[int], str]


def _loss_comparisons(loss: Loss, targets: int, outputs: int, output: Activation | None) -> Iterator[Comparison]:
    y, a = _table(TARGETS, targets, PREDICTIONS, outputs)
    what = f"loss {loss.name!r}"
    _check_shape(f"{what}: value(y, a)", _untouched(f"{what}: value", loss.value, y, a), (len(y),))
    slope = _untouched(f"{what}: slope", loss.slope, y, a)
    _check_shape(f"{what}: slope", slope, a.shape)
    # Where the slope is not finite the prediction may be outside the loss's domain even if its value is finite (0 log a).
    defined = np.isfinite(slope).all(axis=1)
    if defined.any():
        y, a, slope = y[defined], a[defined], slope[defined]
    yield Comparison(
        f"{what}: slope",
        lambda points: loss.value(y, points),
        slope,
        a,
        lambda row: f"y = {_shown(y[row])}, a = {_shown(a[row])}",
    )
    known = ({} if output is None else {output.name: output}) | ACTIVATIONS
    for name in loss.outputs:
        if name in known:
            yield _fused_comparison(loss, known[name], targets, outputs)


def _fused_comparison(loss: Loss, activation: Activation, targets: int, outputs: int) -> Comparison:
    fused = loss.outputs[activation.name]
    # One-hot, because softmax's slope a - y holds for targets that sum to one.
    labels, z = _table(tuple(np.eye(max(targets, 2))[:2, :targets]), targets, tuple(SCORES), outputs)
    what = f"loss {loss.name!r}: fused form of output activation {activation.name!r}"
    _check_shape(f"{what}: value(y, z)", _untouched(f"{what}: value", fused.value, labels, z), (len(z),))
    return Comparison(
        f"{what}: slope",
        lambda points: fused.value(labels, points),
        _untouched(f"{what}: slope", fused.slope, labels, z, activation.value(z.copy())),
        z,
        lambda row: f"y = {_shown(labels[row])}, z = {_shown(z[row])}",
    )


def _untouched(what: str, function: Callable[..., Any], *arguments: Array) -> Any:
    """Call a function on copies; ValueError if it changes one of them: backpropagation needs them once more."""
    given = [argument.copy() for argument in arguments]
    result = function(*given)
    for place, (argument, now) in enumerate(zip(arguments, given, strict=True)):
        if not np.array_equal(argument, now, equal_nan=True):
            raise ValueError(
                f"{what} changes its argument number {place} in place (counted from 0), which is needed once more; work on a "
                "copy."
            )
    return result


def _table(rows_y: tuple[Array, ...], width_y: int, rows_a: tuple[Array, ...], width_a: int) -> tuple[Array, Array]:
    """Every row of targets with every row of predictions, in two rotations, repeated to these widths."""
    turned = [np.roll(row, shift) for row in rows_a for shift in (0, 1)]
    pairs = [(np.resize(y, width_y), np.resize(a, width_a)) for y in rows_y for a in turned]
    return np.array([y for y, _ in pairs]), np.array([a for _, a in pairs])


def _compare(comparison: Comparison) -> None:
    """Raise ValueError at the first point where gradient and central difference disagree."""
    points, gradient = comparison.points, comparison.gradient
    _check_shape(comparison.what, gradient, points.shape)
    here, compared = comparison.function(points), 0
    for k in range(points.shape[1]):
        step = STEP * np.eye(points.shape[1])[k]
        ahead, behind = comparison.function(points + step), comparison.function(points - step)
        right, left, numeric = (ahead - here) / STEP, (here - behind) / STEP, (ahead - behind) / (2 * STEP)
        smooth = np.isfinite(right + left) & (np.abs(right - left) <= KINK * (1 + np.abs(right) + np.abs(left)))
        wrong = smooth & ~(np.abs(gradient[:, k] - numeric) <= TOLERANCE * (1 + np.abs(numeric)))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ValueError(
                f"{comparison.what} at {comparison.named(row)}, output {k}: {gradient[row, k]:.9g}, but the central difference "
                f"of the value is {numeric[row]:.9g}. Correct one of the two."
            )
        compared += int(smooth.sum())
    if not compared:
        raise ValueError(
            f"{comparison.what} could not be compared with its value: the value is not finite, or jumps, at each of "
            f"{points.size} points, such as {comparison.named(0)}."
        )


def _check_shape(what: str, found: Any, expected: tuple[int, ...]) -> None:
    if not isinstance(found, np.ndarray) or found.shape != expected or found.dtype != np.float64:
        shown = f"shape {found.shape}, {found.dtype}" if isinstance(found, np.ndarray) else repr(found)
        raise ValueError(
            f"{what} must be an array of shape {expected} in the precision of what it is given, got {shown}."
        )


def _shown(row: Array) -> str:
    return "[" + ", ".join(f"{value:g}" for value in row) + "]"
