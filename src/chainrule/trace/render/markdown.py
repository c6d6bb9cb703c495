"""An explanation as Markdown with formulas in LaTeX, as notebooks, GitHub and most editors show them."""

from __future__ import annotations

import numpy as np

from chainrule.trace.render.outline import Cell, Claim, Group, Matrix, Outline, Part, Table
from chainrule.trace.render.words import array_of, is_number, plain_cell, result, summary, uses_line, words_of
from chainrule.trace.writing import Latex
from chainrule.trace.writing import expressions as e
from chainrule.trace.writing.latex import matrix

SPECIAL = "\\`*_{}[]<>()#+-!|$~"


def to_markdown(outline: Outline, digits: int = 6) -> str:
    """The explanation as a Markdown document.

    Parameters
    ----------
    outline : Outline
        What is told.
    digits : int
        Significant digits.
    """
    write = Latex(digits)
    parts = [
        f"# {escaped(outline.title)}",
        "\n".join(f"- **{escaped(name)}**: {escaped(text)}" for name, text in outline.facts),
    ]
    for number, section in enumerate(outline.sections, 1):
        parts += [f"## {number}. {section.title}", section.lead, *_parts(section.parts, write, 3)]
    parts += ["## Remarks", "\n".join(f"- {escaped(remark)}" for remark in outline.remarks)]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """Words as Markdown shows them literally, on one line."""
    flat = " ".join(text.split())
    return "".join(f"\\{char}" if char in SPECIAL else char for char in flat if char.isprintable())


def _parts(parts: tuple[Part, ...], write: Latex, depth: int) -> list[str]:
    found: list[str] = []
    for part in parts:
        if isinstance(part, Group):
            found += [f"{'#' * min(depth, 6)} {escaped(part.title)}", *_parts(part.parts, write, depth + 1)]
        elif isinstance(part, Claim):
            found += _claim(part, write)
        elif isinstance(part, Matrix):
            found.append(_given(part, write))
        elif isinstance(part, Table):
            found.append(_table(part, write))
        else:
            found.append(escaped(part))
    return found


def _claim(claim: Claim, write: Latex) -> list[str]:
    words = f" {words_of(claim, escaped, write.inline)}" if claim.first else ""
    reused = f" ({uses_line(claim, write.inline)})" if claim.uses else ""
    return [f"**Step {claim.step}.**{words}{reused}", _display(write.write(claim.symbol), readings(claim, write))]


def readings(claim: Claim, write: Latex) -> list[str]:
    """The right-hand sides of a claim, in order."""
    told = [write.write(one) for one in (claim.formula, claim.numbers) if one is not None]
    value = result(claim.value)
    array = array_of(claim)
    if claim.shapes is not None:
        size = "×".join(map(str, np.shape(claim.value)))
        told.append(rf"\underbrace{{{write.write(claim.shapes)}}}_{{{write.words('→ ' + size)}}}")
    if value is not None:
        told.append(write.write(value))
    elif array is not None:
        told.append(matrix(array, write))
    else:
        told.append(write.words(summary(claim, write.digits)))
    return told


def _display(symbol: str, right: list[str]) -> str:
    lines = [f"{symbol} &= {right[0]}", *(f"&= {one}" for one in right[1:])]
    return "$$\n\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}\n$$"


def _given(part: Matrix, write: Latex) -> str:
    array = array_of(part)
    right = write.words(summary(part, write.digits)) if array is None else matrix(array, write)
    return _display(write.write(part.symbol), [right])


def _table(table: Table, write: Latex) -> str:
    first = table.rows[0] if table.rows else ()
    marks = ["---:" if place < len(first) and is_number(first[place]) else "---" for place in range(len(table.header))]
    lines = [
        [_cell(cell, write) for cell in table.header],
        marks,
        *([_cell(cell, write) for cell in row] for row in table.rows),
    ]
    return f"*{escaped(table.caption)}*\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: Cell, write: Latex) -> str:
    if isinstance(cell, e.Expression):
        return write.inline(cell)
    return plain_cell(cell, write.digits) if is_number(cell) else escaped(str(cell))
