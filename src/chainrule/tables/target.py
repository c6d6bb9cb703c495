"""The column to predict: its task, its classes or its scale, and the way from cells to targets and back."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from chainrule.errors import TableError
from chainrule.estimators.cells import shown
from chainrule.estimators.encoding import number_text
from chainrule.tables.cells import numbers, text_of
from chainrule.tables.inference import infer_column, refuse_mixed
from chainrule.tables.schema import Label, TargetSchema
from chainrule.tables.table import Table

MAX_CLASSES = 1000
MAX_NUMERIC_CLASSES, ROWS_PER_CLASS = 20, 5
WANTED = (None, "classification", "binary", "multiclass", "regression")


def infer_target(table: Table, name: str, task: str | None) -> TargetSchema:
    """Task, classes and the reason for them; ``task`` overrules what the cells suggest."""
    if task not in WANTED:
        raise TableError(f"task must be one of {', '.join(str(w) for w in WANTED[1:])} or None; found {task!r}.")
    column = table.column(name)
    text = text_of(column)
    counts = Counter(text.drop_nulls().to_list())
    _check(table, name, counts)
    missing = text.null_count()
    values, decimal = _as_numbers(column)
    if values is None and task is None and not column.dtype.is_nested():
        refuse_mixed(table, column, numbers(column), len(counts), "ask for classification if these are classes")
    if values is None and task == "regression":
        wrong = numbers(column).wrong
        row = int(wrong[0]) if wrong.size else int(text.is_not_null().arg_max() or 0)
        raise TableError(f"{table.where(row, name)}: found {shown(column[row])}; regression needs finite numbers.")
    told = f"{len(counts):,} different " + ("texts" if values is None else "numbers")
    if task is None:
        regression, why = _looks_continuous(values, len(counts))
        reason = f"{told}{why}"
    else:
        regression, reason = task == "regression", f"{told}; {task} was asked for"
    if regression:
        return TargetSchema(name, "regression", reason, decimal=decimal, missing=missing)
    return _classes(table, TargetSchema(name, "regression", reason, missing=missing), counts, column, task)


def _check(table: Table, name: str, counts: Counter[str]) -> None:
    if not counts:
        raise TableError(f"{table.path}, target column {name!r}: all {len(table)} values are missing.")
    if len(counts) == 1:
        only = next(iter(counts))
        raise TableError(
            f"{table.path}, target column {name!r}: every value is {shown(only)}; there is nothing to learn."
        )


def _as_numbers(column: pl.Series) -> tuple[NDArray[np.float64] | None, str]:
    if column.dtype in (pl.Date, pl.Datetime, pl.Boolean) or column.dtype.is_nested():
        return None, "."
    for decimal in (".", ","):
        parsed = numbers(column, decimal)
        if not parsed.wrong.size:
            return parsed.values[~parsed.missing], decimal
    return None, "."


def _looks_continuous(values: NDArray[np.float64] | None, distinct: int) -> tuple[bool, str]:
    if values is None:
        return False, ""
    if np.any(values != np.floor(values)):
        # Two numbers are two classes, however they are written.
        return distinct > 2, " with decimals" if distinct > 2 else ""
    if distinct <= MAX_NUMERIC_CLASSES and distinct * ROWS_PER_CLASS <= values.size:
        return False, ", all whole"
    return True, f", more than {MAX_NUMERIC_CLASSES} or too few rows of each to be classes"


def _classes(
    table: Table, draft: TargetSchema, counts: Counter[str], column: pl.Series, task: str | None
) -> TargetSchema:
    name, rows, place = draft.name, counts.total(), f"{table.path}, target column {draft.name!r}"
    if len(counts) > MAX_CLASSES or len(counts) > 0.5 * rows:
        kind = infer_column(table, name).kind
        raise TableError(
            f"{place}: {len(counts):,} different values in {rows:,} rows are too many to be classes (the column looks "
            f"{kind}); choose another target or the task regression."
        )
    if task == "binary" and len(counts) != 2:
        raise TableError(f"{place}: binary was asked for, but there are {len(counts)} values.")
    labels = {text: _label(text, column.dtype) for text in counts}
    if len({type(label) for label in labels.values()}) > 1 or len(set(labels.values())) < len(labels):
        labels = {text: text for text in counts}
    ordered = sorted(counts, key=lambda text: labels[text])
    kind = "binary" if len(counts) == 2 else "multiclass"
    classes = tuple(labels[text] for text in ordered)
    return replace(draft, task=kind, classes=classes, counts=tuple(counts[text] for text in ordered))


def _label(text: str, dtype: pl.DataType) -> Label:
    if dtype == pl.Boolean:
        return text == "true"
    unsigned = text.removeprefix("-")
    whole = unsigned.isascii() and unsigned.isdigit() and len(unsigned) < 19
    return int(text) if whole and str(int(text)) == text else text


def label_text(label: Label) -> str:
    """The text a label has in a table."""
    return str(label).lower() if isinstance(label, bool) else str(label)


def known_rows(table: Table, schema: TargetSchema) -> NDArray[np.int64]:
    """The rows whose target is not missing."""
    return np.flatnonzero(text_of(table.column(schema.name)).is_not_null().to_numpy())


def labels_of(table: Table, schema: TargetSchema) -> list[str]:
    """The texts of the target, numbers in their shortest form."""
    texts = text_of(table.column(schema.name)).to_list()
    if all(isinstance(label, int) and not isinstance(label, bool) for label in schema.classes):
        parsed = numbers(table.frame[schema.name])
        return [number_text(v) if np.isfinite(v) else t for v, t in zip(parsed.values, texts, strict=True)]
    return texts


def class_codes(texts: list[str], schema: TargetSchema) -> NDArray[np.int64]:
    """The place of each text among the classes, -1 where it is none of them."""
    places = {label_text(label): place for place, label in enumerate(schema.classes)}
    return np.array([places.get(text, -1) for text in texts], dtype=np.int64)


def numbers_of(table: Table, schema: TargetSchema) -> NDArray[np.float64]:
    """The numbers of a regression target."""
    parsed = numbers(table.column(schema.name), schema.decimal)
    if parsed.wrong.size:
        row = int(parsed.wrong[0])
        found = table.frame[schema.name][row]
        raise TableError(f"{table.where(row, schema.name)}: expected a number, found {shown(found)}.")
    return parsed.values


def fit_target(schema: TargetSchema, train: Table) -> TargetSchema:
    """How often each class occurs, or centre and scale of the numbers, in the training rows."""
    if schema.task != "regression":
        counts = np.bincount(class_codes(labels_of(train, schema), schema), minlength=len(schema.classes))
        return replace(schema, counts=tuple(counts.tolist()))
    scaler = StandardScaler().fit(numbers_of(train, schema).reshape(-1, 1))
    return replace(schema, centre=float(scaler.mean_[0]), scale=float(scaler.scale_[0]))


def targets(table: Table, schema: TargetSchema) -> NDArray[Any]:
    """What the estimator is trained on: class labels, or numbers with mean 0 and deviation 1."""
    if schema.task == "regression":
        scaled: NDArray[np.float64] = (numbers_of(table, schema) - schema.centre) / schema.scale
        return scaled
    labels: NDArray[Any] = np.array(schema.classes)[class_codes(labels_of(table, schema), schema)]
    return labels
