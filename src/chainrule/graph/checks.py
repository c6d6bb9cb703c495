"""Numbers as graphs hold them: real and finite, or an error that names the place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

from chainrule.graph.names import as_text
from chainrule.graph.operations import Operation


def checked_number(number: Any, what: str) -> float:
    """A finite float; TypeError or ValueError otherwise, with `what` in the message."""
    if type(number) is float and math.isfinite(number):
        return number
    if not isinstance(number, Real) or isinstance(number, bool):
        raise TypeError(f"{what} needs a real number, got {number!r} of type {type(number).__name__}.")
    try:
        found = float(number)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise ValueError(f"{what} needs a finite number, got {number!r}.")
    return found


def checked_text(field: str, text: Any) -> str:
    """A string; TypeError otherwise."""
    if not isinstance(text, str):
        raise TypeError(f"{field} must be a string, got {text!r}.")
    return text


def checked_function(name: Any, **parts: Any) -> None:
    """TypeError unless a function of the user's has a name and its parts can be called."""
    checked_text("name", name)
    for part, given in parts.items():
        if not callable(given):
            raise TypeError(f"function {name!r}: {part} must be callable, got {given!r}.")


def evaluated(
    operation: Operation, compute: Callable[..., Any], numbers: Sequence[float], what: str, name: str
) -> float:
    """`compute(*numbers)` as a finite float, or a ValueError that shows the place with its numbers."""
    try:
        found = compute(*numbers)
        if type(found) is float and math.isfinite(found):
            return found
        if isinstance(found, Real) and math.isfinite(found):
            return float(found)
        reason = f"gives {found!r}"
    except (ArithmeticError, ValueError) as error:
        reason = str(error)
    shown = ", ".join(f"{number:.6g}" for number in numbers)
    node = f" (node {as_text(name)})" if name else ""
    raise ValueError(f"the {what} {operation.name!r} at ({shown}){node} is not a finite real number: {reason}.")
