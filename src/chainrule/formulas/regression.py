"""The losses of regression, each a sum or a mean over the outputs of a row, with its slope.

At a kink the slope is 0, one of its subgradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from scipy.special import expit, xlogy

from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.lookup import Array
from chainrule.formulas.loss import Loss, LossFamily
from chainrule.formulas.method import Method
from chainrule.formulas.ranges import check_number, is_number

LAYER_OUTPUTS = {
    "ordered": "its outputs are the levels of one quantile loss, each above the one before.",
    "heads": "its outputs belong to several losses; give the same Heads object as the loss.",
}


def squared_error(y: Array, a: Array) -> Array:
    """``1/2 sum_k (a_k - y_k)**2``, scikit-learn's (lecture 001, 'Calculate Loss').

    It is half of lecture 002's 'MSE loss', summed over the outputs.
    """
    value: Array = 0.5 * ((a - y) ** 2).sum(axis=1)
    return value


def squared_error_slope(y: Array, a: Array) -> Array:
    """``a - y``."""
    value: Array = a - y
    return value


def mse(y: Array, a: Array) -> Array:
    """``1/K sum_k (a_k - y_k)**2`` (lectures 000, 'Loss Functions for Regression'; 002, 'Mean squared error (MSE) loss')."""
    value: Array = ((a - y) ** 2).mean(axis=1)
    return value


def mse_slope(y: Array, a: Array) -> Array:
    """``2/K (a - y)`` (lecture 002, 'MSE loss')."""
    value: Array = (a - y) * (2 / a.shape[1])
    return value


def absolute_error(y: Array, a: Array) -> Array:
    """``1/K sum_k |a_k - y_k|`` (lecture 000, 'Loss Functions for Regression', which prints it without the bars)."""
    value: Array = np.abs(a - y).mean(axis=1)
    return value


def absolute_error_slope(y: Array, a: Array) -> Array:
    """``sign(a - y) / K``."""
    value: Array = np.sign(a - y) / a.shape[1]
    return value


@dataclass(frozen=True)
class Huber(LossFamily):
    """Squared error near the target, absolute error beyond `delta` (Huber 1964): mean over the outputs of a row.

    ``l = r**2 / 2 if |r| <= delta else delta (|r| - delta / 2)`` with ``r = a - y``.

    Parameters
    ----------
    delta : float
        Where the parabola turns into a line, above 0.
    """

    name: ClassVar[str] = "huber"
    delta: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "delta", ends="()")
        object.__setattr__(self, "delta", float(self.delta))

    def build(self) -> Loss:
        """The loss with this delta."""
        return Loss(
            self.name,
            Method(self, "rows"),
            Method(self, "slope"),
            rf"\frac{{1}}{{K}} \sum_k \min(|r_k|, {self.delta:g}) \left(|r_k| - \tfrac{{1}}{{2}}"
            rf" \min(|r_k|, {self.delta:g})\right), \quad r_k = a_k - y_k",
            origin=self,
            refuses=LAYER_OUTPUTS,
        )

    def rows(self, y: Array, a: Array) -> Array:
        """Loss of each row, shape (N,)."""
        size = np.abs(a - y)
        near = np.minimum(size, self.delta)  # one form for both pieces: nothing is squared that could overflow
        value: Array = (near * (size - 0.5 * near)).mean(axis=1)
        return value

    def slope(self, y: Array, a: Array) -> Array:
        """``dl/da``, shape (N, K)."""
        value: Array = np.clip(a - y, -self.delta, self.delta) / a.shape[1]
        return value


@dataclass(frozen=True)
class Quantile(LossFamily):
    """Pinball loss (Koenker & Bassett 1978): the network predicts quantiles; mean over levels and outputs of a row.

    ``l = max(q (y - a), (q - 1) (y - a))``. With several levels the network has one output for each, and the default output
    activation `ordered` keeps them from crossing.

    Parameters
    ----------
    levels : sequence of float, or float
        Levels between 0 and 1, in increasing order.
    """

    name: ClassVar[str] = "quantile"
    levels: tuple[float, ...] = (0.5,)

    def __post_init__(self) -> None:
        several = isinstance(self.levels, Sequence) or np.ndim(self.levels) > 0
        given = self.levels if several else (np.asarray(self.levels)[()],)
        if not len(given) or not all(is_number(q) and 0 < q < 1 for q in given):
            raise ValueError(f"Quantile: levels must be numbers between 0 and 1 (exclusive), got {self.levels!r}.")
        levels = tuple(float(q) for q in given)
        if any(low >= high for low, high in pairwise(levels)):
            raise ValueError(
                f"Quantile: levels must increase, each once, got {levels}. Try {tuple(sorted(set(levels)))}."
            )
        object.__setattr__(self, "levels", levels)

    def build(self) -> Loss:
        """The loss with these levels."""
        several = len(self.levels) > 1
        return Loss(
            self.name,
            Method(self, "rows"),
            Method(self, "slope"),
            r"\frac{1}{K} \sum_k \max\left(q_k (y_k - a_k), (q_k - 1) (y_k - a_k)\right), \quad q = "
            + ", ".join(f"{q:g}" for q in self.levels),
            accepts=frozenset({"identity", "ordered"} if several else {"identity"}),
            why="quantiles are predicted on the scale of the target, without bounds."
            + ("" if several else " One level has nothing to order."),
            origin=self,
            levels=len(self.levels),
            columns=1 if several else None,
            default="ordered" if several else "identity",
        )

    def rows(self, y: Array, a: Array) -> Array:
        """Loss of each row, shape (N,); with several levels y has one column."""
        below, q = y - a, np.asarray(self.levels, a.dtype)
        value: Array = np.maximum(q * below, (q - 1) * below).mean(axis=1)
        return value

    def slope(self, y: Array, a: Array) -> Array:
        """``dl/da``, shape (N, K)."""
        below, q = y - a, np.asarray(self.levels, a.dtype)
        value: Array = (np.where(below > 0, -q, 1 - q) * (below != 0) / a.shape[1]).astype(a.dtype)
        return value


def half_poisson_deviance(y: Array, a: Array) -> Array:
    """``sum_k y_k log(y_k / a_k) - y_k + a_k``, scikit-learn's (McCullagh & Nelder 1989, section 2.3)."""
    value: Array = (xlogy(y, y) - xlogy(y, a) - y + a).sum(axis=1)
    return value


def half_poisson_deviance_slope(y: Array, a: Array) -> Array:
    """``1 - y / a``."""
    value: Array = 1 - y / a
    return value


def poisson_from_logs(y: Array, z: Array) -> Array:
    """Half the Poisson deviance with ``a = e**z``."""
    with np.errstate(over="ignore"):
        value: Array = (xlogy(y, y) - y * z - y + np.exp(z)).sum(axis=1)
    return value


# Below it log(1 + e**z) is e**z in either precision, and far below it underflows.
TINY_SOFTPLUS = -37.0


def poisson_from_softplus(y: Array, z: Array) -> Array:
    """Half the Poisson deviance with ``a = softplus(z)``, whose logarithm is z where a underflows."""
    a = ACTIVATIONS["softplus"].value(z)
    logarithm = np.where(z < TINY_SOFTPLUS, z, np.log(np.maximum(a, np.finfo(a.dtype).tiny)))
    value: Array = (xlogy(y, y) - y * logarithm - y + a).sum(axis=1)
    return value


def poisson_from_softplus_slope(y: Array, z: Array, a: Array) -> Array:
    """``s(z) - y s(z) / a`` with the logistic s; the quotient tends to 1 where both underflow."""
    s = expit(z)
    quotient = np.where(z < TINY_SOFTPLUS, 1, s / np.maximum(a, np.finfo(a.dtype).tiny)).astype(a.dtype)
    value: Array = s - y * quotient
    return value
