"""Dropout masks (Srivastava et al. 2014): a hash of where a unit stands, not a stream of random numbers.

"Randomly kill nodes in layers during training time" (lecture 002, "Regularization"); the rescaling that the lecture needs at test
time is done in training here (inverted dropout).

Whether a unit is kept depends on (seed, step, layer, row of the batch, unit) only, so every engine, any number of threads and
any order of computation draws the same masks. Rows get a 32-bit key by the finalizer of SplitMix64 (Steele, Lea & Flood
2014), units a 32-bit mixing of key and number (the two-multiplication finalizer found by C. Wellons' search, 2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.formulas.lookup import Array

GOLDEN_64, GOLDEN_32 = 0x9E3779B97F4A7C15, 0x9E3779B9
MASK_64 = 2**64 - 1
# Probabilities are compared as multiples of 2**-24, exact in both precisions.
RESOLUTION = 24


def _mix_64(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _mix_32(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def _offset(base: Any, numbers: Any) -> NDArray[np.uint64]:
    counted = (np.asarray(numbers, np.uint64) + np.uint64(1)) * np.uint64(GOLDEN_64)
    return _mix_64(np.asarray(base, np.uint64) + counted)


def row_keys(seed: int, step: int, layer: int, rows: int) -> NDArray[np.uint32]:
    """Keys of the rows of a batch, shape (rows,).

    Parameters
    ----------
    seed : int
        The training's dropout seed.
    step : int
        Steps taken before this one.
    layer : int
        0 for the inputs, k + 1 for layer k.
    rows : int
        Rows of the batch.
    """
    with np.errstate(over="ignore"):
        base = _offset(_offset(seed & MASK_64, step), layer)
        return (_offset(base, np.arange(rows)) >> np.uint64(32)).astype(np.uint32)


def mask(seed: int, step: int, layer: int, rows: int, units: int, rate: float, dtype: Any = np.float64) -> Array:
    """Factors of a layer's outputs, shape (rows, units): 0 with probability `rate`, else ``1 / (1 - rate)``."""
    keys = row_keys(seed, step, layer, rows)
    with np.errstate(over="ignore"):
        numbers = np.arange(units, dtype=np.uint32) * np.uint32(GOLDEN_32)
        hashed = _mix_32(keys[:, None] + numbers) >> np.uint32(32 - RESOLUTION)
    kept = hashed >= np.uint32(round(rate * 2**RESOLUTION))
    scale = np.asarray(1 / (1 - rate), dtype)
    factors: Array = np.where(kept, scale, np.zeros((), dtype))
    return factors
