"""Targets in columns of several kinds: a table y as NumPy columns, and columns as a table of the same library again.

Kinds are kept apart from the start: a frame with numbers and texts as one array would be an array of objects, its types lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.utils._dataframe import is_pandas_df, is_polars_df

from chainrule.estimators.cells import MISSING_TYPES

ARRAY, VECTOR = "array", "vector"


@dataclass(frozen=True, eq=False)
class Columns:
    """A table of targets.

    Parameters
    ----------
    names : tuple
        Names of the columns; of an array their places.
    values : tuple of ndarray of shape (n,)
        Each column: numbers, text or truth values, none missing.
    types : tuple
        The data type of each column in its library.
    library : str
        What the table was: "pandas", "polars", "array", or "vector" for a single column without a table.
    place : str
        What messages call the table.
    """

    names: tuple[Any, ...]
    values: tuple[NDArray[Any], ...]
    types: tuple[Any, ...]
    library: str
    place: str = "y"

    def __len__(self) -> int:
        return len(self.values[0])

    def __getitem__(self, rows: Any) -> Columns:
        return replace(self, values=tuple(column[rows] for column in self.values))

    def given(self) -> Any:
        """A table of the same library again."""
        return table_of(self.library, self.names, self.types, self.values)

    def arranged(self, names: tuple[Any, ...], library: str, place: str) -> Columns:
        """In the order of the names that are known; columns without names count by place.

        Raises
        ------
        ValueError
            If there are other columns.
        """
        if {self.library, library} & {ARRAY, VECTOR}:
            if len(self.names) != len(names):
                raise ValueError(
                    f"{place} must have {len(names)} columns, {list(names)}, as at the first fit; got {len(self.names)}."
                )
            return replace(self, names=names)
        if set(self.names) != set(names):
            raise ValueError(
                f"{place} must have the columns {list(names)}, as at the first fit; got {list(self.names)}."
            )
        order = [self.names.index(name) for name in names]
        values, types = (tuple(part[at] for at in order) for part in (self.values, self.types))
        return replace(self, names=names, values=values, types=types)


def read_columns(y: Any, place: str = "y") -> Columns:
    """A data frame, an array or a list of rows as columns; a single column need not be a table.

    Raises
    ------
    ValueError
        If y is no table, a value is missing or not finite, or a column mixes kinds; the message names row and column.
    """
    if y is None:
        raise ValueError(
            f"the estimator requires y to be passed, but the target {place} is None. Give a table of targets."
        )
    if is_pandas_df(y):
        return _framed(y, "pandas", list(y.columns), [y.iloc[:, at] for at in range(y.shape[1])], place)
    if is_polars_df(y):
        return _framed(y, "polars", y.columns, y.get_columns(), place)
    if scipy.sparse.issparse(y):
        raise ValueError(
            f"{place} must be a data frame, an array or a list of rows; a sparse matrix has no kinds of columns."
        )
    table = y if isinstance(y, np.ndarray) else _array_of(y, place)
    if table.ndim not in (1, 2) or 0 in table.shape:
        raise ValueError(
            f"{place} must be a table with a row for each sample and a column for each target; got shape {table.shape}."
        )
    columns = table.reshape(len(table), -1).T
    names = tuple(range(len(columns)))
    parts = [_checked(column, name, place) for name, column in zip(names, columns, strict=True)]
    return Columns(names, tuple(parts), (table.dtype,) * len(names), ARRAY if table.ndim == 2 else VECTOR, place)


def _array_of(y: Any, place: str) -> NDArray[Any]:
    """A list of rows as an array of objects; anything else that is a sequence as a single column."""
    if isinstance(y, (list, tuple)) and y and all(isinstance(row, (list, tuple, np.ndarray)) for row in y):
        if len({len(row) for row in y}) > 1:
            raise ValueError(f"{place} must be a list of rows of equal length; got {sorted({len(row) for row in y})}.")
        return np.array([list(row) for row in y], dtype=object)
    found = np.asarray(y)
    if found.ndim == 0:
        raise ValueError(f"{place} must be a data frame, an array or a list of rows; got {type(y).__name__}.")
    return found


def _framed(y: Any, library: str, names: list[Any], columns: Sequence[Any], place: str) -> Columns:
    if 0 in y.shape:
        raise ValueError(f"{place} must have at least one row and one column; got shape {y.shape}.")
    if len(set(names)) < len(names):
        raise ValueError(f"{place}: the names of the columns must be different, got {names}.")
    read = LIBRARIES[library].read
    values = [_checked(read(column), name, place) for name, column in zip(names, columns, strict=True)]
    return Columns(tuple(names), tuple(values), tuple(column.dtype for column in columns), library, place)


def _from_pandas(column: Any) -> NDArray[Any]:
    dtype = column.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iufb":
        return np.asarray(column)
    if not column.isna().any() and getattr(dtype, "kind", "O") in "iufb":
        return np.asarray(column.to_numpy(dtype=getattr(dtype, "numpy_dtype", dtype)))
    values = np.empty(len(column), dtype=object)
    values[:] = [None if missing else value for value, missing in zip(column, column.isna(), strict=True)]
    return values


def _from_polars(column: Any) -> NDArray[Any]:
    import polars as pl

    if column.dtype.is_decimal():
        column = column.cast(pl.Float64)
    plain = column.dtype.is_numeric() or column.dtype == pl.Boolean
    if plain and not column.null_count():
        return np.asarray(column.to_numpy())
    values = np.empty(len(column), dtype=object)
    values[:] = column.to_list()
    return values


def _checked(values: NDArray[Any], name: Any, place: str) -> NDArray[Any]:
    """A column of one kind, every value there."""
    if values.dtype.kind not in "iufbU":
        values = _of_one_kind(values.tolist(), name, place)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        found = "the value is missing (NaN)" if np.isnan(values[row]) else f"found {values[row]}"
        raise ValueError(f"{at(place, row, name)}: {found}; finite numbers are expected. Leave such rows out.")
    return values


def _of_one_kind(values: list[Any], name: Any, place: str) -> NDArray[Any]:
    kinds = list(map(_kind, values))
    first = kinds[0]
    for row, kind in enumerate(kinds):
        if kind == "missing":
            raise ValueError(f"{at(place, row, name)}: the value is missing. Leave such rows out.")
        if kind not in ("number", "text", "truth"):
            raise ValueError(
                f"{at(place, row, name)}: found {values[row]!r}; expected a number, text or a truth value."
            )
        if kind != first:
            raise ValueError(
                f"{at(place, row, name)}: found {values[row]!r}, but row 0 holds {values[0]!r}; a column must hold values of "
                "one kind, numbers, text or truth values."
            )
    found = np.asarray(values)
    return found.astype(np.float64) if first == "number" and found.dtype.kind not in "iuf" else found


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, (bool, np.bool_)):
        return "truth"
    if isinstance(value, Real) and not isinstance(value, Integral) and value != value:
        return "missing"
    if isinstance(value, Real):
        return "number"
    return "missing" if type(value).__name__ in MISSING_TYPES else type(value).__name__


def at(place: str, row: int, name: Any) -> str:
    """Where a value stands, for messages."""
    return f"{place}, row {row} (counted from 0), column {name!r}"


def table_of(
    library: str, names: Sequence[Any], types: Sequence[Any], values: Sequence[NDArray[Any]], like: Any = None
) -> Any:
    """Columns as a table: a frame, or an array. Floats in a column of whole numbers stay floats.

    Parameters
    ----------
    library : str
        Which.
    names, types : sequence
        As in `Columns`.
    values : sequence of ndarray
        The columns.
    like : object
        A pandas frame whose index the table takes over; anything else is ignored.
    """
    return LIBRARIES[library].write(names, types, values, like)


def _array(names: Sequence[Any], types: Sequence[Any], values: Sequence[NDArray[Any]], like: Any) -> NDArray[Any]:
    if types[0].kind != "O":
        floats = types[0].kind == "f" and all(column.dtype.kind == "f" for column in values)
        stacked: NDArray[Any] = np.stack(values, axis=1)
        return stacked.astype(types[0]) if floats else stacked
    table: NDArray[Any] = np.empty((len(values[0]), len(values)), dtype=object)
    for place, column in enumerate(values):
        table[:, place] = column.tolist()
    return table


def _vector(names: Sequence[Any], types: Sequence[Any], values: Sequence[NDArray[Any]], like: Any) -> NDArray[Any]:
    alone: NDArray[Any] = _array(names, types, values, like)[:, 0]
    return alone


def _pandas_frame(names: Sequence[Any], types: Sequence[Any], values: Sequence[NDArray[Any]], like: Any) -> Any:
    import pandas as pd

    index = like.index if is_pandas_df(like) else pd.RangeIndex(len(values[0]))

    def series(column: NDArray[Any], dtype: Any) -> Any:
        plain = column.astype(object) if column.dtype.kind == "U" else column
        keeps = column.dtype.kind == "f" and not pd.api.types.is_float_dtype(getattr(dtype, "categories", dtype))
        return pd.Series(plain, index=index) if keeps else pd.Series(plain, index=index).astype(dtype)

    columns = [series(*pair) for pair in zip(values, types, strict=True)]
    frame = pd.concat(columns, axis=1)
    frame.columns = pd.Index(list(names))
    return frame


def _polars_frame(names: Sequence[Any], types: Sequence[Any], values: Sequence[NDArray[Any]], like: Any) -> Any:
    import polars as pl

    def series(name: str, column: NDArray[Any], dtype: Any) -> Any:
        if column.dtype.kind in "iufb":
            found = pl.Series(name, column)
            return found if column.dtype.kind == "f" and not dtype.is_float() else found.cast(dtype)
        return pl.Series(name, column.tolist(), dtype=dtype)

    return pl.DataFrame([series(*column) for column in zip(map(str, names), values, types, strict=True)])


@dataclass(frozen=True)
class Library:
    """How columns of a library are read, and tables of it made.

    Parameters
    ----------
    read : callable
        A column to an array; of objects, None for missing, where values are missing or not plain.
    write : callable
        ``(names, types, values, like) -> table``.
    """

    read: Callable[[Any], NDArray[Any]]
    write: Callable[[Sequence[Any], Sequence[Any], Sequence[NDArray[Any]], Any], Any]


LIBRARIES = {
    ARRAY: Library(np.asarray, _array),
    VECTOR: Library(np.asarray, _vector),
    "pandas": Library(_from_pandas, _pandas_frame),
    "polars": Library(_from_polars, _polars_frame),
}
