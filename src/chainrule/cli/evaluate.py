"""`chainrule evaluate`: how well a model predicts the rows of a table that has the target."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from chainrule.cli.options import Json, ModelFile, TableFile

if TYPE_CHECKING:
    from chainrule.tables import Table, TableModel


def evaluate(model: ModelFile, file: TableFile, as_json: Json = False) -> None:
    """Score a model on a table with the target."""
    from chainrule.cli.loading import table_model
    from chainrule.cli.output import emit, note
    from chainrule.cli.results import show_evaluation
    from chainrule.tables import read_table

    fitted = table_model(model, file, "evaluate")
    table = read_table(file)
    found = fitted.evaluate(table)
    notes = [*fitted.notes, *_trained_on(fitted, table)]
    for text in notes:
        note(text)
    if as_json:
        emit({"model": str(model), "table": str(file), **found.to_dict(), "notes": notes})
    else:
        show_evaluation(found, f"{file}: {found.rows:,} rows", first=True)


def _trained_on(model: TableModel, table: Table) -> list[str]:
    """A warning where this looks like the table the model was trained on."""
    summary = model.summary
    same_name = os.path.basename(str(summary.get("table"))) == os.path.basename(table.path)
    if not same_name or summary.get("rows") != len(table):
        return []
    return [
        "the model was trained on most of these rows, so this score flatters it; "
        "the score on the rows held out is shown by `chainrule inspect`."
    ]
