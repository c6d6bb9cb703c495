"""Table to network inputs: fitted on the training rows, applied from the plain schema.

The numbers of one column are those of `chainrule.estimators.encoding`. Training itself goes through `Encoder`, which only reads
the schema, so a model read from a file sees the same bits as the one that was trained.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl

from chainrule.errors import TableError
from chainrule.estimators.cells import shown
from chainrule.estimators.encoding import (
    DATE_PARTS,
    Inputs,
    Part,
    date_part,
    fit_part,
    frequent_levels,
    level_inputs,
    level_places,
    number_text,
)
from chainrule.tables.cells import Parsed, dates, numbers, text_of, truths
from chainrule.tables.schema import ColumnSchema, TableSchema
from chainrule.tables.table import Table


def category_text(column: pl.Series, schema: ColumnSchema) -> pl.Series:
    """Category names; codes are compared as numbers, so that 3, 3.0 and 03 are one level."""
    text = text_of(column)
    if schema.format != "code":
        return text
    cells = zip(numbers(column).values, text, strict=True)
    return pl.Series([number_text(value) if np.isfinite(value) else cell for value, cell in cells], dtype=pl.String)


def parse(column: pl.Series, schema: ColumnSchema) -> dict[str, Parsed]:
    """The numeric parts of a numeric, boolean or date-time column."""
    if schema.kind == "numeric":
        return {"value": numbers(column, schema.format or ".")}
    found = dates(column, schema.format)
    return {part: Parsed(date_part(found.values, part), found.missing, found.wrong) for part in DATE_PARTS}


def fit_columns(columns: tuple[ColumnSchema, ...], train: Table) -> tuple[ColumnSchema, ...]:
    """Fit levels, imputation and scales of every used column on the training rows."""
    return tuple(_fit_column(column, train.frame[column.name]) if column.used else column for column in columns)


def _fit_column(schema: ColumnSchema, cells: pl.Series) -> ColumnSchema:
    if schema.kind == "boolean":
        return schema
    if schema.kind == "categorical":
        return _fit_levels(schema, cells)
    parts = tuple(
        part for name, parsed in parse(cells, schema).items() if (part := _fit_part(name, parsed, schema)) is not None
    )
    if not parts:
        return replace(schema, used=False, reason=f"{schema.reason}; all alike or missing in the training rows")
    return replace(schema, parts=parts)


def _fit_levels(schema: ColumnSchema, cells: pl.Series) -> ColumnSchema:
    counts = Counter(category_text(cells, schema).drop_nulls().to_list())
    levels = frequent_levels(counts, schema.format == "code")
    if not levels:
        return replace(schema, used=False, reason=f"{schema.reason}; all missing in the training rows")
    more = f"; the {len(levels)} most frequent are kept" if len(counts) > len(levels) else ""
    return replace(schema, levels=levels, reason=schema.reason + more)


def _fit_part(name: str, parsed: Parsed, schema: ColumnSchema) -> Part | None:
    seen = parsed.values[~parsed.missing]
    alike = seen.size and np.ptp(seen) == 0
    if alike and (schema.kind == "datetime" or seen.size == parsed.values.size):
        return None
    return fit_part(name, parsed.values, parsed.missing)


class Encoder:
    """Turns tables into inputs by a fitted schema, and notes what it had to make do with."""

    def __init__(self, schema: TableSchema) -> None:
        self.schema = schema

    def encode(self, table: Table, notes: list[str]) -> Inputs:
        """The inputs of every row, shape (N, I); column order does not matter, further columns are ignored."""
        table.require(column.name for column in self.schema.used)
        blocks = [self._block(column, table, notes) for column in self.schema.used]
        inputs: Inputs = np.concatenate(blocks, axis=1)
        return inputs

    def _block(self, schema: ColumnSchema, table: Table, notes: list[str]) -> Inputs:
        cells = table.frame[schema.name]
        if schema.kind == "categorical":
            return self._levels(schema, cells, table, notes)
        if schema.kind == "boolean":
            parsed = truths(cells, schema.levels)
            if parsed.wrong.size:
                raise TableError(_misfit(table, schema, int(parsed.wrong[0]), " or ".join(schema.levels)))
            return parsed.values.reshape(-1, 1)
        parsed_parts = parse(cells, schema)
        wrong = next(iter(parsed_parts.values())).wrong
        if wrong.size:
            expected = "a number" if schema.kind == "numeric" else f"a date written {schema.format or 'as in ISO 8601'}"
            raise TableError(_misfit(table, schema, int(wrong[0]), expected))
        columns: list[Inputs] = []
        for part in schema.parts:
            parsed = parsed_parts[part.name]
            columns += part.inputs(parsed.values, parsed.missing, self.schema.clip)
        return np.column_stack(columns)

    def _levels(self, schema: ColumnSchema, cells: pl.Series, table: Table, notes: list[str]) -> Inputs:
        text = category_text(cells, schema).to_list()
        known = set(schema.levels)
        unseen = Counter(level for level in text if level is not None and level not in known)
        if unseen:
            listed = ", ".join(f"{shown(level)} ({count})" for level, count in unseen.most_common(5))
            notes.append(
                f"{table.path}, column {schema.name!r}: {unseen.total():,} values of {len(unseen)} levels not seen in "
                f"training are treated as missing: {listed}."
            )
        return level_inputs(level_places(text, schema.levels), len(schema.levels))


def _misfit(table: Table, schema: ColumnSchema, row: int, expected: str) -> str:
    return (
        f"{table.where(row, schema.name)}: expected {expected}, found {shown(table.frame[schema.name][row])}; "
        "correct the cell or leave it empty."
    )
