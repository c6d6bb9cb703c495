"""X column by column: the cells of data frames and arrays as they are, with their kinds.

A column is asked for its own NumPy values, so no data frame library is imported here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._dataframe import is_pandas_df, is_polars_df
from sklearn.utils.validation import check_array

from chainrule.estimators.encoding import Inputs, Mask, number_text

Values = NDArray[Any]
MISSING_TYPES = ("NoneType", "NAType", "NaTType")
TRUTH = ("false", "true")
CATEGORY_TYPES = ("CategoricalDtype", "Categorical", "Enum")
FLOATS = (np.float64, np.float32)
# What a column can hold, and what messages call it.
KINDS = {"number": "numbers", "text": "text", "truth": "truth values", "date": "dates"}
MISSABLE = (float, np.floating)
MAX_QUOTED = 60


@dataclass(frozen=True, eq=False)
class Cells:
    """The columns of X before they become inputs.

    Parameters
    ----------
    names : tuple of str
        What messages and inputs call the columns.
    columns : tuple of ndarray of shape (n,)
        Floating-point numbers (NaN where missing), moments, or objects.
    categories : ndarray of bool of shape (n_features,)
        Which columns have a data type for categories.
    dtype : dtype
        The precision to compute in.
    """

    names: tuple[str, ...]
    columns: tuple[Values, ...]
    categories: Mask
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.columns[0]), len(self.columns)

    def __len__(self) -> int:
        return self.shape[0]

    def named(self, names: Iterable[Any]) -> Cells:
        """The same with other names."""
        return replace(self, names=tuple(map(str, names)))


def cells_of(X: Any, dtype: Any) -> Cells:
    """The columns of a data frame, an array or a list of rows, named x0, x1, ...

    Parameters
    ----------
    X : data frame or array-like of shape (n, n_features)
        The table.
    dtype : dtype or None
        Precision; None keeps float32 and is float64 for everything else.

    Raises
    ------
    ValueError
        If X is empty or no table.
    TypeError
        If X is sparse.
    """
    if is_pandas_df(X) or is_polars_df(X):
        if 0 in X.shape:
            raise ValueError(
                f"Found array with {X.shape[0]} sample(s) and {X.shape[1]} feature(s) while a minimum of 1 is required."
            )
        series = list(X.get_columns()) if is_polars_df(X) else [X.iloc[:, at] for at in range(X.shape[1])]
        columns = tuple(map(_values, series))
        categories = np.array([type(each.dtype).__name__ in CATEGORY_TYPES for each in series])
    else:
        table = _table(X)
        columns = tuple(table.T)
        categories = np.zeros(len(columns), dtype=bool)
    names = tuple(f"x{at}" for at in range(len(columns)))
    single = all(column.dtype == np.float32 for column in columns)
    return Cells(names, columns, categories, np.dtype(dtype or (np.float32 if single else np.float64)))


def _table(X: Any) -> Values:
    """An array of numbers if it is one, else of objects."""
    found: Values = check_array(X, dtype=None, ensure_all_finite=False)
    if not hasattr(X, "dtype") and found.dtype.kind in "US":
        found = check_array(X, dtype=object, ensure_all_finite=False)
    if found.dtype.kind in "biuf":
        return found if found.dtype in FLOATS else found.astype(np.float64)
    return found.astype(object)


def _values(series: Any) -> Values:
    """One column of a data frame."""
    if type(series.dtype).__name__ in CATEGORY_TYPES:
        return np.array(series.to_list(), dtype=object)
    if getattr(series.dtype, "kind", "") == "M":  # with a time zone pandas would give objects
        return np.asarray(series.to_numpy(dtype="datetime64[us]"))
    found: Values = series.to_numpy()
    if found.dtype.kind == "O" and getattr(series.dtype, "kind", "O") in "iuf":
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))  # pandas' own integers, with NA
    if found.dtype.kind == "m":
        return np.where(np.isnat(found), np.nan, found / np.timedelta64(1, "s"))
    if found.dtype.kind in "iuf":
        return found if found.dtype in FLOATS else found.astype(np.float64)
    return found if found.dtype.kind == "M" else found.astype(object)


def missing_in(values: Values) -> Mask:
    """Which cells are None, NaN, NA or NaT."""
    if values.dtype.kind == "M":
        return np.isnat(values)
    if values.dtype.kind != "O":
        return np.isnan(values)
    if not any(issubclass(kind, MISSABLE) or kind.__name__ in MISSING_TYPES for kind in set(map(type, values))):
        return np.zeros(len(values), dtype=bool)
    return np.array([_is_missing(cell) for cell in values], dtype=bool)


def _is_missing(cell: Any) -> bool:
    if isinstance(cell, MISSABLE):
        return bool(cell != cell)
    return type(cell).__name__ in MISSING_TYPES


def kind_in(values: Values, missing: Mask, place: str) -> str:
    """What the cells are: one of `KINDS`, "" if all are missing.

    Raises
    ------
    TypeError
        If a cell is something else.
    ValueError
        If the cells are of several kinds.
    """
    if missing.all():
        return ""
    if values.dtype.kind != "O":
        return "date" if values.dtype.kind == "M" else "number"
    present = values[~missing]
    kinds = sorted({_kind(kind, place) for kind in set(map(type, present))})
    if len(kinds) > 1:
        one, other = kinds[:2]
        first, second = (next(cell for cell in present if _kind(type(cell), place) == kind) for kind in (one, other))
        raise ValueError(
            f"{place} mixes {KINDS[one]} ({shown(first)}) and {KINDS[other]} ({shown(second)}); expected one kind of cells."
        )
    return kinds[0]


def _kind(kind: type, place: str) -> str:
    if issubclass(kind, str):
        return "text"
    if issubclass(kind, (bool, np.bool_)):
        return "truth"
    if issubclass(kind, (Real, np.integer, np.floating)) or kind.__name__ == "Decimal":
        return "number"
    raise TypeError(f"{place} holds a {kind.__name__}, but the argument must be a string, a truth value or a number.")


def describe_kind(kind: str, values: Values, missing: Mask) -> str:
    """The kind in words, with an example."""
    return f"{KINDS[kind]} ({shown(values[~missing][0])})"


def shown(cell: Any) -> str:
    """A cell as messages quote it: one line, and not longer than a line."""
    quoted = repr(cell.item() if isinstance(cell, np.generic) and cell.dtype.kind != "M" else cell)
    text = " ".join(line.strip() for line in quoted.splitlines())
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}... ({len(text):,} characters)"


def numbers_in(values: Values, missing: Mask) -> Inputs:
    """Numbers, truth values (0 and 1) as floating-point numbers; moments as seconds since 1970-01-01. NaN where missing."""
    if values.dtype.kind == "M":
        seconds = values.astype("datetime64[us]").astype(np.int64) / 1e6
        return np.where(missing, np.nan, seconds)
    if values.dtype.kind != "O":
        return values.astype(np.float64, copy=False)
    found: Inputs = np.full(len(values), np.nan)
    found[~missing] = values[~missing].astype(np.float64)
    return found


def level_texts(values: Values, missing: Mask, kind: str) -> list[str | None]:
    """The name of each cell's level; None where missing. 3 and 3.0 are one level."""
    if kind == "number":
        numbers = numbers_in(values, missing)
        different, places = np.unique(numbers[~missing], return_inverse=True)
        texts = [number_text(number) for number in different]
        found: list[str | None] = [None] * len(values)
        for row, place in zip(np.flatnonzero(~missing), places, strict=True):
            found[row] = texts[place]
        return found
    if kind == "truth":
        return [None if absent else TRUTH[bool(cell)] for cell, absent in zip(values, missing, strict=True)]
    if not missing.any():
        return list(map(str, values))
    return [None if absent else str(cell) for cell, absent in zip(values, missing, strict=True)]
