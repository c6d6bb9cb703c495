"""From cells to values: numbers, truth values, dates, category names, and which cells are missing.

Each function takes a column as read (text from CSV, typed from Parquet) and gives arrays with one entry per row; what
is neither missing nor convertible is reported by row, and the caller decides whether that is an error or an answer to
"what kind of column is this?".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.estimators.encoding import number_text

MISSING = (
    "", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "nan", "NaN", "-nan", "-NaN", "NaT", "null", "NULL", "Null", "None",
)  # fmt: skip
TRUTH = (("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"), ("off", "on"), ("0", "1"))
DATE_FORMATS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%d %H:%M:%S%.f%:z", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y", "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M", "%d/%m/%Y", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d-%m-%Y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y",
    "%b %d, %Y", "%B %d, %Y",
)  # fmt: skip


class Parsed(NamedTuple):
    """Values of a column: one per row, with the rows that are missing and the rows that could not be converted."""

    values: NDArray[np.float64]
    missing: NDArray[np.bool_]
    wrong: NDArray[np.int64]


def text_of(column: pl.Series) -> pl.Series:
    """The cells as text without surrounding blanks; missing cells are null."""
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        shown = [None if cell is None else repr(cell) for cell in column.to_list()]
        return pl.Series(column.name, shown, dtype=pl.String)
    column = _in_seconds(column)
    if column.dtype.is_float():
        # 3.0 and 3 are one category, whichever file they came from.
        values = column.to_numpy()
        column = pl.Series(column.name, [None if np.isnan(v) else number_text(v) for v in values], dtype=pl.String)
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text.is_in(MISSING), None)


def numbers(column: pl.Series, decimal: str = ".") -> Parsed:
    """The cells as numbers; missing ones are NaN. Cells that are infinite count as wrong."""
    column = _in_seconds(column)
    if column.dtype == pl.Time:
        column = column.cast(pl.Int64) / 1e9
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        values = column.cast(pl.Float64).to_numpy().astype(np.float64)
        missing = np.isnan(values)
    else:
        text = text_of(column)
        missing = text.is_null().to_numpy()
        shown = text.str.replace(",", ".", literal=True) if decimal == "," else text
        values = shown.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    wrong = np.flatnonzero(~missing & ~np.isfinite(values))
    return Parsed(values, missing, wrong)


def _in_seconds(column: pl.Series) -> pl.Series:
    """Durations as seconds, other columns as they are; polars cannot write durations as text."""
    return column.dt.total_microseconds() / 1e6 if column.dtype == pl.Duration else column


def truths(column: pl.Series, words: tuple[str, ...]) -> Parsed:
    """The cells as -1 (the first word) and +1 (the second), 0 where missing; case does not matter."""
    text = text_of(column).str.to_lowercase()
    missing = text.is_null().to_numpy()
    false, true = text.eq(words[0]).fill_null(False).to_numpy(), text.eq(words[1]).fill_null(False).to_numpy()
    values = true.astype(np.float64) - false.astype(np.float64)
    return Parsed(values, missing, np.flatnonzero(~missing & ~false & ~true))


def dates(column: pl.Series, pattern: str) -> Parsed:
    """The cells as seconds since 1970-01-01 (UTC where a zone is given)."""
    if column.dtype.is_temporal():
        moments, missing = column.cast(pl.Datetime("us")), column.is_null().to_numpy()
    else:
        text = text_of(column)
        missing = text.is_null().to_numpy()
        moments = text.str.to_datetime(pattern, strict=False, exact=True, time_unit="us")
    seconds = moments.dt.epoch("us").cast(pl.Float64).to_numpy().astype(np.float64) / 1e6
    return Parsed(seconds, missing, np.flatnonzero(~missing & np.isnan(seconds)))
