"""`trace_table`: the explanation of rows of a table by a model of tables, with the cells as they stand in the file.

Tables are an extra: nothing of them is imported before it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines import checked_rows
from chainrule.errors import TableError
from chainrule.trace.estimator import trace_estimator
from chainrule.trace.header import DataRow
from chainrule.trace.record import Trace

if TYPE_CHECKING:
    from chainrule.tables import TableModel
    from chainrule.tables.table import Table


def trace_table(
    model: TableModel, table: Any, rows: Sequence[int], *, target: bool | None = None, **options: Any
) -> Trace:
    """Explain rows of a table; with several rows they are one batch.

    Parameters
    ----------
    model : TableModel
        A fitted model.
    table : Table, polars.DataFrame or pandas.DataFrame
        Where the rows are.
    rows : sequence of int
        Their places, from 0 as everywhere in Python. The explanation and messages number rows as the file does, from 1.
    target : bool or None
        Whether loss and backward pass are shown, which need the target column; None shows them where every row has a target.
    **options
        As in `trace_estimator`.

    Returns
    -------
    Trace
        With the raw cells and the encoded inputs side by side.

    Raises
    ------
    ValueError
        If there is no such row, the table does not fit the schema, or a target is asked for that is not known.
    """
    from chainrule.tables.encoding import Encoder
    from chainrule.tables.table import Table

    whole = Table.from_frame(table)
    try:
        chosen = checked_rows(np.asarray(rows), len(whole), "counted from 0, ")
    except ValueError as error:
        raise TableError(f"{whole.path}: {error}") from None
    part, goal, notes = whole.take(chosen), model.schema.target, [*options.pop("notes", ())]
    places = chosen if part.rows is None else part.rows
    X = Encoder(model.schema).encode(part, notes)
    y = _targets(part, model, target)
    predicted = model.predict(part)
    names = [column.name for column in model.schema.used]
    raw = part.frame.select(names).to_dicts()
    known = part.frame[goal.name].to_list() if goal.name in part.frame.columns else [None] * len(chosen)
    data = tuple(
        DataRow(
            int(number) + 1, {name: _cell(cell) for name, cell in raw[place].items()}, _cell(known[place]), _cell(guess)
        )
        for place, (number, guess) in enumerate(zip(places, predicted.tolist(), strict=True))
    )
    scale = (goal.centre, goal.scale) if goal.task == "regression" else (0.0, 1.0)
    described: dict[str, Any] = {
        "input_names": model.schema.inputs,
        "target_name": goal.name,
        "target_scale": scale,
        "data": data,
    }
    return trace_estimator(model.estimator, X, y, notes=notes, **described, **options)


def _targets(part: Table, model: TableModel, wanted: bool | None) -> Any:
    """Targets as the estimator learned them, None where they are not all known."""
    from chainrule.tables import target as targets

    goal = model.schema.target
    missing = np.ones(len(part), bool)
    if goal.name in part.frame.columns:
        missing[targets.known_rows(part, goal)] = False
        if goal.task != "regression":
            missing |= targets.class_codes(targets.labels_of(part, goal), goal) < 0
    if wanted is False or (wanted is None and missing.any()):
        return None
    if missing.any():
        raise TableError(
            f"{part.where(int(missing.argmax()))} has no known value of {goal.name!r}, which loss and backward pass need; "
            "explain the prediction alone (target=False), or another row. (Rows are counted from 1 here, as in a file.)"
        )
    return targets.targets(part, goal)


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
