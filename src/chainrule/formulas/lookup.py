"""From a name or an object to the object, with a helpful error; the array type shared by all formulas."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
T = TypeVar("T")


def lookup(
    what: str,
    given: object,
    table: Mapping[str, T],
    kind: type[T] | tuple[type, ...],
    aliases: Mapping[str, str],
    others: Mapping[str, str] | None = None,
) -> T:
    """Return `given` if it is already a `kind`, else the entry of `table` with that name.

    `others` are names used elsewhere for something near but not the same: they are not accepted, the message says what to take.

    Raises
    ------
    ValueError
        If the name is unknown; the message lists the names and the nearest one.
    TypeError
        If `given` is neither a name nor a `kind`.
    """
    if type(given) is str and given in table:
        return table[given]
    if isinstance(given, kind):
        return given  # type: ignore[return-value]
    if not isinstance(given, str):
        raise TypeError(f"{what} must be one of {sorted(table)} or an object of that kind, got {given!r}.")
    name = aliases.get(given, given)
    if name in table:
        return table[name]
    near = [others[given]] if others and given in others else get_close_matches(given, [*table, *aliases], 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"unknown {what} {given!r}; known are {sorted(table)}.{hint}")
