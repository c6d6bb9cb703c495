"""Arrays as the lectures write them: one column per data row, weights with one row per unit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.trace.rows import Row
from chainrule.trace.writing import shown

# Larger arrays are summed up in words.
MOST_ROWS, MOST_COLUMNS = 16, 12
# One number per data row, not per unit.
BY_ROW = ("sample_weight", "row_loss")


def columns(row: Row) -> NDArray[np.float64]:
    """A layer row's array with one column per data row, always two-dimensional."""
    value = np.asarray(row.value, np.float64)
    if value.ndim == 2:
        return value.T
    return value[None, :] if row.quantity.kind in BY_ROW else value[:, None]


def shape(row: Row) -> str:
    """Its shape in that form; a number has none."""
    if np.ndim(row.value) == 0:
        return "1"
    return "×".join(map(str, columns(row).shape))


def fits(array: NDArray[Any]) -> bool:
    """Whether all of an array is written."""
    return bool(array.shape[0] <= MOST_ROWS and array.shape[1] <= MOST_COLUMNS)


def in_words(array: NDArray[Any], digits: int) -> str:
    """An array that is too large to be written."""
    size = "×".join(map(str, array.shape))
    if not array.size:
        return f"{size}: empty"
    low, high, mean = (shown(float(one), digits) for one in (array.min(), array.max(), array.mean()))
    zeros = int((array == 0).sum())
    told = f", {zeros:,} of them 0" if zeros else ""
    return f"{size} numbers from {low} to {high}, mean {mean}{told}"
