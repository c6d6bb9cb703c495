"""A table as it was read: the cells untouched, and where each row stands in its file.

Cells of a CSV file stay text until a schema says what they are, so that every complaint can name file, row, column
and the very characters found there.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.errors import TableError


@dataclass(frozen=True, eq=False)
class Table:
    """Rows and named columns, with their origin.

    Parameters
    ----------
    frame : polars.DataFrame
        The cells; every column of a CSV file is text.
    path : str, default="table"
        What error messages call the table.
    lines : ndarray of int, optional
        The line of the file on which each row begins (None where lines mean nothing, as in Parquet).
    rows : ndarray of int, optional
        The row numbers (from 0) the rows had in the file, where rows were taken out of it.
    """

    frame: pl.DataFrame
    path: str = "table"
    lines: NDArray[np.int64] | None = None
    rows: NDArray[np.int64] | None = None

    @classmethod
    def from_frame(cls, frame: Any, path: str = "table") -> Table:
        """A table from a polars or pandas data frame; the index of a pandas one is left out.

        Parameters
        ----------
        frame : polars.DataFrame or pandas.DataFrame or Table
            A Table is returned as it is.
        path : str, default="table"
            What error messages call the table.

        Raises
        ------
        TableError
            It is something else, has no rows or no columns, or holds cells that polars cannot represent.
        """
        if isinstance(frame, Table):
            return frame
        if not isinstance(frame, pl.DataFrame):
            frame = _from_pandas(frame, path)
        if not frame.height or not frame.width:
            raise TableError(f"{path} has {frame.height} rows and {frame.width} columns; expected some of both.")
        return cls(frame, path)

    def __len__(self) -> int:
        return self.frame.height

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in the order of the file."""
        return tuple(self.frame.columns)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Table:
        """The given rows (numbered from 0) as a table that still knows their places in the file."""
        index = np.asarray(rows, dtype=np.int64)
        lines = None if self.lines is None else self.lines[index]
        origin = index if self.rows is None else self.rows[index]
        return replace(self, frame=self.frame[index], lines=lines, rows=origin)

    def column(self, name: str) -> pl.Series:
        """One column; a TableError that suggests the nearest name if there is none."""
        self.require([name])
        return self.frame[name]

    def require(self, names: Iterable[str]) -> None:
        """Raise TableError unless every name is a column."""
        missing = [name for name in names if name not in self.frame.columns]
        if missing:
            raise TableError(f"{self.path} {_absent(missing, self.names)}")

    def where(self, row: int, column: str | None = None) -> str:
        """The place of a cell in words: file, row (from 1, header not counted), line, column."""
        number = (row if self.rows is None else int(self.rows[row])) + 1
        place = f"{self.path}, row {number}"
        if self.lines is not None:
            place += f" (line {int(self.lines[row])})"
        return place if column is None else f"{place}, column {column!r}"


def _from_pandas(frame: Any, path: str) -> pl.DataFrame:
    if not (type(frame).__module__.partition(".")[0] == "pandas" and hasattr(frame, "columns")):
        raise TableError(
            f"{path}: expected a Table, a polars or a pandas DataFrame, found {type(frame).__name__}; "
            "read_table reads a file, polars.DataFrame makes a table of arrays."
        )
    names = [str(name) for name in frame.columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TableError(f"{path}: the column name {twice!r} stands more than once; names must differ.")
    try:
        converted: pl.DataFrame = pl.from_pandas(frame.set_axis(names, axis=1))
    except ImportError as error:
        raise TableError(f"{path}: a pandas DataFrame needs pyarrow ({error}): pip install pyarrow") from error
    except (ValueError, TypeError, OverflowError, pl.exceptions.PolarsError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise TableError(f"{path}: the pandas DataFrame cannot be taken as a table ({first}).") from error
    return converted


def _absent(missing: Sequence[str], names: Sequence[str]) -> str:
    listed = ", ".join(repr(name) for name in missing[:8]) + (", ..." if len(missing) > 8 else "")
    what = f"has no column {listed}" if len(missing) == 1 else f"lacks {len(missing)} columns: {listed}"
    near = difflib.get_close_matches(missing[0], names, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"{what}{hint} It has: {shown}." if hint else f"{what}. It has: {shown}."
