"""Which targets a loss is made for; others would train without an error, and wrongly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from chainrule.formulas.lookup import Array


@dataclass(frozen=True)
class TargetRange:
    """The interval in which target columns must lie, ends included.

    Parameters
    ----------
    low, high : float
        The interval.
    loss : str
        The loss that asks for it.
    columns : tuple of int or None
        First column and the one after the last; None means all.
    """

    low: float
    high: float
    loss: str
    columns: tuple[int, int] | None = None

    @property
    def expected(self) -> str:
        """The interval, to follow what must lie in it: ">= 0", "in [0, 1]"."""
        return f"in [{self.low:g}, {self.high:g}]" if self.high < inf else f">= {self.low:g}"

    @property
    def scalable(self) -> bool:
        """Whether targets in it stay in it when they are divided by a positive number."""
        return self.low in (0, -inf) and self.high in (0, inf)

    def of(self, Y: Array) -> Array:
        """Those columns of Y that it is about."""
        return Y[:, slice(*self.columns)] if self.columns else Y

    def outside(self, values: Array) -> NDArray[np.bool_]:
        """Which values lie outside."""
        wrong: NDArray[np.bool_] = (values < self.low) | (values > self.high)
        return wrong


def check_targets(ranges: Iterable[TargetRange], Y: Array, where: str = "") -> None:
    """Check encoded targets of shape (n, targets).

    Parameters
    ----------
    ranges : iterable of TargetRange
        What is asked of them, as `Loss.target_ranges` says.
    Y : ndarray of shape (n, targets)
        Encoded targets.
    where : str
        Put before the name in messages.

    Raises
    ------
    ValueError
        If one lies outside; the message names its row and column, itself, and the range.
    """
    for wanted in ranges:
        part = wanted.of(Y)
        if part.size and (part.min() < wanted.low or part.max() > wanted.high):
            _refuse(wanted, part, where)


def _refuse(wanted: TargetRange, part: Array, where: str) -> None:
    row, column = np.argwhere(wanted.outside(part))[0]
    first = wanted.columns[0] if wanted.columns else 0
    value, advice = part[row, column], ""
    if wanted.high == 1 and value == -1:
        advice = " Labels of -1 and 1 must be given as 0 and 1: (y + 1) / 2."
    expected = f"lie in [{wanted.low:g}, {wanted.high:g}]" if wanted.high < inf else f"be at least {wanted.low:g}"
    raise ValueError(
        f"{where}y has {value:g} in row {row}, column {first + column}, but targets of loss {wanted.loss!r} must {expected}."
        f"{advice}"
    )
