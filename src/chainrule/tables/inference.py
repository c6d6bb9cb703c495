"""What kind of column is this? Decided from all its cells, with the reason in words.

Only the structure is settled here (kind, format, truth words); everything with a number in it - levels, means, scales -
is fitted on the training rows in `encoding`.
"""

from __future__ import annotations

import re

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.errors import TableError
from chainrule.estimators.cells import shown
from chainrule.estimators.encoding import number_text
from chainrule.tables.cells import DATE_FORMATS, TRUTH, Parsed, dates, numbers, text_of
from chainrule.tables.schema import ColumnSchema
from chainrule.tables.table import Table

IDENTIFIER_NAME = re.compile(r"(?i:(^|[\s_\-.])(id|ids|uuid|guid|key|index|number|nr|no|rowid)$)|[a-z](Id|ID)$|^#$")
MAX_LEVELS, ROWS_PER_LEVEL, FEW_LEVELS, MAX_CODES = 1000, 4, 10, 10
MOSTLY = 0.95


def infer_column(table: Table, name: str) -> ColumnSchema:
    """Kind, format and reason of one column; levels and scales are still to be fitted."""
    column = table.frame[name]
    text = text_of(column)
    present = text.drop_nulls()
    distinct, missing = present.n_unique(), len(text) - len(present)
    kind, reason, form = _kind(table, column, text, present, distinct)
    used = kind in ("numeric", "categorical", "boolean", "datetime")
    levels = tuple(form.split("|")) if kind == "boolean" else ()
    return ColumnSchema(name, kind, used, reason, missing, distinct, "" if levels else form, levels)


def _kind(table: Table, column: pl.Series, text: pl.Series, present: pl.Series, distinct: int) -> tuple[str, str, str]:
    """Kind, reason, format."""
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        return "text", f"cells of type {column.dtype} cannot be used", ""
    if not distinct:
        return "constant", "all values are missing", ""
    if distinct == 1 and len(present) == len(text):
        return "constant", f"every value is {shown(present[0])}", ""
    words = _truth_words(present, distinct)
    if words:
        return "boolean", f"only {words[0]} and {words[1]}", "|".join(words)
    found = _numeric(table, column, distinct) or _datetime(column, present)
    if found:
        return found
    if distinct == 1:
        return "categorical", f"{shown(present[0])} or missing", ""
    return _words(present, distinct)


def _truth_words(present: pl.Series, distinct: int) -> tuple[str, str] | None:
    if distinct > 4:
        return None
    seen = set(present.str.to_lowercase().unique().to_list())
    return next((pair for pair in TRUTH if seen == set(pair)), None)


def _numeric(table: Table, column: pl.Series, distinct: int) -> tuple[str, str, str] | None:
    if column.dtype.is_temporal() and column.dtype not in (pl.Duration, pl.Time):
        return None
    parsed, decimal = numbers(column), "."
    if parsed.wrong.size and column.dtype == pl.String:
        local = numbers(column, ",")
        if not local.wrong.size:
            parsed, decimal = local, ","
    if parsed.wrong.size:
        refuse_mixed(table, column, parsed, distinct, "drop the column")
        return None
    values = parsed.values[~parsed.missing]
    told = f"{distinct:,} different numbers" + (", written with a decimal comma" if decimal == "," else "")
    special = _identifier(str(column.name), values, len(column)) or _code(values, distinct)
    return special or ("numeric", told, decimal)


def refuse_mixed(table: Table, column: pl.Series, parsed: Parsed, distinct: int, otherwise: str) -> None:
    """TableError if these are numbers but for a few cells, or but for infinite ones."""
    share = 1 - parsed.wrong.size / max(int((~parsed.missing).sum()), 1)
    infinite = np.isinf(parsed.values[parsed.wrong]).all()
    if parsed.wrong.size and (infinite or (share >= MOSTLY and distinct > 2 * MAX_CODES)):
        row = int(parsed.wrong[0])
        raise TableError(
            f"{table.where(row, str(column.name))}: found {shown(column[row])} where {share:.1%} of the cells are finite "
            f"numbers; correct the cell, leave it empty, or {otherwise}."
        )


def _identifier(name: str, values: NDArray[np.float64], rows: int) -> tuple[str, str, str] | None:
    unique = np.unique(values)
    if rows < 10 or unique.size < 0.9 * rows or np.any(unique != np.floor(unique)):
        return None
    if IDENTIFIER_NAME.search(name):
        return "identifier", f"its name, and {unique.size:,} different whole numbers in {rows:,} rows", ""
    if unique.size == rows and unique[-1] - unique[0] == rows - 1:
        return "identifier", f"the whole numbers from {unique[0]:.0f} to {unique[-1]:.0f}, each once", ""
    return None


def _code(values: NDArray[np.float64], distinct: int) -> tuple[str, str, str] | None:
    """Whole numbers that name levels: 1 to k without a gap (counts begin at 0), or two values."""
    if distinct > MAX_CODES or np.any(values != np.floor(values)):
        return None
    unique = np.unique(values)
    if unique.size <= 2 or (unique[0] == 1 and unique[-1] == unique.size):
        listed = ", ".join(number_text(value) for value in unique)
        return "categorical", f"whole numbers that look like codes: {listed}", "code"
    return None


def _datetime(column: pl.Series, present: pl.Series) -> tuple[str, str, str] | None:
    if column.dtype in (pl.Date, pl.Datetime):
        return "datetime", f"type {column.dtype}", ""
    if column.dtype != pl.String or not present.head(50).str.contains(r"\d").all():
        return None
    for pattern in DATE_FORMATS:
        if not dates(present.head(50), pattern).wrong.size and not dates(present, pattern).wrong.size:
            twin = {"%m/%d/%Y": "%d/%m/%Y"}.get(pattern[:8], "")
            both = bool(twin) and not dates(present, pattern.replace("%m/%d/%Y", twin)).wrong.size
            return "datetime", f"dates written {pattern}" + (" (or day first: both fit)" if both else ""), pattern
    return None


def _words(present: pl.Series, distinct: int) -> tuple[str, str, str]:
    per_level = len(present) / distinct
    told = f"{distinct:,} different texts in {len(present):,} rows, such as {shown(present[0])}"
    if distinct <= MAX_LEVELS and per_level >= (2 if distinct <= FEW_LEVELS else ROWS_PER_LEVEL):
        return "categorical", f"{distinct:,} levels", ""
    lengths = present.str.len_chars()
    if distinct >= 0.95 * len(present) and float(lengths.max() or 0) <= 100:  # type: ignore[arg-type]
        return "identifier", f"{told}: names or identifiers", ""
    return "text", told, ""
