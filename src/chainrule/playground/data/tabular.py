"""A table as data of the playground: target and columns chosen, types inferred, everything scaled by the training rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.errors import TableError
from chainrule.playground.data.rows import FEWEST, Column, Data
from chainrule.playground.data.source import Source
from chainrule.playground.settings.limits import LIMITS
from chainrule.playground.settings.setup import DataSetup, Note
from chainrule.tables import target as targets
from chainrule.tables.cells import numbers, text_of
from chainrule.tables.encoding import Encoder, fit_columns
from chainrule.tables.inference import infer_column
from chainrule.tables.schema import ColumnSchema, TableSchema
from chainrule.tables.splitting import split
from chainrule.tables.table import Table

MOST_LEVELS = 100


def table_data(source: Source, asked: DataSetup, notes: list[Note]) -> Data:
    """The data of a table.

    Raises
    ------
    TableError
        If the table or the request does not allow any; the message says what does.
    """
    table: Table = source.table
    name = _target(table, asked, notes)
    goal = targets.infer_target(table, name, asked.task)
    rows = targets.known_rows(table, goal)
    if rows.size < 2 * FEWEST:
        raise TableError(f"{table.path}: {rows.size} rows with a value of {name!r} are too few to learn from.")
    if goal.missing:
        notes.append(Note("info", "data.target", f"{goal.missing:,} rows without a value of {name!r} are left out."))
    table = table if rows.size == len(table) else table.take(rows)
    drafts = _chosen(table, name, asked, notes)
    codes = None if goal.task == "regression" else targets.class_codes(targets.labels_of(table, goal), goal)
    everything = np.arange(len(table))
    share = 1 - asked.train
    parts = split(everything, codes if asked.stratified else None, share, 0.0, asked.split_seed)
    train = table.take(parts.train)
    columns, goal = fit_columns(drafts, train), targets.fit_target(goal, train)
    if not any(column.used for column in columns):
        told = "; ".join(f"{one.name!r}: {one.kind}, {one.reason}" for one in columns[:5])
        raise TableError(f"{table.path}: no column is of use to predict {name!r} ({told or 'there is none'}).")
    schema = TableSchema(columns, goal, int(parts.train.size))
    if len(schema.inputs) > LIMITS.inputs:
        raise TableError(
            f"{table.path}: the columns become {len(schema.inputs):,} inputs; at most {LIMITS.inputs:,} are shown here. "
            "Choose fewer columns."
        )
    found = _data(source, table, schema, parts.train, parts.test, codes, parts.reason)
    return replace(found, origin=rows)


def _target(table: Table, asked: DataSetup, notes: list[Note]) -> str:
    name = table.names[-1] if asked.target is None else asked.target
    if name in table.names:
        return name
    notes.append(
        Note(
            "repaired", "data.target", f"{table.path} has no column {name!r}; {table.names[-1]!r}, the last, is taken."
        )
    )
    return table.names[-1]


def _chosen(table: Table, target: str, asked: DataSetup, notes: list[Note]) -> tuple[ColumnSchema, ...]:
    """What each column but the target is; those not asked for are not used."""
    drafts = tuple(infer_column(table, name) for name in table.names if name != target)
    if asked.columns is None:
        return drafts
    unknown = [name for name in asked.columns if name not in table.names]
    if unknown:
        notes.append(Note("ignored", "data.columns", f"{table.path} has no column {unknown[0]!r}."))
    return tuple(
        draft if draft.name in asked.columns else replace(draft, used=False, reason="not chosen") for draft in drafts
    )


def _data(
    source: Source,
    table: Table,
    schema: TableSchema,
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    codes: NDArray[np.int64] | None,
    reason: str,
) -> Data:
    goal = schema.target
    y: NDArray[Any] = targets.numbers_of(table, goal) if codes is None else codes
    columns = tuple(_column(table, column) for column in schema.columns)
    return Data(
        X=Encoder(schema).encode(table, []),
        y=y,
        train=train,
        test=test,
        task="regression" if goal.task == "regression" else "classification",
        columns=columns,
        inputs=schema.inputs,
        classes=tuple(targets.label_text(label) for label in goal.classes),
        target=goal.name,
        centre=goal.centre,
        scale=goal.scale,
        reason=goal.reason,
        split=reason,
        scaling="numbers are centred and scaled by the training rows, levels become one input each",
        name=source.name,
        digest=source.digest,
        encode=partial(_encoded, schema),
        schema=schema,
        cells={column.name: _typical(table, column) for column in schema.used},
        values={column.name: _filled(table, column) for column in schema.used if column.kind == "numeric"},
    )


def _encoded(schema: TableSchema, cells: dict[str, Any]) -> NDArray[np.float64]:
    """Inputs of rows made of these cells, arrays or lists of equal length by column."""
    columns = [pl.Series(column.name, cells[column.name]) for column in schema.used]
    return Encoder(schema).encode(Table(pl.DataFrame(columns), "the row"), [])


def _column(table: Table, schema: ColumnSchema) -> Column:
    cells = table.frame[schema.name]
    known = Column(schema.name, schema.kind, schema.used, schema.reason, schema.missing)
    if schema.kind == "numeric":
        values = numbers(cells, schema.format or ".").values
        values = values[np.isfinite(values)]
        if values.size:
            low, high, median = float(values.min()), float(values.max()), float(np.median(values))
            return replace(known, low=low, high=high, median=median)
    if schema.kind in ("categorical", "boolean"):
        counts = Counter(text_of(cells).drop_nulls().to_list())
        return replace(known, levels=tuple(level for level, _ in counts.most_common(MOST_LEVELS)))
    return known


def _typical(table: Table, schema: ColumnSchema) -> Any:
    """The median of numbers, the middle one of dates, the most frequent level."""
    cells = table.frame[schema.name]
    if schema.kind == "numeric":
        values = numbers(cells, schema.format or ".").values
        return float(np.nanmedian(values))
    if schema.kind == "datetime":
        known = cells.drop_nulls().sort()
        return known[len(known) // 2]
    return Counter(text_of(cells).drop_nulls().to_list()).most_common(1)[0][0]


def _filled(table: Table, schema: ColumnSchema) -> NDArray[np.float64]:
    """A column's numbers, the median where one is missing."""
    values = numbers(table.frame[schema.name], schema.format or ".").values
    return np.where(np.isfinite(values), values, np.nanmedian(values))
