"""Losses: value and slope per row, and the fused forms that start from the raw scores.

Each loss is a function of the prediction `a` (after the output activation) summed over the outputs of a row. Where loss and
output activation belong together (softmax with cross-entropy, ...) the pair has a *fused* form that works on the raw scores
`z`: it stays finite for any score (log-sum-exp) and its slope is simply `a - y`. To add a loss, append one entry to `LOSSES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import xlogy

from chainrule.formulas.activations import Activation
from chainrule.formulas.lookup import Array, lookup

RowValue = Callable[[Array, Array], Array]
Slope = Callable[[Array, Array], Array]


def _difference(y: Array, z: Array, a: Array) -> Array:
    """``dl/dz = a - y``: the common slope of every canonical pair of loss and output activation."""
    product: Array = a - y
    return product


@dataclass(frozen=True)
class Fused:
    """A loss together with one output activation, from raw scores."""

    value: RowValue
    slope: Callable[[Array, Array, Array], Array] = _difference


@dataclass(frozen=True)
class Loss:
    """One loss function.

    Parameters
    ----------
    name : str
        The name users type.
    value : callable
        ``(y, a) -> (N,)``, the loss of each row, summed over its outputs.
    slope : callable
        ``(y, a) -> (N, K)``, the derivative with respect to the prediction.
    latex : str
        The formula of one row.
    outputs : dict
        Output activation name -> Fused form; the first one is the default output activation.
    accepts : frozenset of str or None
        Names of the output activations that make sense beside the fused ones; None means any.
    why : str
        The reason given when an output activation is refused.
    reported_mean : bool
        Whether reported values are divided by the number of outputs (scikit-learn does so for squared_error).
    """

    name: str
    value: RowValue
    slope: Slope
    latex: str
    outputs: Mapping[str, Fused] = field(default_factory=dict)
    accepts: frozenset[str] | None = None
    why: str = ""
    reported_mean: bool = False

    @property
    def default_output(self) -> str:
        """The output activation that belongs to this loss."""
        return next(iter(self.outputs), "identity")

    def check_output(self, activation: Activation) -> None:
        """Raise ValueError if this output activation makes no sense with this loss."""
        if self.accepts is None or activation.name in self.outputs or activation.name in self.accepts:
            return
        allowed = sorted({*self.outputs, *self.accepts})
        raise ValueError(
            f"loss {self.name!r} does not go with output activation {activation.name!r}: {self.why} "
            f"Use one of {allowed}."
        )

    def rows(self, y: Array, z: Array, a: Array, activation: Activation) -> Array:
        """Loss of each row, shape (N,)."""
        fused = self.outputs.get(activation.name)
        return fused.value(y, z) if fused else self.value(y, a)

    def delta(self, y: Array, z: Array, a: Array, activation: Activation) -> Array:
        """``dl/dz`` of the output layer, shape (N, K)."""
        fused = self.outputs.get(activation.name)
        return fused.slope(y, z, a) if fused else activation.backward(z, a, self.slope(y, a))

    def reported(self, total: float, outputs: int) -> float:
        """The number shown to users for a loss summed over `outputs` outputs."""
        return total / outputs if self.reported_mean else total


def _squared_error(y: Array, a: Array) -> Array:
    value: Array = 0.5 * ((a - y) ** 2).sum(axis=1)
    return value


def _softmax_cross_entropy(y: Array, z: Array) -> Array:
    shifted = z - z.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    with np.errstate(invalid="ignore"):
        value: Array = np.where(y == 0, 0, y * (log_sum - shifted)).sum(axis=1)
    return value


def _logistic_cross_entropy(y: Array, z: Array) -> Array:
    # max(z, 0) - z y + log(1 + exp(-|z|)), written so that no product of infinities appears.
    value: Array = (np.where(z > 0, z * (1 - y), -z * y) + np.log1p(np.exp(-np.abs(z)))).sum(axis=1)
    return value


def _cross_entropy(y: Array, a: Array) -> Array:
    value: Array = -(xlogy(y, a) + xlogy(1 - y, 1 - a)).sum(axis=1)
    return value


def _cross_entropy_slope(y: Array, a: Array) -> Array:
    value: Array = (a - y) / (a * (1 - a))
    return value


def _half_poisson_deviance(y: Array, a: Array) -> Array:
    value: Array = (xlogy(y, y) - xlogy(y, a) - y + a).sum(axis=1)
    return value


def _half_poisson_deviance_from_scores(y: Array, z: Array) -> Array:
    with np.errstate(over="ignore"):
        value: Array = (xlogy(y, y) - y * z - y + np.exp(z)).sum(axis=1)
    return value


LOSSES: dict[str, Loss] = {
    entry.name: entry
    for entry in (
        Loss(
            "squared_error",
            _squared_error,
            lambda y, a: a - y,
            r"\frac{1}{2} \sum_k (a_k - y_k)^2",
            outputs={"identity": Fused(_squared_error)},
            reported_mean=True,
        ),
        Loss(
            "log_loss",
            _cross_entropy,
            _cross_entropy_slope,
            r"-\sum_k y_k \log a_k",
            outputs={"softmax": Fused(_softmax_cross_entropy), "logistic": Fused(_logistic_cross_entropy)},
            accepts=frozenset(),
            why="cross-entropy compares probabilities.",
        ),
        Loss(
            "poisson",
            _half_poisson_deviance,
            lambda y, a: 1 - y / a,
            r"\sum_k y_k \log\frac{y_k}{a_k} - y_k + a_k",
            outputs={"exp": Fused(_half_poisson_deviance_from_scores)},
            accepts=frozenset(),
            why="the Poisson deviance needs predictions above zero.",
        ),
    )
}


def get_loss(loss: str | Loss) -> Loss:
    """Return the table entry of that name, or the user's own object as it is."""
    return lookup("loss", loss, LOSSES, Loss, {})
