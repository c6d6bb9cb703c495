"""The fitted schema of a table: plain, frozen data that says how each column becomes numbers.

Everything a prediction needs stands here and nowhere else, so a schema written to JSON and read back encodes the same
cells to the same bits. `read` checks every field: a schema from a file is somebody else's data.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.estimators.encoding import DATE_PARTS, Part, level_names
from chainrule.tables.cells import DATE_FORMATS

USED_KINDS = ("numeric", "categorical", "boolean", "datetime")
KINDS = ("numeric", "categorical", "boolean", "datetime", "constant", "identifier", "text")
TASKS = ("binary", "multiclass", "regression")
Label = str | int | float | bool


# Files of every version are read: formats and parts may be added, never removed.
FORMATS = {
    "numeric": ("", ".", ","), "categorical": ("", "code"), "boolean": ("",), "datetime": ("", *DATE_FORMATS)
}  # fmt: skip
PART_NAMES: dict[str, tuple[str, ...]] = {
    "numeric": ("value",), "categorical": (), "boolean": (), "datetime": DATE_PARTS
}  # fmt: skip


@dataclass(frozen=True)
class ColumnSchema:
    """What one column is and how it enters the network."""

    name: str
    kind: str
    used: bool
    reason: str
    missing: int = 0
    distinct: int = 0
    format: str = ""
    levels: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"column {self.name!r}: kind must be one of {', '.join(KINDS)}; found {self.kind!r}.")
        if any(part.scale <= 0 for part in self.parts):
            raise ValueError(f"column {self.name!r}: a scale that is not above 0.")
        if self.used and self.kind not in USED_KINDS:
            raise ValueError(f"column {self.name!r}: a column of kind {self.kind} cannot be an input.")
        if self.kind == "boolean" and self.used and len(set(self.levels)) != 2:
            raise ValueError(f"column {self.name!r}: a boolean column has two levels, found {self.levels}.")

    def check_fitted(self) -> None:
        """ValueError unless a used column has all that is needed to encode its cells."""
        if not self.used:
            return
        if self.format not in FORMATS[self.kind]:
            raise ValueError(f"column {self.name!r}: unknown format {self.format!r} of a {self.kind} column.")
        if self.kind == "categorical" and (not self.levels or "" in self.levels or _twice(self.levels)):
            raise ValueError(f"column {self.name!r}: levels must be different, not empty, and at least one.")
        names = [part.name for part in self.parts]
        known = PART_NAMES[self.kind]
        if not set(names) <= set(known) or _twice(names) or bool(names) != bool(known):
            expected = ", ".join(known) or "none"
            raise ValueError(f"column {self.name!r}: parts {names}; expected of a {self.kind} column: {expected}.")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the network inputs this column feeds."""
        if not self.used:
            return ()
        if self.kind in ("boolean", "categorical"):
            return level_names(self.name, self.levels)
        return tuple(name for part in self.parts for name in part.names(self.name))


@dataclass(frozen=True)
class TargetSchema:
    """What is predicted: the classes in order, or the centre and scale of the numbers."""

    name: str
    task: str
    reason: str
    classes: tuple[Label, ...] = ()
    counts: tuple[int, ...] = ()
    decimal: str = "."
    centre: float = 0.0
    scale: float = 1.0
    missing: int = 0

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"target {self.name!r}: task must be one of {', '.join(TASKS)}; found {self.task!r}.")
        if self.task != "regression" and (len(self.classes) < 2 or len(self.counts) != len(self.classes)):
            raise ValueError(f"target {self.name!r}: {len(self.classes)} classes with {len(self.counts)} counts.")
        if self.task == "regression" and self.classes:
            raise ValueError(f"target {self.name!r}: numbers have no classes.")
        if _twice(self.classes) or any(count < 0 for count in self.counts):
            raise ValueError(f"target {self.name!r}: a class stands twice, or a count is negative.")
        if self.scale <= 0 or self.decimal not in (".", ","):
            raise ValueError(f"target {self.name!r}: a scale that is not above 0, or an unknown decimal sign.")


@dataclass(frozen=True)
class TableSchema:
    """All columns, in the order of the training table, and the target."""

    columns: tuple[ColumnSchema, ...]
    target: TargetSchema
    rows: int
    clip: float = 3.0

    def __post_init__(self) -> None:
        for column in self.columns:
            column.check_fitted()
        if not self.inputs:
            raise ValueError("no column is of use as an input.")
        if _twice([self.target.name, *(column.name for column in self.columns)]):
            raise ValueError("two columns have the same name.")
        if self.clip < 0:
            raise ValueError(f"clip is {self.clip}; expected 0 (none) or more.")

    @property
    def used(self) -> tuple[ColumnSchema, ...]:
        """The columns that feed the network."""
        return tuple(column for column in self.columns if column.used)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the network's inputs."""
        return tuple(name for column in self.columns for name in column.inputs)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Any) -> TableSchema:
        """The schema that `to_dict` described; ValueError for anything else."""
        schema: TableSchema = read(cls, data, "schema")
        return schema


def _twice(names: Sequence[object]) -> bool:
    return len(set(names)) < len(names)


def read(kind: Any, data: Any, place: str) -> Any:
    """Build ``kind`` (a dataclass, a tuple type or a scalar type) from JSON data, checking every field."""
    origin = typing.get_origin(kind)
    if origin is tuple:
        if not isinstance(data, (list, tuple)):
            raise ValueError(f"{place}: expected a list, found {type(data).__name__}.")
        (item, _) = typing.get_args(kind)
        return tuple(read(item, cell, f"{place}[{at}]") for at, cell in enumerate(data))
    if origin in (typing.Union, types.UnionType):
        if type(data) not in typing.get_args(kind):
            raise ValueError(f"{place}: a value of type {type(data).__name__} cannot stand here.")
        return data
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, data, place)
    if kind is float and type(data) is int:
        return float(data)
    if type(data) is not kind:
        raise ValueError(f"{place}: expected {kind.__name__}, found {type(data).__name__}.")
    if kind is float and not math.isfinite(data):
        raise ValueError(f"{place}: {data} is not finite.")
    return data


def _read_dataclass(kind: Any, data: Any, place: str) -> Any:
    if not isinstance(data, dict):
        raise ValueError(f"{place}: expected an object, found {type(data).__name__}.")
    hints = typing.get_type_hints(kind)
    if set(data) != set(hints):
        odd = sorted(set(data) ^ set(hints), key=str)[0]
        raise ValueError(f"{place}: field {odd!r} is {'missing' if odd in hints else 'unknown'}.")
    return kind(**{name: read(hint, data[name], f"{place}.{name}") for name, hint in hints.items()})
