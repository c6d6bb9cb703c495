"""What a picture of a graph says, free of any way of drawing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.graph.steps import Step
from chainrule.graph.value import Value
from chainrule.graph.writing import text_number

if TYPE_CHECKING:
    from chainrule.graph.graph import Graph


@dataclass(frozen=True)
class Card:
    """What a picture says about one node.

    Parameters
    ----------
    name : str
        Its name as the user wrote it, or its number in the graph; empty for plain numbers.
    symbol : str
        What it computes; empty for leaves.
    kind : str
        "leaf", "constant", "computed" or "output".
    value : str
        Its value, or ? while it has none.
    grad : str or None
        Its gradient, – before the backward pass, None for constants.
    highlighted : bool
        Whether the picture is about it.
    """

    name: str
    symbol: str
    kind: str
    value: str
    grad: str | None
    highlighted: bool


@dataclass(frozen=True)
class Line:
    """What a picture says about one line.

    Parameters
    ----------
    start, end : int
        Numbers of the cards.
    label : str
        The local derivative; empty for constants and while it is not known.
    sign : int
        Of the local derivative.
    highlighted : bool
        Whether the step uses it.
    """

    start: int
    end: int
    label: str
    sign: int
    highlighted: bool


@dataclass(frozen=True)
class Sheet:
    """All that a picture says.

    Parameters
    ----------
    title : str
        What it shows.
    caption : str
        The step being explained; may be empty.
    cards : list of Card
        In topological order.
    lines : list of Line
        Between them.
    """

    title: str
    caption: str
    cards: list[Card]
    lines: list[Line]


def sheet(graph: Graph, highlight: Any, digits: int) -> Sheet:
    """What is to be seen of the graph as it stands; see `Graph.draw`."""
    if highlight is not None and not isinstance(highlight, (Value, Step)):
        raise TypeError(f"draw: highlight must be a Value, a Step or None, got {highlight!r}.")
    step = highlight if isinstance(highlight, Step) else None
    node = step.node if step else highlight
    number = {id(each): place for place, each in enumerate(graph.nodes)}
    if node is not None and id(node) not in number:
        raise ValueError(f"draw: {node!r} is not a node of this graph, so it cannot be highlighted.")
    used = {(id(consumer), place) for consumer, place in (step.edges if step else ())}
    cards = [_card(graph, each, digits, each is node) for each in graph.nodes]
    lines = [
        _line(each, place, number, digits, (id(each), place) in used)
        for each in graph.nodes
        for place in range(len(each.inputs))
    ]
    names = ", ".join(graph.label(output) for output in graph.outputs)
    return Sheet(f"Computational graph of {names}", step.text if step else "", cards, lines)


def _card(graph: Graph, node: Value, digits: int, highlighted: bool) -> Card:
    kind = "computed" if node.operation else "constant" if node.constant else "leaf"
    if node.operation and any(node is output for output in graph.outputs):
        kind = "output"
    grad = None if node.constant else "–" if node.grad is None else text_number(node.grad, digits)
    return Card(
        graph.name(node),
        node.operation.symbol if node.operation else "",
        kind,
        text_number(node.data, digits) if node.known else "?",
        grad,
        highlighted,
    )


def _line(node: Value, place: int, number: dict[int, int], digits: int, highlighted: bool) -> Line:
    start = node.inputs[place]
    ends = number[id(start)], number[id(node)]
    slope = _slope(node, place)
    if slope is None:
        return Line(*ends, "", 1, highlighted)
    return Line(*ends, text_number(slope, digits), (slope > 0) - (slope < 0), highlighted)


def _slope(node: Value, place: int) -> float | None:
    """The local derivative where there is one to show."""
    if node.inputs[place].constant or not node.known or not all(each.known for each in node.inputs):
        return None
    try:
        return node.slope(place)
    except ValueError:  # such as that of a root at 0: the picture is drawn all the same
        return None
