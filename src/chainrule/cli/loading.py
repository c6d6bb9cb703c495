"""Reading a model file for a command that needs a table model."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.cli.guard import CommandError
from chainrule.files import GZIP, HEAD, MODEL, PARQUET, TEXT, recognised

if TYPE_CHECKING:
    from chainrule.tables import TableModel


def table_model(path: Path, file: Path, command: str) -> TableModel:
    """The table model in the file; CommandError for a bare estimator, which knows no columns, or swapped arguments."""
    from chainrule.models import load
    from chainrule.tables import TableModel

    if _recognised(file) == MODEL and _recognised(path) in (TEXT, PARQUET, GZIP):
        raise CommandError(
            f"{path} is a table and {file} is a model; the model comes first: "
            f"chainrule {command} {shlex.quote(str(file))} {shlex.quote(str(path))}"
        )
    model = load(path)
    if not isinstance(model, TableModel):
        raise CommandError(
            f"{path}: holds a bare {type(model).__name__} without a table's columns; load it in Python with "
            "chainrule.load, or train a model with `chainrule train`."
        )
    return model


def _recognised(path: Path) -> str:
    # A pipe would lose these bytes; what cannot be read is complained about where it is used.
    if not path.is_file():
        return ""
    try:
        with open(path, "rb") as stream:
            return recognised(stream.read(HEAD))
    except OSError:
        return ""
