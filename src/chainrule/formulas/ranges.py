"""Checks of hyper-parameters: one sentence that names the field, what was found and what is allowed."""

from __future__ import annotations

from math import inf, isfinite
from numbers import Integral, Real
from typing import TypeGuard


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a finite number; truth values are none."""
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)


def check_number(owner: object, field: str, low: float = 0.0, high: float = inf, ends: str = "[)") -> None:
    """Check that a field of a formula is a finite number in an interval.

    Parameters
    ----------
    owner : object
        The formula.
    field : str
        The name of its field.
    low, high : float
        The interval.
    ends : {"[]", "[)", "(]", "()"}
        Whether its ends belong to it.

    Raises
    ------
    ValueError
        If the field holds anything else.
    """
    value = getattr(owner, field)
    right = is_number(value)
    above = right and (value > low or (ends[0] == "[" and value == low))
    below = right and (value < high or (ends[1] == "]" and value == high))
    if not (above and below):
        expected = f"a number in {ends[0]}{low:g}, {high:g}{ends[1]}"
        raise ValueError(f"{type(owner).__name__}: {field} must be {expected}; got {value!r}.")


def check_whole(owner: object, field: str, low: int = 1) -> None:
    """Check that a field of a formula is a whole number of at least `low`.

    Raises
    ------
    ValueError
        If it holds anything else.
    """
    value = getattr(owner, field)
    if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
        expected = f"a whole number, at least {low}"
        raise ValueError(f"{type(owner).__name__}: {field} must be {expected}; got {value!r}.")
