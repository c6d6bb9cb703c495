"""Inside the estimators, where the user asks: categories to inputs, missing values imputed, numbers scaled.

The numbers are those of tables (`encoding`). What tables guess from text files (dates written as text, codes, words that mean
"missing") is not guessed here: cells of a data frame have types, and the user says which columns are categories.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.estimators.cells import (
    KINDS,
    TRUTH,
    Cells,
    Values,
    describe_kind,
    kind_in,
    level_texts,
    missing_in,
    numbers_in,
    shown,
)
from chainrule.estimators.encoding import (
    CLIP,
    DATE_PARTS,
    Inputs,
    Mask,
    Part,
    date_part,
    fit_part,
    frequent_levels,
    level_inputs,
    level_names,
    level_places,
)

FROM_DTYPE = "from_dtype"
NUMBERS = ("number", "truth")


@dataclass(frozen=True)
class Column:
    """How one column becomes inputs.

    Parameters
    ----------
    name : str
        Its name; x0, x1, ... if X has none.
    kind : str
        What its cells are: "number", "text", "truth", "date", "" if all were missing.
    category : bool
        Whether its cells name levels.
    levels : tuple of str
        Those levels.
    parts : tuple of Part
        Its numeric inputs.
    """

    name: str
    kind: str
    category: bool
    levels: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        if self.category:
            return level_names(self.name, self.levels)
        return tuple(name for part in self.parts for name in part.names(self.name))

    def blocks(self, values: Values, allow_nan: bool, clip: float) -> list[Inputs]:
        """The inputs of these cells, each of shape (n,) or (n, k).

        Raises
        ------
        TypeError, ValueError
            If the cells are of another kind than those of `fit`, missing where that is not allowed, or infinite.
        """
        place = f"X, column {self.name!r},"
        missing = checked_missing(values, allow_nan, place)
        kind = kind_in(values, missing, place)
        alike = NUMBERS if self.kind in NUMBERS and not self.category else (self.kind,)
        if kind and self.kind and kind not in alike:
            raise ValueError(
                f"{place} held {_was(self)} in fit; now it holds {describe_kind(kind, values, missing)}. Give it the type it "
                "had, or fit anew."
            )
        if self.category:
            if kind == "number":
                refuse_infinite(numbers_in(values, missing), missing, place)
            texts = level_texts(values, missing, self.kind) if kind else [None] * len(values)
            return [level_inputs(level_places(texts, self.levels), len(self.levels))]
        if not self.parts:
            return []
        numbers = numbers_in(values, missing) if kind else np.full(len(values), np.nan)
        refuse_infinite(numbers, missing, place)
        return [each for part in self.parts for each in part.inputs(_part(numbers, part.name), missing, clip)]


def _was(column: Column) -> str:
    return f"{KINDS[column.kind]} (as categories)" if column.category else KINDS[column.kind]


def _part(numbers: Inputs, name: str) -> Inputs:
    return numbers if name == "value" else date_part(numbers, name)


@dataclass(frozen=True)
class Preparation:
    """How the cells of X become inputs: plain data.

    Parameters
    ----------
    columns : tuple of Column
        One for each feature.
    allow_nan : bool
        Whether cells may be missing.
    clip : float
        Largest magnitude of scaled numbers, 0 where nothing is scaled.
    """

    columns: tuple[Column, ...]
    allow_nan: bool
    clip: float

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the network's inputs."""
        return tuple(name for column in self.columns for name in column.inputs)

    def encode(self, cells: Cells) -> NDArray[Any]:
        """The inputs of every row.

        Raises
        ------
        TypeError, ValueError
            If a column does not fit; the message names it.
        """
        inputs: NDArray[Any] = np.empty((len(cells), len(self.inputs)), cells.dtype)
        done = 0
        for column, values in zip(self.columns, cells.columns, strict=True):
            first = done
            with np.errstate(over="ignore"):
                for block in column.blocks(values, self.allow_nan, self.clip):
                    width = 1 if block.ndim == 1 else block.shape[1]
                    inputs[:, done : done + width] = block.reshape(-1, width)
                    done += width
            if column.parts and not np.isfinite(inputs[:, first:done]).all():
                raise ValueError(
                    f"X, column {column.name!r}, contains infinity or a value too large for {inputs.dtype!r}."
                )
        return inputs


def checked_missing(values: Values, allow_nan: bool, place: str) -> Mask:
    """Which cells are missing.

    Raises
    ------
    ValueError
        If there are any, and they are not allowed.
    """
    missing = missing_in(values)
    if not allow_nan and missing.any():
        raise ValueError(
            f"{place} contains NaN or another missing value, first in row {int(missing.argmax())}. Impute it, or have it done "
            "here: allow_nan=True."
        )
    return missing


def refuse_infinite(numbers: Inputs, missing: Mask, place: str) -> None:
    """ValueError if a number is infinite."""
    infinite = ~missing & ~np.isfinite(numbers)
    if infinite.any():
        raise ValueError(f"{place} contains infinity, first in row {int(infinite.argmax())}; expected finite numbers.")


def fit_preparation(
    cells: Cells, rows: NDArray[np.int64] | None, categorical: Any, allow_nan: bool, scaled: bool
) -> Preparation:
    """Levels, medians and scales of the rows to train on (None for all); what kind a column is, from all its cells.

    Parameters
    ----------
    cells : Cells
        X.
    rows : ndarray of int or None
        The rows trained on.
    categorical : None, "from_dtype", mask, or list of indices or names
        Which columns are categories.
    allow_nan : bool
        Whether cells may be missing.
    scaled : bool
        Whether numbers are scaled.

    Raises
    ------
    TypeError, ValueError
        If a column cannot be used as asked; the message names it.
    """
    asked = categorical_mask(categorical, cells)
    kept = slice(None) if rows is None else rows
    columns = tuple(
        _fit_column(name, values, kept, category, allow_nan, scaled)
        for name, values, category in zip(cells.names, cells.columns, asked, strict=True)
    )
    found = Preparation(columns, allow_nan, CLIP if scaled else 0.0)
    if not found.inputs:
        raise ValueError("no column of X has a value in the rows to train on, so the network has no inputs.")
    return found


def _fit_column(name: str, values: Values, rows: Any, category: bool | None, allow_nan: bool, scaled: bool) -> Column:
    """One column; `category` is None where its cells decide."""
    place = f"X, column {name!r},"
    missing = checked_missing(values, allow_nan, place)
    kind = kind_in(values, missing, place)
    category = kind in ("text", "truth") if category is None else bool(category)
    if category:
        return _fit_levels(name, values[rows], missing[rows], kind, place)
    if kind == "text":
        raise ValueError(
            f"{place} holds {describe_kind(kind, values, missing)}, which cannot be converted to float. Encode it, or name it in "
            "categorical_features (or 'from_dtype')."
        )
    if not kind:
        return Column(name, kind, category)
    numbers = numbers_in(values, missing)
    refuse_infinite(numbers, missing, place)
    if not (allow_nan or scaled or kind == "date"):
        return Column(name, kind, category, (), (Part("value", 0.0, 0.0, 1.0),))
    names = DATE_PARTS if kind == "date" else ("value",)
    parts = [fit_part(each, _part(numbers[rows], each), missing[rows], scaled) for each in names]
    return Column(name, kind, category, (), tuple(part for part in parts if part is not None))


def _fit_levels(name: str, values: Values, missing: Mask, kind: str, place: str) -> Column:
    if kind == "date":
        raise ValueError(f"{place} holds dates, which are no categories; give their text, or leave it out of them.")
    if kind == "truth":
        return Column(name, kind, True, TRUTH)
    if kind == "number":
        refuse_infinite(numbers_in(values, missing), missing, place)
    counts = Counter(text for text in level_texts(values, missing, kind) if text is not None) if kind else Counter()
    return Column(name, kind, True, frequent_levels(counts, kind == "number"))


def categorical_mask(given: Any, cells: Cells) -> list[bool | None]:
    """For each column whether it is a category; None where its cells decide.

    Raises
    ------
    ValueError
        If `categorical_features` does not fit the columns.
    """
    count = len(cells.names)
    if given is None:
        return [False] * count
    if isinstance(given, str) and given == FROM_DTYPE:
        return [True if declared else None for declared in cells.categories]
    chosen = np.asarray(given)
    if chosen.dtype == object and {type(one) for one in chosen.ravel()} <= {str, np.str_}:
        chosen = chosen.astype(str)
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "biuU"):
        raise ValueError(
            "categorical_features must be None, 'from_dtype', or a list of names, of indices, or of True and False for each "
            f"column; got {shown(given)}."
        )
    if chosen.dtype.kind == "b":
        if len(chosen) != count:
            raise ValueError(f"categorical_features is a mask of {len(chosen)}, but X has {count} columns.")
        return [bool(one) for one in chosen]
    places = [_place(one.item(), cells) for one in chosen]
    return [at in places for at in range(count)]


def _place(one: Any, cells: Cells) -> int:
    if isinstance(one, str):
        if one not in cells.names:
            listed = ", ".join(map(repr, cells.names[:12])) + (", ..." if len(cells.names) > 12 else "")
            raise ValueError(f"categorical_features names {one!r}, but the columns of X are {listed}.")
        return cells.names.index(one)
    if not 0 <= one < len(cells.names):
        raise ValueError(f"categorical_features has the index {one}; the columns of X are 0 to {len(cells.names) - 1}.")
    return int(one)
