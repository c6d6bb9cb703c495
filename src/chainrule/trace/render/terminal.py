"""An explanation for the terminal: one line for each reading of a formula, broken at the terminal's width."""

from __future__ import annotations

import io
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.trace.render.arrays import in_words
from chainrule.trace.render.outline import Cell, Claim, Group, Matrix, Outline, Part, Table
from chainrule.trace.render.words import array_of, is_number, plain_cell, result, uses_line, words_of
from chainrule.trace.writing import Text, shown
from chainrule.trace.writing import expressions as e

if TYPE_CHECKING:
    from rich.console import Console

# Lines of a long table: the first and the last ones are shown.
MOST_LINES, SHOWN_LINES = 40, 15
# Room in front of every line, and how much further in a broken formula goes on.
FRONT, HANG = 6, 2


def to_terminal(outline: Outline, digits: int = 6, width: int = 100, color: bool = False) -> str:
    """The explanation as text.

    Parameters
    ----------
    outline : Outline
        What is told.
    digits : int
        Significant digits.
    width : int
        Columns of the terminal.
    color : bool
        Whether headings are bold and remarks dim.

    Raises
    ------
    ModuleNotFoundError
        If rich is not installed.
    """
    try:
        from rich.console import Console
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the terminal format needs rich: pip install 'chainrule[cli]'", name="rich"
        ) from error
    page = io.StringIO()
    console = Console(
        file=page,
        width=max(width, 40),
        force_terminal=color,
        color_system="standard" if color else None,
        markup=False,
        emoji=False,
        highlight=False,
    )
    _Page(console, Text(digits)).outline(outline)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


class _Page:
    """Prints the parts of an outline, one after the other."""

    def __init__(self, console: Console, writer: Text) -> None:
        from rich.text import Text as Styled

        self.console, self.writer = console, writer
        # Lines wait here: rich takes as long for one line as for hundreds.
        self.waiting = Styled()

    def _say(self, line: str = "", style: str | None = None) -> None:
        """A line that is as long as it shall be."""
        self.waiting.append(f"{line}\n", style)

    def _prose(self, text: str, style: str | None = None) -> None:
        """A text that is broken at the terminal's width."""
        for line in wrap(text, self.console.width):
            self._say(line, style)

    def _flush(self) -> None:
        self.console.print(self.waiting, end="", soft_wrap=True)
        self.waiting = self.waiting.blank_copy()

    def outline(self, outline: Outline) -> None:
        """All of it."""
        self._prose(outline.title, "bold")
        self._rows([(name, text) for name, text in outline.facts])
        for number, section in enumerate(outline.sections, 1):
            self._say()
            self._say(f"{number}. {section.title}", "bold underline")
            self._prose(section.lead, "dim")
            self._parts(section.parts, 0)
        self._say()
        self._say("Remarks", "bold underline")
        for remark in outline.remarks:
            self._rows([("-", remark)])
        self._flush()

    def _parts(self, parts: tuple[Part, ...], depth: int) -> None:
        for part in parts:
            if isinstance(part, Group):
                self._say()
                self._say("  " * depth + part.title, "bold" if depth == 0 else "italic")
                self._parts(part.parts, depth + 1)
            elif isinstance(part, Claim):
                self._claim(part)
            elif isinstance(part, Matrix):
                written = self._array(part)
                told = f"{self.writer.write(part.symbol)} = {'' if written else self._words(part)}"
                self._rows([("", told.rstrip())])
                self._lines(written)
            elif isinstance(part, Table):
                self._table(part)
            else:
                self._prose(part)

    def _claim(self, claim: Claim) -> None:
        write = self.writer.write
        words = [words_of(claim, str, write)] if claim.first else []
        value, array = result(claim.value), self._array(claim)
        told = [write(one) for one in (claim.formula, claim.numbers, value) if one is not None]
        if value is None and not array:
            told.append(self._words(claim))
        lines = [f"{write(claim.symbol)} = {told[0] if told else ''}".rstrip(), *(f"   = {one}" for one in told[1:])]
        if claim.shapes is not None:
            lines.append(f"   shapes {write(claim.shapes)} → {'×'.join(map(str, np.shape(claim.value)))}")
        if claim.uses:
            lines.append(f"   {uses_line(claim, write)}")
        self._rows([("", line) for line in words], "dim")
        self._rows([(f"({claim.step})" if place == 0 else "", line) for place, line in enumerate(lines)])
        self._lines(array)

    def _words(self, part: Claim | Matrix) -> str:
        """An array in words: it is too large, or too wide for this terminal."""
        return in_words(np.asarray(part.value), self.writer.digits)

    def _array(self, part: Claim | Matrix) -> list[str]:
        """The lines of an array; none where it is too large."""
        array = array_of(part)
        if array is None:
            return []
        cells = [[shown(float(value), self.writer.digits) for value in line] for line in array]
        widths = [max(len(line[at]) for line in cells) for at in range(array.shape[1])]
        if sum(widths) + 2 * len(widths) + FRONT + 9 > self.console.width:
            return []
        padded = ("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
        return [f"[ {line} ]" for line in padded]

    def _lines(self, lines: list[str]) -> None:
        for line in lines:
            self._say(" " * (FRONT + 5) + line)

    def _rows(self, rows: list[tuple[str, str]], style: str | None = None) -> None:
        """Lines with something in front; what is too long goes on under itself, a little further in."""
        front = max(max((len(name) for name, _ in rows), default=0), FRONT)
        for name, text in rows:
            indent = " " * (len(text) - len(text.lstrip()) + HANG * text.lstrip().startswith("= "))
            broken = wrap(
                text, max(self.console.width - front - 2, 20), subsequent_indent=indent, break_on_hyphens=False
            )
            for place, line in enumerate(broken or [""]):
                self._say(f"{name if place == 0 else '':<{front}}  {line}", style)

    def _table(self, table: Table) -> None:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table as Drawn

        drawn: Any = Drawn(box=SIMPLE_HEAD, pad_edge=False)
        first = table.rows[0] if table.rows else ()
        for place, title in enumerate(table.header):
            right = place < len(first) and is_number(first[place])
            drawn.add_column(self._cell(title), justify="right" if right else "left", overflow="fold")
        rows, left_out = table.rows, 0
        if len(rows) > MOST_LINES:
            left_out = len(rows) - 2 * SHOWN_LINES
            rows = (*rows[:SHOWN_LINES], tuple("…" for _ in table.header), *rows[-SHOWN_LINES:])
        for row in rows:
            drawn.add_row(*(self._cell(cell) for cell in row))
        self._say()
        self._prose(table.caption, "italic")
        self._flush()
        self.console.print(drawn)
        if left_out:
            self._prose(f"{left_out:,} lines are left out here; the formats html and json have all of them.", "dim")

    def _cell(self, cell: Cell) -> str:
        return self.writer.write(cell) if isinstance(cell, e.Expression) else plain_cell(cell, self.writer.digits)
