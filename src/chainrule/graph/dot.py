"""A graph's picture in the DOT language."""

from __future__ import annotations

from chainrule.graph.names import as_text
from chainrule.graph.sheet import Card, Line, Sheet

SHAPES = {
    "leaf": 'shape=box, style="rounded"',
    "constant": "shape=plaintext",
    "computed": "shape=box",
    "output": "shape=box, peripheries=2",
}
STYLES = {1: "solid", -1: "dashed", 0: "dotted"}


def dot(sheet: Sheet) -> str:
    """The whole text."""
    lines = [
        "digraph {",
        "  rankdir=LR;",
        f"  label={_quoted(sheet.title, sheet.caption)};",
        '  node [fontname="monospace", fontsize=11];',
        '  edge [fontname="monospace", fontsize=10];',
        *(f"  n{place} [{_node(card)}];" for place, card in enumerate(sheet.cards)),
        *(f"  n{line.start} -> n{line.end} [{_edge(line)}];" for line in sheet.lines),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _node(card: Card) -> str:
    head = " ".join(part for part in (as_text(card.name), card.symbol) if part)
    grad = "" if card.grad is None else f"grad {card.grad}"
    label = _quoted(head, card.value if card.kind == "constant" and not head else f"value {card.value}", grad)
    return f"label={label}, {SHAPES[card.kind]}" + (', penwidth=4, color="#D55E00"' if card.highlighted else "")


def _edge(line: Line) -> str:
    return f"label={_quoted(line.label)}, style={STYLES[line.sign]}" + (", penwidth=3" if line.highlighted else "")


def _quoted(*parts: str) -> str:
    """A string of DOT, the parts one below the other."""
    escaped = (part.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for part in parts if part)
    return '"' + "\\n".join(escaped) + '"'
