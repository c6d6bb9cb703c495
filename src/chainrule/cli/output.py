"""Where the commands write: results to stdout, progress and messages to stderr, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from chainrule.cli.text import ASCII, BLOCKS, Curve, bounds, clean, short, sparkline

if TYPE_CHECKING:
    from rich.console import Console

WIDTH_OF_FILES = 120


def console(stderr: bool = False) -> Console:
    """A console that takes every text literally; in a file or a pipe, lines are broken late."""
    from rich.console import Console

    made = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, width=WIDTH_OF_FILES, markup=False, highlight=False)


def say(text: str = "") -> None:
    """A line on stdout."""
    typer.echo(clean(text))


def note(text: str) -> None:
    """A remark on stderr."""
    typer.echo(f"Note: {clean(text)}", err=True)


def emit(data: dict[str, Any]) -> None:
    """One JSON object on stdout; numbers that JSON does not know become null."""
    typer.echo(json.dumps(_finite(data), ensure_ascii=False, allow_nan=False, default=str))


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_finite(value) for value in data]
    bad = isinstance(data, float) and not -float("inf") < data < float("inf")
    return None if bad else data


def heading(text: str, first: bool = False) -> None:
    """A bold line, after an empty one unless it is the first."""
    if not first:
        say()
    console().print(clean(text), style="bold")


def grid(rows: Iterable[Sequence[object]], header: Sequence[str] = (), right: Sequence[int] = ()) -> None:
    """Aligned columns, indented; a long last column goes on in the next line, under itself."""
    from rich.table import Table

    table = Table(box=None, show_header=bool(header), padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column()
    cleaned = [[clean(cell) for cell in row] for row in rows]
    for place in range(max((len(row) for row in cleaned), default=0)):
        title = clean(header[place]) if place < len(header) else ""
        table.add_column(title, justify="right" if place in right else "left", overflow="fold")
    for row in cleaned:
        table.add_row("", *row)
    target = console()
    with target.capture() as drawn:
        target.print(table)
    typer.echo("\n".join(line.rstrip() for line in drawn.get().splitlines()))


def curve_rows(training: Curve, validation: Curve, symbols: str) -> list[tuple[str, str, str]]:
    """Name, last value and picture of the loss curves."""
    limits = bounds(training, validation)
    named = (("training loss", training), ("validation loss", validation))
    return [
        (name, f"{short(curve[0])} to {short(curve[-1])}", sparkline(curve, limits, symbols=symbols))
        if len(curve) > 1
        else (name, short(curve[0]), "")
        for name, curve in named
        if len(curve)
    ]


def symbols_of(target: Console) -> str:
    """The characters for curves that the console can show."""
    return BLOCKS if target.encoding.lower().startswith("utf") else ASCII
