"""Predictions as a table of their own, safe to open in a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from chainrule.errors import TableError
from chainrule.files import FORMULA_STARTS, is_formula
from chainrule.tables.inference import infer_column
from chainrule.tables.target import label_text

if TYPE_CHECKING:
    from chainrule.tables import Table, TableModel

PREDICTION, PROBABILITY = "prediction", "probability_"


def predictions(model: TableModel, table: Table, all_columns: bool) -> pl.DataFrame:
    """Kept columns, `prediction`, and for classes a probability each; rows in the table's order."""
    found: dict[str, Any] = {}
    if model.schema.target.task == "regression":
        found[PREDICTION] = model.predict(table)
    else:
        probabilities = model.predict_proba(table)
        names = [label_text(label) for label in model.classes]
        found[PREDICTION] = np.array(names, dtype=object)[probabilities.argmax(axis=1)].tolist()
        found |= {PROBABILITY + name: probabilities[:, place] for place, name in enumerate(names)}
    kept = table.names if all_columns else [name for name in table.names if _identifies(model, table, name)]
    # A column of that name in the input stays, under another one.
    columns = {_free(name, found): _flat(table.frame[name]) for name in kept}
    return pl.DataFrame({**columns, **found})


def _free(name: str, taken: dict[str, Any]) -> str:
    return name if name not in taken else _free(f"{name}_input", taken)


def _identifies(model: TableModel, table: Table, name: str) -> bool:
    """Whether the column names its rows: as the model knows it or, if it does not, by the cells here."""
    if name == model.schema.target.name:
        return False
    known = {column.name: column.kind for column in model.schema.columns}
    if name in known:
        return known[name] == "identifier"
    try:
        return infer_column(table, name).kind == "identifier"
    except TableError:
        return False


def _flat(column: pl.Series) -> pl.Series:
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        return pl.Series(
            column.name, [None if cell is None else str(cell) for cell in column.to_list()], dtype=pl.String
        )
    return column


def guarded(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The table with ' before every text (names of columns too) that a spreadsheet would run, and how many there were."""
    changed = 0
    columns: dict[str, Any] = {}
    for name in frame.columns:
        cells = frame[name]
        if cells.dtype == pl.String:
            suspects = cells.str.slice(0, 1).is_in(FORMULA_STARTS).fill_null(False)
            runs = [place for place in suspects.arg_true().to_list() if is_formula(cells[place])]
            if runs:
                cells = cells.scatter(runs, [f"'{cells[place]}" for place in runs])
                changed += len(runs)
        title = f"'{name}" if is_formula(name) else name
        changed += title != name
        columns[title] = cells
    return pl.DataFrame(columns), changed
