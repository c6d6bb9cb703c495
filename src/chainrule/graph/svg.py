"""A graph's picture as SVG: self-contained, with a text alternative, every text escaped."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import accumulate

from chainrule.graph.layout import Layout, arrange
from chainrule.graph.names import as_text, parts
from chainrule.graph.sheet import Card, Line, Sheet

# Okabe and Ito's palette; dashes tell the signs apart as well.
STROKES = {1: ("#0072B2", ""), -1: ("#B84A00", "7 4"), 0: ("#6B6B6B", "2 3")}
GIVEN = ("#8A8A8A", "")  # lines from constants
FILLS = {"leaf": "#EAF3FA", "constant": "#F0F0F0", "computed": "#FFFFFF", "output": "#FFF6DC"}
INK, MUTED, HALO = "#1A1A1A", "#4D4D4D", "#E69F00"
FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"
CHAR = 0.61  # width of a character of these fonts, relative to their size
HEAD, BODY, SMALL = 14.0, 12.0, 11.0
HEAD_HEIGHT, ROW_HEIGHT, PADDING = 22.0, 17.0, 8.0
SPACING, MARGIN, LEAST_WIDTH = 16.0, 24.0, 430.0
LEGEND = (
    "Cards: value, and grad = derivative of the output with respect to the node. On lines: local derivative of the node where "
    "the line ends (dashed: negative, dotted: zero)."
)


@dataclass(frozen=True)
class Box:
    """A card's or a label's place: middle, width and height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """Left side."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Right side."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """Upper side."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """Lower side."""
        return self.y + self.height / 2

    def meets(self, other: Box) -> bool:
        """Whether two boxes overlap."""
        return (
            abs(self.x - other.x) * 2 < self.width + other.width
            and abs(self.y - other.y) * 2 < self.height + other.height
        )


def svg(sheet: Sheet) -> str:
    """The whole picture."""
    layout = arrange([_height(card) for card in sheet.cards], [(line.start, line.end) for line in sheet.lines], SPACING)
    columns = _columns(sheet, layout)
    boxes = [
        Box(columns[layer].x, height + MARGIN + 34, _width(card), _height(card))
        for card, layer, height in zip(sheet.cards, layout.layers, layout.heights, strict=True)
    ]
    width = max(columns[-1].right + MARGIN, LEAST_WIDTH)
    letters = int((width - 2 * MARGIN) / (CHAR * BODY))
    below = [(text, INK) for text in textwrap.wrap(sheet.caption, letters)] + [
        (text, MUTED) for text in textwrap.wrap(LEGEND, letters)
    ]
    bottom = max(box.bottom for box in boxes) + 30
    height = bottom + ROW_HEIGHT * len(below) + 6
    body = [
        _text(MARGIN, MARGIN + 6, escape(sheet.title), HEAD, INK, 'font-weight="bold"'),
        *_drawn_lines(sheet, layout, boxes, columns),
        *(part for card, box in zip(sheet.cards, boxes, strict=True) for part in _drawn_card(card, box)),
        *(_text(MARGIN, bottom + ROW_HEIGHT * row, escape(text), BODY, ink) for row, (text, ink) in enumerate(below)),
    ]
    return "\n".join([*_head(sheet, width, height), *body, "</svg>"]) + "\n"


def _head(sheet: Sheet, width: float, height: float) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{FONT}" style="max-width: 100%; height: auto">'
    )
    yield f"<title>{escape(sheet.title)}</title>"
    yield f"<desc>{escape(' '.join([sheet.caption, *map(_spoken, sheet.cards)]).strip())}</desc>"
    yield f'<rect width="{width:.0f}" height="{height:.0f}" fill="#FFFFFF"/>'


def _spoken(card: Card) -> str:
    grad = {None: "", "–": "; gradient not computed yet"}.get(card.grad, f"; gradient {card.grad}")
    what = " ".join(part for part in (as_text(card.name), f"({card.symbol})" if card.symbol else "") if part)
    return f"{what or 'constant'}: value {card.value}{grad}."


# ---- sizes ----------------------------------------------------------------------------------------------------------------


def _has_head(card: Card) -> bool:
    return bool(card.name or card.symbol)


def _height(card: Card) -> float:
    rows = 1 if card.grad is None else 2
    return PADDING + ROW_HEIGHT * rows + (HEAD_HEIGHT if _has_head(card) else 0)


def _width(card: Card) -> float:
    letter, index = parts(card.name)
    head = (len(letter) + 0.8 * len(index) + len(card.symbol) + 2) * HEAD * CHAR if _has_head(card) else 0
    rows = max(len(text) for text, _ in _rows(card)) * BODY * CHAR
    return max(head, rows) + 2 * PADDING


def _rows(card: Card) -> list[tuple[str, str]]:
    """Lines of a card below its head, with their ink."""
    if not _has_head(card):
        return [(card.value, INK)]
    return [(f"value {card.value}", INK)] + ([] if card.grad is None else [(f"grad  {card.grad}", INK)])


def _columns(sheet: Sheet, layout: Layout) -> list[Box]:
    """Where each layer stands: room for its widest card, and before it for the widest label."""
    count = max(layout.layers) + 1
    widths, gaps = [0.0] * count, [0.0] + [64.0] * (count - 1)
    for card, layer in zip(sheet.cards, layout.layers, strict=True):
        widths[layer] = max(widths[layer], _width(card))
    crowds = [0] * count
    for line in sheet.lines:
        layer = layout.layers[line.end]
        gaps[layer] = max(gaps[layer], len(line.label) * SMALL * CHAR + 60)
        crowds[layer] += 1
    gaps = [gap + 6 * max(0, crowd - 4) for gap, crowd in zip(gaps, crowds, strict=True)]
    rights = accumulate((gap + width for gap, width in zip(gaps, widths, strict=True)), initial=MARGIN)
    return [Box(right - width / 2, 0, width, 0) for width, right in zip(widths, list(rights)[1:], strict=True)]


# ---- cards ----------------------------------------------------------------------------------------------------------------


def _text(x: float, y: float, content: str, size: float, ink: str, more: str = "") -> str:
    """A line of text; the content is escaped already."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{ink}" xml:space="preserve" {more}>{content}</text>'
    )


def _drawn_card(card: Card, box: Box) -> Iterator[str]:
    place = f'x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    corner = 2 if card.symbol else 12
    if card.highlighted:
        yield f'<rect {place} rx="{corner}" fill="none" stroke="{HALO}" stroke-width="11"/>'
        yield f'<path d="M{box.x - 8:.1f} {box.top - 19:.1f} h16 l-8 11 z" fill="{INK}"/>'
    weight = 2.6 if card.kind == "output" or card.highlighted else 1.3
    yield f'<rect {place} rx="{corner}" fill="{FILLS[card.kind]}" stroke="{INK}" stroke-width="{weight}"/>'
    y = box.top + 4
    if _has_head(card):
        letter, index = parts(card.name)
        lowered = f'<tspan dy="3" font-size="{HEAD * 0.8:g}">{escape(index)}</tspan>' if index else ""
        y += HEAD_HEIGHT - 6
        yield _text(box.left + PADDING, y, escape(letter) + lowered, HEAD, INK, 'font-weight="bold"')
        if card.symbol:
            yield _text(box.right - PADDING, y, escape(card.symbol), HEAD, MUTED, 'text-anchor="end"')
        y += 6
    for row, (text, ink) in enumerate(_rows(card)):
        yield _text(box.left + PADDING, y + ROW_HEIGHT * (row + 1) - 4, escape(text), BODY, ink)


# ---- lines ----------------------------------------------------------------------------------------------------------------


def _drawn_lines(sheet: Sheet, layout: Layout, boxes: list[Box], columns: list[Box]) -> Iterator[str]:
    labels: list[str] = []
    taken: list[Box] = []
    shift = MARGIN + 34
    ports = _ports(sheet, layout, boxes, shift)
    # Highlighted lines last: they lie above the others.
    for number in sorted(range(len(sheet.lines)), key=lambda each: sheet.lines[each].highlighted):
        line, start, end = sheet.lines[number], boxes[sheet.lines[number].start], boxes[sheet.lines[number].end]
        x, y, path = start.right, start.y, f"M{start.right:.1f} {start.y:.1f}"
        for layer, lane in enumerate(layout.lanes[number], layout.layers[line.start] + 1):
            path += _curve(x, y, columns[layer].left, lane + shift) + f" H{columns[layer].right:.1f}"
            x, y = columns[layer].right, lane + shift
        # Arrows keep clear of a highlighted card's wide frame.
        target = (end.left - (15 if sheet.cards[line.end].highlighted else 9), end.y + ports[number])
        path += _curve(x, y, *target) + " h2"
        yield from _stroke(line, path, target, constant=sheet.cards[line.start].kind == "constant")
        if line.label:
            box = _free_place(line, (x, y), target, taken)
            taken.append(box)
            labels.extend(_label(line, box))
    yield from labels


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f" C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"


def _ports(sheet: Sheet, layout: Layout, boxes: list[Box], shift: float) -> dict[int, float]:
    """How far above or below the middle of its card each line ends, in the order in which the lines come in."""
    coming: dict[int, list[tuple[float, int]]] = {}
    for number, line in enumerate(sheet.lines):
        lanes = layout.lanes[number]
        coming.setdefault(line.end, []).append((lanes[-1] + shift if lanes else boxes[line.start].y, number))
    offsets = {}
    for end, found in coming.items():
        distance = min(16.0, (boxes[end].height - 12) / len(found))
        for place, (_, number) in enumerate(sorted(found)):
            offsets[number] = (place - (len(found) - 1) / 2) * distance
    return offsets


def _stroke(line: Line, path: str, target: tuple[float, float], constant: bool) -> Iterator[str]:
    colour, dashes = GIVEN if constant else STROKES[line.sign]
    width = 3.6 if line.highlighted else 1.5
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'
    size = 5.5 if line.highlighted else 4
    x, y = target
    yield f'<path d="M{x + 9:.1f} {y:.1f} l-9 {-size} v{2 * size} z" fill="{colour}"/>'


def _free_place(line: Line, start: tuple[float, float], end: tuple[float, float], taken: list[Box]) -> Box:
    """A place for the label on its line that no other label has, near the middle if possible."""
    width, height = len(line.label) * SMALL * CHAR + 6, SMALL + 5
    first: Box | None = None
    for t in (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8):
        s = 3 * t * t - 2 * t**3
        # the curve's control points share the middle abscissa, so x is a cubic of its own
        middle = (start[0] + end[0]) / 2
        x = start[0] * (1 - t) ** 3 + 3 * middle * t * (1 - t) + end[0] * t**3
        box = Box(x, start[1] + (end[1] - start[1]) * s, width, height)
        first = first or box
        if not any(box.meets(other) for other in taken):
            return box
    assert first is not None
    return first


def _label(line: Line, box: Box) -> Iterator[str]:
    colour = STROKES[line.sign][0]
    yield (
        f'<rect x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="3" fill="#FFFFFF" '
        f'stroke="{colour}" stroke-width="{1.4 if line.highlighted else 0.5}"/>'
    )
    weight = ' font-weight="bold"' if line.highlighted else ""
    yield _text(box.x, box.y + 4, escape(line.label), SMALL, colour, f'text-anchor="middle"{weight}')
