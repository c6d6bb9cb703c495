"""A plane through a table of inputs: two columns vary, the others stay as they are in one real row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Limits = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Plane:
    """Two columns of X.

    Parameters
    ----------
    X : ndarray, pandas.DataFrame, polars.DataFrame or Table
        The rows.
    names : tuple of str
        Names of the two columns, for the axes.
    columns : tuple of int
        Their places.
    points : ndarray of shape (n, 2)
        The rows' values in these columns; nan where missing.
    row : int or None
        The row whose other columns hold everywhere; None if there are no others.
    """

    X: Any
    names: tuple[str, str]
    columns: tuple[int, int]
    points: NDArray[np.float64]
    row: int | None

    def limits(self, margin: float = 0.08) -> Limits:
        """(left, right, bottom, top) around all points."""
        low, high = np.nanmin(self.points, axis=0), np.nanmax(self.points, axis=0)
        space = margin * np.where(high > low, high - low, 1.0)
        (left, bottom), (right, top) = low - space, high + space
        return float(left), float(right), float(bottom), float(top)

    def rows(self, at: NDArray[np.float64]) -> Any:
        """Rows like those of X, with these values, shape (n, 2), in the two columns."""
        repeated = [self.row or 0] * len(at)
        if isinstance(self.X, np.ndarray):
            made = self.X[repeated].astype(np.result_type(self.X.dtype, np.float32))
            made[:, list(self.columns)] = at
            return made
        names = [self.X.columns[place] for place in self.columns]
        new = dict(zip(names, at.T.copy(), strict=True))
        if hasattr(self.X, "iloc"):
            return self.X.iloc[repeated].reset_index(drop=True).assign(**new)
        # Series of the frame's own library, which this module need not import.
        series = type(self.X)(new)
        return self.X[repeated].with_columns(*(series[name] for name in names))


def plane_of(X: Any, features: Sequence[int | str] | None, row: int | None) -> Plane:
    """The plane of two features.

    Parameters
    ----------
    X : array of shape (n, I), data frame or Table
        The rows.
    features : sequence of two names or places, optional
        Which two; needed if there are more than two columns.
    row : int, optional
        The row whose other columns hold; by default the most typical one: nearest to all medians and most frequent values.

    Raises
    ------
    ValueError
        If there are no such two columns of numbers, or no such row.
    """
    X = getattr(X, "frame", X)
    X = X.toarray() if hasattr(X, "tocsr") else X if hasattr(X, "columns") else np.asarray(X)
    if len(X.shape) != 2 or X.shape[1] < 2 or not X.shape[0]:
        raise ValueError(f"a plane needs rows with at least two columns; X has shape {X.shape}.")
    names = [str(name) for name in getattr(X, "columns", [f"x{place}" for place in range(X.shape[1])])]
    if features is None and len(names) > 2:
        listed = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise ValueError(
            f"X has {len(names)} columns ({listed}); say which two columns of numbers to draw: features=(..., ...)."
        )
    columns = _places(names, features)
    points = np.column_stack([_numbers(X, place, names[place]) for place in columns])
    if row is not None and (not isinstance(row, (int, np.integer)) or not 0 <= row < X.shape[0]):
        raise ValueError(f"row must be from 0 to {X.shape[0] - 1}, a row of X; got {row!r}.")
    others = [place for place in range(X.shape[1]) if place not in columns]
    if others and row is None:
        row = int(np.sum([_oddity(_column(X, place)) for place in others], axis=0).argmin())
    return Plane(X, (names[columns[0]], names[columns[1]]), columns, points, row if others else None)


def _places(names: list[str], features: Any) -> tuple[int, int]:
    chosen = (0, 1) if features is None else tuple(features)
    places = [names.index(one) if one in names else one for one in chosen]
    known = all(isinstance(one, (int, np.integer)) and 0 <= one < len(names) for one in places)
    if len(places) != 2 or not known or places[0] == places[1]:
        raise ValueError(f"features must be two different columns of X, by name or place; got {features!r}.")
    return int(places[0]), int(places[1])


def _column(X: Any, place: int) -> NDArray[Any]:
    if isinstance(X, np.ndarray):
        return X[:, place]
    return np.asarray(X[X.columns[place]], dtype=object)


def _numbers(X: Any, place: int, name: str) -> NDArray[np.float64]:
    found = _as_numbers(_column(X, place))
    if found is None or not np.isfinite(found).any():
        raise ValueError(f"column {name!r} does not hold numbers; a plane needs two columns of numbers.")
    return found


def is_missing(cell: Any) -> bool:
    """Whether a cell is empty: None, nan, or no text."""
    return cell is None or cell == "" or bool(cell != cell)


def _as_numbers(cells: NDArray[Any]) -> NDArray[np.float64] | None:
    """The cells as numbers, nan where missing; None if one is no number (as text in a CSV file may be)."""
    try:
        return np.array([np.nan if is_missing(cell) else float(cell) for cell in cells])
    except (TypeError, ValueError):
        return None


def _oddity(cells: NDArray[Any]) -> NDArray[np.float64]:
    """How far each cell is from the column's median, in deviations; of other cells, whether it is the most frequent one."""
    numbers = _as_numbers(cells)
    if numbers is None:
        keys = [None if is_missing(cell) else str(cell) for cell in cells]
        counts = Counter(key for key in keys if key is not None)
        frequent = counts.most_common(1)[0][0]
        return np.array([float(key != frequent) for key in keys])
    if not np.isfinite(numbers).any():
        return np.zeros(len(numbers))
    away = np.abs(numbers - np.nanmedian(numbers)) / (np.nanstd(numbers) or 1.0)
    # A row with gaps is less typical than any without.
    return np.where(np.isnan(away), 10.0, away)
