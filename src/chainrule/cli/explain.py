"""`chainrule explain`: every number of one row's way through a model, forward, backward and one step further."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.options import ModelFile, TableFile, named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chainrule.tables import Table, TableModel
    from chainrule.trace import Trace

# What a file's ending says about the format.
ENDINGS = {
    "": "terminal", ".txt": "terminal", ".md": "markdown", ".tex": "latex", ".html": "html", ".htm": "html", ".json": "json",
    ".svg": "svg",
}  # fmt: skip
WIDTH_OF_FILES = 100


def _formats() -> Iterable[str]:
    from chainrule.trace.render import FORMATS

    return FORMATS


def _levels() -> Iterable[str]:
    from chainrule.trace.front import LEVELS

    return LEVELS


def _notations() -> Iterable[str]:
    from chainrule.trace.notation import NOTATIONS

    return NOTATIONS


Rows = Annotated[
    list[int],
    typer.Option(
        "--row", "-r", min=1, metavar="N", help="Row of the table, from 1; several make a batch.", show_default=False
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        parser=named("format", _formats),
        metavar="FORMAT",
        help="terminal, markdown, latex, html, json or svg.",
        show_default="by the ending of --output, terminal without one",
    ),
]
Notation = Annotated[
    str,
    typer.Option(
        "--notation",
        parser=named("notation", _notations),
        metavar="NAME",
        help="udl (f, h, Ω, β), nielsen (z, a, W, b, δ), mazur or plain.",
    ),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="File to write; else standard output.")
]
Digits = Annotated[int, typer.Option("--digits", min=1, max=17, help="Significant digits shown.")]
Layer = Annotated[
    int | None,
    typer.Option("--layer", min=1, help="With --unit: open this layer's unit; the output layer is the last."),
]
Unit = Annotated[int | None, typer.Option("--unit", min=1, help="With --layer: the unit, from 1.")]
Level = Annotated[
    str,
    typer.Option(
        "--level",
        parser=named("level", _levels),
        metavar="LEVEL",
        help="unit (rows for every unit), layer, or auto: unit where the network is small.",
    ),
]
Sample = Annotated[
    int,
    typer.Option("--sample", min=1, help="Gradients of each array that are checked by differences, where not all are."),
]
Forward = Annotated[bool, typer.Option("--forward", help="Only the prediction, without loss and gradients.")]


def explain(
    model: ModelFile,
    file: TableFile,
    row: Rows,
    format: Format = None,
    output: Output = None,
    notation: Notation = "udl",
    digits: Digits = 6,
    layer: Layer = None,
    unit: Unit = None,
    level: Level = "auto",
    sample: Sample = 4,
    forward: Forward = False,
) -> None:
    """Explain a row: every number from the inputs to the prediction, the loss, the gradients and the next step.

    Every number is derived anew from the others before it is shown; the exit code is 1 if one does not follow.
    """
    from chainrule.cli import files
    from chainrule.cli.guard import CommandError
    from chainrule.cli.loading import table_model
    from chainrule.cli.output import note, say
    from chainrule.tables import read_table

    if (layer is None) != (unit is None):
        raise typer.BadParameter("--layer and --unit go together: a unit is named by both.", param_hint="'--unit'")
    if output is not None:
        files.check_output(output, (model, file))
    format = format or _format(output)
    fitted, table = table_model(model, file, "explain"), read_table(file)
    trace = _trace(fitted, table, row, target=False if forward else None, level=level, sample=sample)
    if "loss" not in trace.header.stages and not forward:
        missing = "the row has no known" if len(row) == 1 else "not every row has a known"
        note(f"{missing} {fitted.schema.target.name!r}, so there is no loss: only the prediction is explained.")
    place = _place(trace, layer, unit)
    if place is not None and trace.level == "layer":
        trace = trace.unit(*place)
    found = trace.verify()
    _write(trace, format, output, notation=notation, digits=digits, unit=place)
    if not found.ok:
        raise CommandError(f"not every number follows from the others: {' '.join(str(found).split())}")
    if output is not None:
        say(f"{len(trace):,} numbers explained in {output}; each was derived anew from the others.")


def _trace(fitted: TableModel, table: Table, rows: list[int], **wishes: Any) -> Trace:
    """The trace of rows that are numbered as in the file: from 1, the header not counted."""
    from chainrule.cli.guard import CommandError
    from chainrule.trace import trace_table

    for number in rows:
        if number > len(table):
            raise CommandError(f"{table.path}: there is no row {number}; the table's rows are 1 to {len(table):,}.")
    try:
        return trace_table(fitted, table, [number - 1 for number in rows], **wishes)
    except ValueError as error:
        raise CommandError(str(error)) from error


def _place(trace: Trace, layer: int | None, unit: int | None) -> tuple[int, int] | None:
    """The unit that was asked for, counted from 0."""
    if layer is None or unit is None:
        return None
    depth = trace.header.depth
    if layer > depth:
        raise typer.BadParameter(f"the network has {depth} layers; there is no layer {layer}.", param_hint="'--layer'")
    units = trace.header.widths[layer]
    if unit > units:
        raise typer.BadParameter(f"layer {layer} has {units} units; there is no unit {unit}.", param_hint="'--unit'")
    return layer - 1, unit - 1


def _format(output: Path | None) -> str:
    """The format that the file's ending says."""
    ending = "" if output is None else output.suffix.lower()
    if ending not in ENDINGS:
        known = ", ".join(name for name in ENDINGS if name)
        raise typer.BadParameter(
            f"{output}: no explanation is written as {ending}. Endings are {known}; with --format it can be any.",
            param_hint="'--output'",
        )
    return ENDINGS[ending]


def _write(trace: Trace, format: str, output: Path | None, **wishes: Any) -> None:
    """To the file or to standard output, in what its encoding can show."""
    from chainrule.cli import files
    from chainrule.cli.output import console
    from chainrule.cli.text import clean
    from chainrule.trace.writing import in_ascii

    if output is not None:
        files.write(output, trace.render(format, **wishes).encode())
        return
    if format != "terminal":
        typer.echo(trace.render(format, **wishes))
        return
    target = console()
    color = target.is_terminal and not target.no_color
    text = trace.render(format, width=target.width if target.is_terminal else WIDTH_OF_FILES, color=color, **wishes)
    if not target.encoding.lower().startswith("utf"):
        text = in_ascii(text)
    typer.echo(text if color else clean(text), nl=False)
