"""Operations of arithmetic and of the forward pass: each derives a row's value from its parents' values and its settings.

A unit row's parents are numbers, a layer row's are arrays of shape (N, O) and (O,); most operations serve both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.formulas import dropout

Parents = Sequence[Any]
Settings = Mapping[str, Any]
Derive = Callable[[Parents, Settings], Any]


@dataclass(frozen=True)
class Operation:
    """How a row follows from others.

    Parameters
    ----------
    derive : callable
        ``(parents' values, settings) -> value``. Names of formulas in the settings have been replaced by the formulas.
    sums : bool
        Whether it is a sum of products of the parents: rounding is then judged by the size of the terms, not of their sum, which
        may be much smaller.
    """

    derive: Derive
    sums: bool = False


def numbers(parents: Parents) -> NDArray[np.float64]:
    """All numbers of the parents, one after the other."""
    return np.concatenate([np.ravel(parent) for parent in parents]) if parents else np.zeros(0)


def added(parents: Parents) -> Any:
    """Their elementwise sum, from the left."""
    total = parents[0]
    for parent in parents[1:]:
        total = total + parent
    return total


def products(parents: Parents) -> Any:
    """``x1 y1 + x2 y2 + ...`` of alternating parents."""
    return added([x * y for x, y in zip(parents[::2], parents[1::2], strict=True)])


def by_row(weight: Any) -> Any:
    """A number for each data row, to be multiplied with (N, O)."""
    return weight[:, None] if np.ndim(weight) == 1 else weight


def _element(p: Parents, s: Settings) -> Any:
    return p[0][tuple(s["index"])]


def _weighted_mean(p: Parents, s: Settings) -> Any:
    values, weights = numbers(p[::2]), numbers(p[1::2])
    return np.dot(values, weights) / weights.sum()


def _variance(p: Parents, s: Settings) -> Any:
    return np.mean((numbers(p[1:]) - p[0]) ** 2)


def _weighted_variance(p: Parents, s: Settings) -> Any:
    values, weights = numbers(p[1::2]), numbers(p[2::2])
    return np.dot((values - p[0]) ** 2, weights) / weights.sum()


def _given(p: Parents, s: Settings) -> Any:
    raise ValueError("what is given follows from nothing.")


def _activation_of_group(p: Parents, s: Settings) -> Any:
    return s["activation"].value(numbers(p)[None, :])[0, s["unit"]]


def _ordered(p: Parents, s: Settings) -> Any:
    return p[0] + sum(np.logaddexp(0.0, z) for z in p[1:])


def _mask(p: Parents, s: Settings) -> Any:
    return dropout.mask(s["seed"], s["step"], s["place"], s["rows"], s["units"], s["rate"])


ARITHMETIC: dict[str, Operation] = {
    "given": Operation(_given),
    "dropout_mask": Operation(_mask),
    "element": Operation(_element),
    "copy": Operation(lambda p, s: p[0]),
    "sum": Operation(lambda p, s: added(p), sums=True),
    "difference": Operation(lambda p, s: p[0] - p[1]),
    "multiply": Operation(lambda p, s: p[0] * p[1]),
    "scale": Operation(lambda p, s: s["factor"] * p[0]),
    "weigh": Operation(lambda p, s: p[0] * by_row(p[1])),
    "quotient": Operation(lambda p, s: p[0] / p[1]),
    "mean": Operation(lambda p, s: numbers(p).mean(), sums=True),
    "weighted_mean": Operation(_weighted_mean, sums=True),
    "total": Operation(lambda p, s: numbers(p).sum(), sums=True),
    "sum_of_products": Operation(lambda p, s: products(p), sums=True),
    "largest": Operation(lambda p, s: numbers(p).max()),
    "row_count": Operation(lambda p, s: float(s["rows"])),
}

FORWARD: dict[str, Operation] = {
    "affine": Operation(lambda p, s: p[0] + products(p[1:]), sums=True),
    "linear_layer": Operation(lambda p, s: p[0] @ p[1], sums=True),
    "affine_layer": Operation(lambda p, s: p[0] @ p[1] + p[2], sums=True),
    "activation": Operation(lambda p, s: s["activation"].value(np.asarray(p[0]))),
    "activation_of_group": Operation(_activation_of_group),
    "exponential": Operation(lambda p, s: np.exp(p[0] - p[1])),
    "ordered": Operation(_ordered),
    "variance": Operation(_variance),
    "weighted_variance": Operation(_weighted_variance),
    "column_mean": Operation(lambda p, s: p[0].mean(axis=0), sums=True),
    "weighted_column_mean": Operation(lambda p, s: p[1] / p[1].sum() @ p[0], sums=True),
    "column_variance": Operation(lambda p, s: ((p[0] - p[1]) ** 2).mean(axis=0)),
    "weighted_column_variance": Operation(lambda p, s: p[2] / p[2].sum() @ (p[0] - p[1]) ** 2),
    "normalize": Operation(lambda p, s: (p[0] - p[1]) / np.sqrt(p[2] + s["epsilon"])),
    "scale_and_shift": Operation(lambda p, s: p[0] * p[1] + p[2]),
}
