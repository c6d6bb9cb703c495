"""Table to network inputs: fitted by scikit-learn's transformers on the training rows, applied from the plain schema.

`fit_columns` is the only place that learns numbers from cells; `Encoder` only reads the schema. Training itself goes
through `Encoder`, so a model read from a file sees the same bits as the one that was trained.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, RobustScaler, StandardScaler

from chainrule.errors import TableError
from chainrule.tables.cells import DATE_PARTS, Parsed, date_part, dates, number_text, numbers, text_of, truths
from chainrule.tables.schema import ColumnSchema, Part, TableSchema
from chainrule.tables.table import Table, shown

Inputs = NDArray[np.float64]
MAX_INPUT_LEVELS = 100
FLAG_FROM = 0.05


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
    kept = [level for level, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_INPUT_LEVELS]]
    if not kept:
        return replace(schema, used=False, reason=f"{schema.reason}; all missing in the training rows")
    ordered = sorted(kept, key=float) if schema.format == "code" else sorted(kept)
    more = f"; the {len(kept)} most frequent are kept" if len(counts) > len(kept) else ""
    return replace(schema, levels=tuple(ordered), reason=schema.reason + more)


def _fit_part(name: str, parsed: Parsed, schema: ColumnSchema) -> Part | None:
    values = parsed.values.reshape(-1, 1)
    seen = values[~parsed.missing]
    if not seen.size or (np.ptp(seen) == 0 and (schema.kind == "datetime" or seen.size == values.size)):
        return None
    imputer = SimpleImputer(strategy="median").fit(values)
    filled = imputer.transform(values)
    robust, standard = RobustScaler(unit_variance=True).fit(filled), StandardScaler().fit(filled)
    # More than half of the values alike: the quartiles coincide and say nothing about the spread.
    alike = np.subtract(*np.percentile(filled, [75, 25])) == 0
    centre, scale = (standard.mean_[0], standard.scale_[0]) if alike else (robust.center_[0], robust.scale_[0])
    flag = bool(parsed.missing.mean() >= FLAG_FROM)
    return Part(name, float(imputer.statistics_[0]), float(centre), float(scale) or 1.0, flag)


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
            columns.append(self._scaled(parsed, part))
            if part.flag:
                columns.append(parsed.missing.astype(np.float64))
        return np.column_stack(columns)

    def _scaled(self, parsed: Parsed, part: Part) -> Inputs:
        filled = np.where(parsed.missing, part.impute, parsed.values)
        scaled: Inputs = (filled - part.centre) / part.scale
        # Smooth clip (Holzmueller et al. 2024): an outlier saturates instead of dominating.
        clipped: Inputs = scaled / np.sqrt(1 + (scaled / self.schema.clip) ** 2) if self.schema.clip else scaled
        return clipped

    def _levels(self, schema: ColumnSchema, cells: pl.Series, table: Table, notes: list[str]) -> Inputs:
        text = category_text(cells, schema)
        known = set(schema.levels)
        unseen = Counter(level for level in text.to_list() if level is not None and level not in known)
        if unseen:
            listed = ", ".join(f"{shown(level)} ({count})" for level, count in unseen.most_common(5))
            notes.append(
                f"{table.path}, column {schema.name!r}: {unseen.total():,} values of {len(unseen)} levels not seen in "
                f"training are treated as missing: {listed}."
            )
        encoder: Any = OneHotEncoder(
            categories=[np.array(schema.levels, dtype=object)], handle_unknown="ignore", sparse_output=False
        ).fit(np.array(schema.levels, dtype=object).reshape(-1, 1))
        # No level is called "" (that is a missing cell), so a missing cell is unknown to the encoder: all zeros.
        onehot: Inputs = encoder.transform(text.fill_null("").to_numpy().astype(object).reshape(-1, 1))
        return onehot[:, 1:] - onehot[:, :1] if len(schema.levels) == 2 else onehot


def _misfit(table: Table, schema: ColumnSchema, row: int, expected: str) -> str:
    return (
        f"{table.where(row, schema.name)}: expected {expected}, found {shown(table.frame[schema.name][row])}; "
        "correct the cell or leave it empty."
    )
