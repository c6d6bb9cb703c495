"""Renderers: one outline of a trace, written for a terminal, as Markdown, LaTeX, HTML; JSON and the picture beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from chainrule.trace.notation import get_notation
from chainrule.trace.record import Trace, whole
from chainrule.trace.render.html import to_html
from chainrule.trace.render.latex import to_latex
from chainrule.trace.render.markdown import to_markdown
from chainrule.trace.render.picture import to_svg
from chainrule.trace.render.story import Story
from chainrule.trace.render.terminal import to_terminal
from chainrule.trace.writing.numbers import MOST_DIGITS

__all__ = ["FORMATS", "Wishes", "render"]


@dataclass(frozen=True)
class Wishes:
    """How a trace is to be shown.

    Parameters
    ----------
    notation : str
        A key of `chainrule.trace.notation.NOTATIONS`.
    digits : int
        Significant digits, from 1 to 17.
    width : int
        Columns of a terminal.
    color : bool
        Whether a terminal shows bold and dim text.
    unit : tuple of (int, int) or None
        Layer and unit that the picture highlights.
    """

    notation: str = "udl"
    digits: int = 6
    width: int = 100
    color: bool = False
    unit: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        get_notation(self.notation)
        if not whole(self.digits) or not 1 <= self.digits <= MOST_DIGITS:
            raise ValueError(f"digits must be a whole number from 1 to {MOST_DIGITS}; got {self.digits!r}.")
        if not whole(self.width) or self.width < 1:
            raise ValueError(f"width must be a whole number of columns, at least 1; got {self.width!r}.")

    def checked(self, trace: Trace) -> Wishes:
        """The same, with a unit that the network has, counted from 0.

        Raises
        ------
        ValueError
            If it has no such unit.
        """
        if self.unit is None:
            return self
        if not isinstance(self.unit, (tuple, list)) or len(self.unit) != 2:
            raise ValueError(f"unit must be (layer, unit), both counted from 0; got {self.unit!r}.")
        return replace(self, unit=trace.place(*self.unit))


def _story(trace: Trace, wishes: Wishes) -> Story:
    return Story(trace, get_notation(wishes.notation))


FORMATS: dict[str, Callable[[Trace, Wishes], str]] = {
    "terminal": lambda trace, w: to_terminal(_story(trace, w).outline(), w.digits, w.width, w.color),
    "markdown": lambda trace, w: to_markdown(_story(trace, w).outline(), w.digits),
    "latex": lambda trace, w: to_latex(_story(trace, w).outline(), w.digits),
    "html": lambda trace, w: to_html(_story(trace, w), w.digits, w.unit),
    "json": lambda trace, w: trace.to_json(),
    "svg": lambda trace, w: to_svg(trace, get_notation(w.notation), w.digits, w.unit),
}


def render(trace: Trace, format: str, **wishes: Any) -> str:
    """A trace for reading.

    Parameters
    ----------
    trace : Trace
        What is shown.
    format : {"terminal", "markdown", "latex", "html", "json", "svg"}
        How.
    **wishes
        Fields of `Wishes`: notation, digits, width, color, unit.

    Returns
    -------
    text : str

    Raises
    ------
    ValueError
        If there is no such format, notation or unit, or a number of digits or columns is impossible.
    TypeError
        If there is no such wish.
    """
    if format not in FORMATS:
        raise ValueError(f"unknown format {format!r}; known are {', '.join(FORMATS)}.")
    known = [field.name for field in fields(Wishes)]
    odd = [name for name in wishes if name not in known]
    if odd:
        raise TypeError(f"render got an unexpected option {odd[0]!r}; known are {', '.join(known)}.")
    return FORMATS[format](trace, Wishes(**wishes).checked(trace))
