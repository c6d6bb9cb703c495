"""Reading a model file for a command that needs a table model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.cli.guard import CommandError

if TYPE_CHECKING:
    from chainrule.tables import TableModel


def table_model(path: Path) -> TableModel:
    """The table model in the file; CommandError for a bare estimator, which knows no columns."""
    from chainrule.models import load
    from chainrule.tables import TableModel

    model = load(path)
    if not isinstance(model, TableModel):
        raise CommandError(
            f"{path}: holds a bare {type(model).__name__} without a table's columns; load it in Python with "
            "chainrule.load, or train a model with `chainrule train`."
        )
    return model
