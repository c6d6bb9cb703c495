"""A table model as a case: its table is encoded as for the training, its test rows are the ones not trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.diagnosis.building import Given, case_of
from chainrule.diagnosis.case import Case
from chainrule.errors import TableError
from chainrule.tables import Table, TableModel
from chainrule.tables import target as targets
from chainrule.tables.encoding import Encoder


def case_of_table(model: TableModel, table: Any) -> Case:
    """A table model, with the table it was trained on if that is passed: its test rows are known.

    Raises
    ------
    TableError
        If the table has not the columns or the rows that the model was trained on.
    """
    goal, estimator = model.schema.target, model.estimator
    given = held = (None, None)
    if table is not None:
        table = Table.from_frame(table)
        if len(table) != model.summary.get("rows"):
            raise TableError(
                f"{table.path} has {len(table):,} rows; the model was trained on a table of {model.summary.get('rows')}. Pass "
                "that one, or diagnose without a table."
            )
        known = targets.known_rows(table, goal)
        test = np.isin(known, model.test_rows)
        given = _encoded(model, table.take(known[~test]))
        held = _encoded(model, table.take(known[test])) if test.any() else held
    found = case_of(estimator, given, held)
    return replace(found, subject=f"the network that predicts {goal.name}", columns=tuple(model.schema.inputs))


def _encoded(model: TableModel, table: Table) -> Given:
    return Encoder(model.schema).encode(table, []), targets.targets(table, model.schema.target)
