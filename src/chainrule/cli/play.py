"""`chainrule play`: the playground in the browser, with your own data or model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.guard import CommandError

if TYPE_CHECKING:
    from chainrule.playground.data.source import Source


def play(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Table (CSV, also .gz, or Parquet) or model file to play with."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", metavar="COLUMN", help="Column to learn.", show_default="the last one"),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="MODEL", help="Model file to go on with, on the rows of FILE.")
    ] = None,
    link: Annotated[
        str | None,
        typer.Option(
            "--link", metavar="TEXT", help="Link of a playground, also of playground.tensorflow.org, to open."
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on.", show_default="a free one")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
) -> None:
    """Play with a network in the browser: data, layers, training, every number explained.

    The page is served to this machine only, and nothing leaves it. Ctrl-C stops it.
    """
    from chainrule.cli.output import note, say
    from chainrule.playground.server.launch import Server, browse
    from chainrule.playground.server.runner import Start

    if target is not None and file is None:
        raise typer.BadParameter("a column to learn needs a FILE.", param_hint="'--target'")
    given = {"data": {"source": "table", "target": target}} if target is not None else link
    try:
        source = _source(file, model)
        if target is not None and source is not None and source.table is not None:
            source.table.require([target])
        start = Start(given, source)
        notes = start.notes()
        server = Server(start, port, told=lambda address: note(f"for another browser: {address}"))
    except ValueError as error:
        raise CommandError(str(error)) from None
    for text in notes:
        note(text)
    address = server.invitation()
    opened = browser and browse(address)
    # Told in any case: a browser that says it has opened the page may have shown nothing.
    say(f"The playground is in your browser; if it is not: {address}" if opened else f"Open in your browser: {address}")
    note("Ctrl-C stops it.")
    try:
        server.run()
    except KeyboardInterrupt:
        # The usual end of it.
        say("Stopped.")


def _source(file: Path | None, model: Path | None) -> Source | None:
    from chainrule.files import HEAD, MODEL, recognised
    from chainrule.playground.data.source import Source

    if file is None:
        return None if model is None else Source.from_model(model)
    with open(file, "rb") as stream:
        kind = recognised(stream.read(HEAD))
    if model is None:
        return Source.from_model(file) if kind == MODEL else Source.from_path(file)
    if kind == MODEL:
        raise ValueError(f"{file} is a model file; the table comes first: chainrule play TABLE --model {file}.")
    from chainrule.tables import read_table

    return Source.from_model(model, read_table(file))
