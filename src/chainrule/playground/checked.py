"""Arguments that come from a page, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def whole(name: str, value: Any, low: int, high: int) -> int:
    """A whole number.

    Raises
    ------
    ValueError
        If it is none, or outside its bounds.
    """
    right = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not right or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high:,}; got {value!r:.40}.")
    return int(value)


def option(options: Mapping[str, Any], name: str, usual: int, low: int, high: int) -> int:
    """A whole number among options, the usual one where it is missing."""
    return whole(name, options.get(name, usual), low, high)


def one_of(name: str, value: Any, known: tuple[str, ...]) -> None:
    """Check a word.

    Raises
    ------
    ValueError
        If it is none of those known.
    """
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}; got {value!r:.40}.")
