"""An explanation as one page: picture and formulas side by side, folded by layer and unit, readable without its script.

Nothing is loaded from anywhere, and the policy in the page's head forbids it. Everything lies inside one element with its own
style, so that notebooks can show the page among others.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

import numpy as np

from chainrule.trace.header import Header
from chainrule.trace.notation import NOTATIONS
from chainrule.trace.render.outline import Cell, Claim, Group, Matrix, Outline, Part, Section, Table
from chainrule.trace.render.picture import to_svg
from chainrule.trace.render.places import keys
from chainrule.trace.render.story import Story
from chainrule.trace.render.words import array_of, is_number, marked_up, plain_cell, result, summary, words_of
from chainrule.trace.writing import MathML, Text, shown
from chainrule.trace.writing import expressions as e

# Shown by the script only: without it there is nothing to step with.
PLAYER = """<div class="player" role="toolbar" aria-label="Steps" hidden>
<button type="button">First</button><button type="button">Previous</button>
<button type="button">Play</button><button type="button">Next</button>
<span class="now" aria-live="polite">The keys ← and → step, too.</span></div>"""


def to_html(story: Story, digits: int = 6, unit: tuple[int, int] | None = None) -> str:
    """The explanation as an HTML document.

    Parameters
    ----------
    story : Story
        What is told.
    digits : int
        Significant digits.
    unit : tuple of (int, int), optional
        Layer and unit that the picture highlights at first.
    """
    outline = story.outline()
    svg = to_svg(story.trace, NOTATIONS[story.notation.name], digits, unit)
    folder = files("chainrule.trace.render")
    style, script = (folder.joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    body = _Page(story, digits).body(outline, svg)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{marked_up(outline.title)}</title>
</head>
<body style="margin:0">
<main class="trace">
<style>
{style}</style>
{body}
<script>{script}</script>
</main>
</body>
</html>
"""


class _Page:
    """Writes the parts of an outline."""

    def __init__(self, story: Story, digits: int) -> None:
        self.story, self.math, self.plain = story, MathML(digits), Text(digits)

    @property
    def header(self) -> Header:
        """What the trace is about."""
        return self.story.trace.header

    def body(self, outline: Outline, svg: str) -> str:
        """Everything inside the page's element."""
        facts = "".join(f"<dt>{marked_up(name)}</dt><dd>{marked_up(told)}</dd>" for name, told in outline.facts)
        remarks = "".join(f"<li>{marked_up(remark)}</li>" for remark in outline.remarks)
        sections = "\n".join(self._section(number, section) for number, section in enumerate(outline.sections, 1))
        return f"""<header><h1>{marked_up(outline.title)}</h1><dl>{facts}</dl></header>
{self._contents(outline)}
<div class="columns">
<div class="beside"><figure><div class="picture" tabindex="0" role="region" aria-label="Picture of the network">{svg}</div>
<figcaption>A click on a unit or a weight shows its first step.</figcaption></figure></div>
<div>{sections}
<section aria-labelledby="remarks"><h2 id="remarks">Remarks</h2><ul>{remarks}</ul></section></div>
</div>
{PLAYER}"""

    @staticmethod
    def _contents(outline: Outline) -> str:
        links = " · ".join(f'<a href="#{section.name}">{section.title}</a>' for section in outline.sections)
        return f'<nav aria-label="Stages">{links}</nav>'

    def _section(self, number: int, section: Section) -> str:
        return (
            f'<section aria-labelledby="{section.name}"><h2 id="{section.name}">{number}. {marked_up(section.title)}</h2>\n'
            f'<p class="lead">{marked_up(section.lead)}</p>\n{self._parts(section.parts)}</section>'
        )

    def _parts(self, parts: tuple[Part, ...]) -> str:
        """The parts, claims in a row as one list."""
        written, listed = [], False
        for part in parts:
            if isinstance(part, Claim) != listed:
                written.append("</ol>" if listed else "<ol>")
                listed = not listed
            written.append(self._part(part))
        return "\n".join([*written, *(["</ol>"] if listed else [])])

    def _part(self, part: Part) -> str:
        if isinstance(part, Group):
            head = f"<details{' open' * part.open}><summary>{marked_up(part.title)}</summary>"
            return f"{head}\n{self._parts(part.parts)}</details>"
        if isinstance(part, Claim):
            return self._claim(part)
        if isinstance(part, Matrix):
            return f'<div class="reading">{self.math.formula(part.symbol)} = {self._array(part)}</div>'
        return self._table(part) if isinstance(part, Table) else f"<p>{marked_up(part)}</p>"

    def _claim(self, claim: Claim) -> str:
        about, used = self._keys(claim)
        value = result(claim.value)
        told = self.plain.write(claim.symbol) + (f" = {self.plain.write(value)}" if value is not None else "")
        here = f"step-{claim.step}"
        return (
            f'<li class="claim" id="{here}" data-about="{about}" data-from="{used}" data-told="{marked_up(told)}">'
            f'<a class="number" href="#{here}" aria-label="Step {claim.step}">{claim.step}</a>'
            f"<div>{self._readings(claim, value)}</div></li>"
        )

    def _readings(self, claim: Claim, value: e.Expression | None) -> str:
        """In words, in symbols, with numbers, and the result."""
        lines = [f'<p class="words">{words_of(claim, marked_up, self.math.formula)}</p>']
        ends = "" if value is None else f'= <span class="value">{self.plain.write(value)}</span>'
        if claim.formula is None:
            lines.append(f'<div class="reading">{self.math.formula(claim.symbol)} {ends}</div>')
        else:
            lines.append(f'<div class="reading">{self.math.equation(claim.symbol, claim.formula)}</div>')
        if claim.numbers is not None:
            lines.append(f'<div class="plain">= {marked_up(self.plain.write(claim.numbers))}</div>')
        if claim.shapes is not None:
            size = "×".join(map(str, np.shape(claim.value)))
            lines.append(f'<div class="plain">shapes: {marked_up(self.plain.write(claim.shapes))} → {size}</div>')
        if value is None:
            lines.append(self._array(claim))
        elif claim.formula is not None:
            lines.append(f'<div class="plain">{ends}</div>')
        if claim.uses:
            lines.append(f'<p class="words">{self._uses(claim)}</p>')
        return "".join(lines)

    def _uses(self, claim: Claim) -> str:
        return "; ".join(
            f'{self.math.formula(symbol)} already computed in <a href="#step-{step}">step {step}</a>'
            for symbol, step in claim.uses
        )

    def _keys(self, claim: Claim) -> tuple[str, str]:
        """What the claim is about, and what it is made from, in the picture."""
        about = keys(claim.row.quantity, self.header)
        if claim.row.level != "unit" or claim.row.stage in ("update", "check"):
            return " ".join(about), ""
        parents = [self.story.trace[parent].quantity for parent in claim.row.parents]
        used = dict.fromkeys(key for parent in parents for key in keys(parent, self.header) if key not in about)
        return " ".join(about), " ".join(used)

    def _array(self, part: Claim | Matrix) -> str:
        array = array_of(part)
        if array is None:
            return f'<span class="plain">= {marked_up(summary(part, self.plain.digits))}</span>'
        lines = "".join(
            f"<tr>{''.join(f'<td>{shown(float(value), self.plain.digits)}</td>' for value in line)}</tr>"
            for line in array
        )
        name = marked_up(self.plain.write(part.symbol))
        scroll = f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">'
        return f'{scroll}<table class="array" aria-label="{name}">{lines}</table></div>'

    def _table(self, table: Table) -> str:
        first = table.rows[0] if table.rows else ()
        right = {place for place, cell in enumerate(first) if is_number(cell)}
        head = "".join(
            f'<th scope="col"{_right(at, right)}>{self._cell(cell)}</th>' for at, cell in enumerate(table.header)
        )
        body = "\n".join(self._row(row, right) for row in table.rows)
        label = marked_up(table.caption)
        return (
            f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table><caption>{label}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>"
        )

    def _row(self, row: tuple[Cell, ...], right: set[int]) -> str:
        first, *rest = row
        cells = "".join(f"<td{_right(at, right)}>{self._cell(cell)}</td>" for at, cell in enumerate(rest, 1))
        return f'<tr><th scope="row">{self._cell(first)}</th>{cells}</tr>'

    def _cell(self, cell: Cell) -> str:
        if isinstance(cell, e.Expression):
            return self.math.formula(cell)
        return marked_up(plain_cell(cell, self.plain.digits))


def _right(at: int, right: set[int]) -> str:
    return ' class="right"' if at in right else ""
