"""`chainrule predict`: a table in, its predictions out, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.options import Json, ModelFile, TableFile


def predict(
    model: ModelFile,
    file: TableFile,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="CSV file to write; else standard output.")
    ] = None,
    all_columns: Annotated[
        bool, typer.Option("--all-columns", help="Keep every column of the table, not only identifiers.")
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write texts that a spreadsheet takes for formulas as they are.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Predict every row of a table.

    The result has the table's rows in the same order and these columns: the table's identifiers, `prediction`, and for
    classes `probability_<class>`.
    """
    from chainrule.cli import files
    from chainrule.cli.loading import table_model
    from chainrule.cli.output import emit, note, say
    from chainrule.cli.predictions import guarded, predictions
    from chainrule.tables import read_table

    if output is not None and as_json:
        hint = "'--output' / '-o'"
        raise typer.BadParameter("--json prints to standard output; leave out one or the other.", param_hint=hint)
    fitted = table_model(model, file, "predict")
    table = read_table(file)
    if output is not None:
        files.check_output(output, (model, file))
    frame = predictions(fitted, table, all_columns)
    for text in fitted.notes:
        note(text)
    if as_json:
        emit({"model": str(model), "table": str(file), "rows": frame.height, "predictions": frame.to_dicts()})
        return
    if not raw:
        frame, changed = guarded(frame)
        if changed:
            note(
                f"{changed:,} texts that begin like a formula (= + - @) were prefixed by '; --raw writes them as they are."
            )
    text = frame.write_csv()
    if output is None:
        typer.echo(text.encode(), nl=False)
    else:
        files.write(output, text.encode())
        say(f"{frame.height:,} predictions written to {output}.")
