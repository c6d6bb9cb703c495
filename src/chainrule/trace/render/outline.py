"""What every renderer is given: an explanation as sections, groups, claims and tables, still free of any format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.trace.rows import Row, Value
from chainrule.trace.writing.expressions import Expression


@dataclass(frozen=True)
class Claim:
    """One row of the trace, told.

    Parameters
    ----------
    row : Row
        The row.
    step : int
        Its number among all that is computed.
    symbol : Expression
        What it is called.
    formula, numbers, shapes : Expression or None
        How it follows from others: in symbols, with their numbers, with their shapes.
    value : float or ndarray
        The result; arrays as the lectures write them, one column per data row.
    question, sentence : str
        What the number tells, and how it is made, in plain words; "{}" in a question stands for `about`.
    about : Expression or None
        The symbol that the question is about.
    uses : tuple of (str, int)
        Symbols of results that were computed long before, with their steps.
    first : bool
        Whether it is the first of its kind, which alone needs its words where space is short.
    """

    row: Row
    step: int
    symbol: Expression
    formula: Expression | None
    numbers: Expression | None
    shapes: Expression | None
    value: Value
    question: str
    sentence: str
    about: Expression | None = None
    uses: tuple[tuple[Expression, int], ...] = ()
    first: bool = True


@dataclass(frozen=True)
class Matrix:
    """An array that is given.

    Parameters
    ----------
    row : Row
        The row.
    symbol : Expression
        What it is called.
    value : ndarray
        With one column per data row.
    """

    row: Row
    symbol: Expression
    value: Value


Cell = Expression | str | float


@dataclass(frozen=True)
class Table:
    """A table; its first column names the rows.

    Parameters
    ----------
    caption : str
        What it shows.
    header : tuple of str or Expression
        One for each column.
    rows : tuple of tuple of (Expression, str or float)
        The cells; numbers are written with the reader's digits.
    """

    caption: str
    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Group:
    """Parts that belong together: a layer, a unit, a matrix form.

    Parameters
    ----------
    title : str
        The heading.
    parts : tuple of Claim, Table, Matrix, Group or str
        In order; a text is a paragraph.
    open : bool
        Whether a page that can fold groups shows it unfolded.
    """

    title: str
    parts: tuple[Part, ...]
    open: bool = False


Part = Claim | Table | Matrix | Group | str


@dataclass(frozen=True)
class Section:
    """A stage of the explanation.

    Parameters
    ----------
    name : str
        Of the stage.
    title, lead : str
        Heading and first sentence.
    parts : tuple of Claim, Table, Matrix, Group or str
        In order.
    """

    name: str
    title: str
    lead: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Outline:
    """A whole explanation.

    Parameters
    ----------
    title : str
        Of the page.
    facts : tuple of (str, str)
        The header.
    sections : tuple of Section
        One for each stage.
    remarks : tuple of str
        What to know about the numbers.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    remarks: tuple[str, ...]

    def claims(self) -> Iterator[Claim]:
        """All claims, in order."""
        for section in self.sections:
            yield from _claims(section.parts)


def _claims(parts: tuple[Part, ...]) -> Iterator[Claim]:
    for part in parts:
        if isinstance(part, Claim):
            yield part
        elif isinstance(part, Group):
            yield from _claims(part.parts)
