"""Descriptions of networks and layers in plain data, checked."""

from __future__ import annotations

from typing import Any


def described_fields(data: Any, kinds: dict[str, Any], what: str, optional: tuple[str, ...]) -> dict[str, Any]:
    """Plain data checked to hold these fields, of these kinds, and no others but the optional ones."""
    if not isinstance(data, dict):
        raise ValueError(f"{what} must be described by a dict with the fields {list(kinds)}, got {data!r}.")
    for name, kind in kinds.items():
        if name not in data:
            raise ValueError(f"the description of {what} lacks the field {name!r}; it has {list(data)}.")
        if not isinstance(data[name], kind) or isinstance(data[name], bool):
            raise ValueError(f"the description of {what} has {name}={data[name]!r}, which is of the wrong type.")
    unknown = [name for name in data if name not in (*kinds, *optional)]
    if unknown:
        raise ValueError(
            f"the description of {what} has the unknown field {unknown[0]!r}; known are {[*kinds, *optional]}."
        )
    return data
