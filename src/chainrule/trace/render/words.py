"""What the renderers of text share: cells, results and references written with one writer."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
from numpy.typing import NDArray

from chainrule.trace.render.arrays import fits, in_words
from chainrule.trace.render.outline import Cell, Claim, Matrix
from chainrule.trace.rows import Value
from chainrule.trace.writing import expressions as e
from chainrule.trace.writing import shown


def marked_up(value: object) -> str:
    """A text inside HTML or SVG; what cannot be printed is replaced."""
    return escape("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(value)))


def plain_cell(cell: Cell, digits: int) -> str:
    """A cell that is no formula."""
    return shown(cell, digits) if isinstance(cell, (int, float)) else str(cell)


def is_number(cell: Cell) -> bool:
    """Whether a cell is aligned to the right."""
    return isinstance(cell, (int, float))


def result(value: Value) -> e.Expression | None:
    """The result as an expression where it is one number."""
    return e.number(float(value)) if np.ndim(value) == 0 else None


def array_of(part: Claim | Matrix) -> NDArray[np.float64] | None:
    """The array of a part, where it has one that is written out."""
    value = np.asarray(part.value)
    return value if value.ndim == 2 and fits(value) else None


def summary(part: Claim | Matrix, digits: int) -> str:
    """An array in words, where it is too large to be written."""
    value = np.asarray(part.value)
    return in_words(value, digits) if value.ndim == 2 and not fits(value) else ""


def words_of(claim: Claim, text: Callable[[str], str], write: Callable[[e.Expression], str]) -> str:
    """Question and sentence of a claim.

    Parameters
    ----------
    claim : Claim
        What is told.
    text, write : callable
        Write words and formulas in the renderer's language.
    """
    about = "" if claim.about is None else write(claim.about)
    question = about.join(text(part) for part in claim.question.split("{}"))
    return " ".join(part for part in (question, text(claim.sentence)) if part)


def uses_line(claim: Claim, write: Callable[[e.Expression], str]) -> str:
    """Results that were computed long before."""
    return "; ".join(f"{write(symbol)} already computed in step {step}" for symbol, step in claim.uses)
