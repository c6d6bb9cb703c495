"""The network as an SVG picture: left to right, each unit a card with its value and its gradient, each weight a line.

The sign of a weight is its colour and its dashes, its size the line's width; an inactive ReLU is hatched; what is explained
now has a halo. Every part has the key of `chainrule.trace.render.places`, by which a page highlights it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from textwrap import wrap

import numpy as np
from numpy.typing import NDArray

from chainrule.trace.naming import Names
from chainrule.trace.notation import Notation
from chainrule.trace.record import Trace
from chainrule.trace.render.places import LOSS, column, edge, node
from chainrule.trace.render.words import marked_up
from chainrule.trace.rows import Quantity
from chainrule.trace.writing import Text, shown

# Sizes in CSS pixels.
WIDTH, HEIGHT, TOP, LEFT, LOSS_GAP = 156, 46, 48, 14, 48
# From column to column, and from card to card, where lines have labels, and where they have none.
WIDE_GAP, GAP = 236, 132
WIDE_ROW, ROW = 90, 62
LONGEST_NAME = 20
MOST_UNITS = 8
# More weights than this between two layers are labelled only where they are explained.
MOST_LABELS = 12
# Where they stand on lines that are labelled one unit at a time.
QUIET_SHARE = 0.35
MOST_LINE = 4.0
PICTURE_DIGITS = 4

STYLE = """
.net{--paper:#fff;--ink:#222;--soft:#595959;--card:#f7f7f7;--plus:#0072b2;--minus:#c24e00;--halo:#e69f00;
font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;background:var(--paper)}
@media(prefers-color-scheme:dark){.net{--paper:#161616;--ink:#eee;--soft:#b5b5b5;--card:#262626;--plus:#5db4e6;--minus:#f08a4b}}
.net text{fill:var(--ink)}.net .soft{fill:var(--soft)}.net .head{font-weight:600}
.net .node text{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.net .card{fill:var(--card);stroke:var(--soft);stroke-width:1}.net .active .card{stroke:var(--ink);stroke-width:2.5}
.net .inactive .hatch{fill:url(#inactive)}.net .hatch{fill:none}
.net .plus{stroke:var(--plus)}.net .minus{stroke:var(--minus);stroke-dasharray:7 4}
.net .zero{stroke:var(--soft);stroke-dasharray:1 5}
.net .line{fill:none;opacity:.75}.net .label{font-size:10.5px;paint-order:stroke;stroke:var(--paper);stroke-width:4px}
.net .quiet .label{display:none}.net .quiet.on .label{display:inline}
.net .halo{fill:none;stroke:none}.net .on .halo{stroke:var(--halo);stroke-width:6}
.net .on>.ring{stroke:var(--ink);stroke-width:1.5}
.net .ring{fill:none;stroke:none}.net .edge.on .line{opacity:1;stroke-width:6px}.net .edge.on .label{font-weight:700}
.net .used .card{stroke:var(--halo);stroke-width:3}.net .edge.used .line{opacity:1;stroke-width:4.5px}
"""


def to_svg(trace: Trace, notation: Notation, digits: int = 6, unit: tuple[int, int] | None = None, row: int = 0) -> str:
    """The picture of a trace.

    Parameters
    ----------
    trace : Trace
        What is shown.
    notation : Notation
        Names of the units.
    digits : int
        Significant digits, at most 4 in the cards.
    unit : tuple of (int, int), optional
        Layer and unit that have the halo; by default the one that was opened by ``trace.unit``.
    row : int
        The data row of the batch whose numbers stand in the cards.

    Returns
    -------
    svg : str
        A whole SVG document.
    """
    opened = trace.header.opened[0] if trace.header.opened else None
    return _Picture(trace, Names(notation, trace.header), min(digits, PICTURE_DIGITS), unit or opened, row).svg()


@dataclass(frozen=True)
class _Picture:
    trace: Trace
    names: Names
    digits: int
    unit: tuple[int, int] | None
    row: int

    @cached_property
    def columns(self) -> list[tuple[int | None, NDArray[np.int64]]]:
        """Layer and units shown of each column."""
        header = self.trace.header
        return [(None if k == 0 else k - 1, self._chosen(k)) for k in range(header.depth + 1)]

    def _chosen(self, place: int) -> NDArray[np.int64]:
        """All units, or those with the largest weights and the one explained."""
        size = self.trace.header.widths[place]
        if size <= MOST_UNITS:
            return np.arange(size)
        strength = np.ones(size)
        if place > 0:
            strength = strength * np.linalg.norm(self._array("weight", place - 1), axis=0)
        if place < self.trace.header.depth:
            strength = strength * np.linalg.norm(self._array("weight", place), axis=1)
        if self.unit is not None and self.unit[0] == place - 1:
            strength[self.unit[1]] = np.inf
        return np.sort(np.argsort(-strength, kind="stable")[:MOST_UNITS])

    def _array(self, kind: str, layer: int | None, of: str = "") -> NDArray[np.float64]:
        return np.asarray(self.trace[Quantity(kind, layer, of=of).id].value)

    @cached_property
    def height(self) -> int:
        """Of the cards' part of the picture."""
        counts = [len(units) + (len(units) < self._size(layer)) for layer, units in self.columns]
        return TOP + max(self._row(place) * count for place, count in enumerate(counts))

    def _labelled(self, place: int) -> bool:
        """Whether the lines into a column have labels at once."""
        inside = 0 < place < len(self.columns)
        return inside and len(self.columns[place - 1][1]) * len(self.columns[place][1]) <= MOST_LABELS

    def _row(self, place: int) -> int:
        """From card to card in a column."""
        return WIDE_ROW if self._labelled(place) or self._labelled(place + 1) else ROW

    def _size(self, layer: int | None) -> int:
        return self.trace.header.widths[0 if layer is None else layer + 1]

    @property
    def has_loss(self) -> bool:
        """Whether there is a loss at the right."""
        return "loss" in self.trace.header.stages

    @property
    def width(self) -> int:
        """Of the picture."""
        return LEFT + self._left(len(self.columns) - 1) + WIDTH + self.has_loss * (WIDTH + LOSS_GAP)

    def _left(self, place: int) -> int:
        return LEFT + sum(WIDTH + (WIDE_GAP if self._labelled(at) else GAP) for at in range(1, place + 1))

    def _top(self, place: int, rank: int) -> float:
        """Of a card: columns are centred."""
        count, row = len(self.columns[place][1]), self._row(place)
        return TOP + (self.height - TOP - row * count) / 2 + row * rank

    def svg(self) -> str:
        """The document."""
        tall = self.height + 84
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="net" role="img" viewBox="0 0 {self.width} {tall}" '
            f'width="{self.width}" height="{tall}" style="min-width:{self.width * 7 // 10}px" '
            'aria-labelledby="net-title net-text">',
            f'<title id="net-title">{marked_up(self._title())}</title>',
            f'<desc id="net-text">{marked_up(self._description())}</desc>',
            f"<style>{STYLE}</style>",
            '<defs><pattern id="inactive" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            '<path d="M0 0V7" stroke="#8a8a8a" stroke-width="2.5"/></pattern></defs>',
            f'<rect width="{self.width}" height="{tall}" fill="var(--paper)"/>',
            *(self._edges(place) for place in range(1, len(self.columns))),
            *(self._column(place) for place in range(len(self.columns))),
            self._loss() if self.has_loss else "",
            self._legend(tall),
            "</svg>",
        ]
        return "\n".join(part for part in parts if part)

    def _title(self) -> str:
        return f"Network {' → '.join(map(str, self.trace.header.widths))}"

    def _description(self) -> str:
        """The outputs in words, for readers who do not see the picture."""
        write = Text(self.digits).write
        outputs = self._array("activation", self.trace.header.depth - 1)[self.row]
        told = []
        for unit in self.columns[-1][1]:
            name = f" ({label})" if (label := self.names.output_name(int(unit))) else ""
            symbol = self.names.symbol(Quantity("activation", self.trace.header.depth - 1, int(unit)))
            told.append(f"{write(symbol)}{name} = {shown(float(outputs[unit]), self.digits)}")
        return f"Units as cards, weights as lines between them. Outputs: {'; '.join(told)}."

    def _column(self, place: int) -> str:
        layer, units = self.columns[place]
        last = self.trace.header.depth - 1
        title = "inputs" if layer is None else "output layer" if layer == last else f"hidden layer {layer + 1}"
        middle = self._left(place) + WIDTH / 2
        cards = "\n".join(self._card(place, layer, int(unit), rank) for rank, unit in enumerate(units))
        more = self._size(layer) - len(units)
        low = self._top(place, len(units)) + 12
        note = (
            f'<text class="soft" x="{middle}" y="{low:g}" text-anchor="middle">… {more:,} more</text>' if more else ""
        )
        head = f'<text class="head" x="{middle}" y="26" text-anchor="middle">{title}</text>'
        return f'<g data-key="{column(layer)}">{head}\n{cards}{note}</g>'

    def _card(self, place: int, layer: int | None, unit: int, rank: int) -> str:
        left, top = self._left(place), self._top(place, rank)
        kind = "input" if layer is None else "activation"
        value = float(self._array(kind, layer)[self.row, unit])
        told = shown(value, self.digits)
        if layer is not None and self.has_loss:
            told += f" | {shown(float(self._array('delta', layer)[self.row, unit]), self.digits)}"
        symbol = Text(self.digits).write(self.names.symbol(Quantity(kind, layer, unit)))
        title = f"{symbol} {self._name(layer, unit)}".rstrip()
        box = f'x="{left}" y="{top:g}" width="{WIDTH}" height="{HEIGHT}" rx="7"'
        ring = f'x="{left - 6}" y="{top - 6:g}" width="{WIDTH + 12}" height="{HEIGHT + 12}" rx="12"'
        classes = " ".join(["node", *self._state(layer, unit, value)])
        return (
            f'<g class="{classes}" data-key="{node(layer, unit)}"><title>{marked_up(f"{title}: {told}")}</title>'
            f'<rect class="halo" {box}/><rect class="card" {box}/><rect class="hatch" {box}/><rect class="ring" {ring}/>'
            f'<text class="head" x="{left + 10}" y="{top + 18:g}">{marked_up(_cut(title, LONGEST_NAME))}</text>'
            f'<text x="{left + 10}" y="{top + 36:g}">{told}</text></g>'
        )

    def _state(self, layer: int | None, unit: int, value: float) -> list[str]:
        found = ["on"] if self.unit == (layer, unit) else []
        if layer is not None and self.trace.header.activation(layer, unit) == "relu":
            found.append("active" if value > 0 else "inactive")
        return found

    def _name(self, layer: int | None, unit: int) -> str:
        if layer is None:
            return self.names.input_name(unit)
        return self.names.output_name(unit) if layer == self.trace.header.depth - 1 else ""

    def _edges(self, place: int) -> str:
        """The weights into one layer, the faintest first."""
        layer = place - 1
        weights = self._array("weight", layer)
        gradients = self._array("gradient", layer, "weight") if self.has_loss else None
        sources, units = self.columns[place - 1][1], self.columns[place][1]
        largest = float(np.abs(weights[np.ix_(sources, units)]).max()) or 1.0
        quiet = "" if self._labelled(place) else " quiet"
        order = [(rank, to) for rank in range(len(sources)) for to in range(len(units))]
        order.sort(key=lambda pair: abs(float(weights[sources[pair[0]], units[pair[1]]])))
        lines = []
        for rank, to in order:
            source, unit = int(sources[rank]), int(units[to])
            value = float(weights[source, unit])
            slope = None if gradients is None else float(gradients[source, unit])
            lines.append(self._edge(place, (rank, to), (source, unit), value, slope, abs(value) / largest, quiet))
        return "\n".join(lines)

    def _edge(
        self,
        place: int,
        ranks: tuple[int, int],
        ends: tuple[int, int],
        value: float,
        slope: float | None,
        size: float,
        quiet: str,
    ) -> str:
        layer, (source, unit) = place - 1, ends
        x1, y1 = self._left(place - 1) + WIDTH, self._top(place - 1, ranks[0]) + HEIGHT / 2
        x2, y2 = self._left(place), self._top(place, ranks[1]) + HEIGHT / 2
        sign = "plus" if value > 0 else "minus" if value < 0 else "zero"
        text = shown(value, self.digits) + ("" if slope is None else f" | {shown(slope, self.digits)}")
        symbol = Text(self.digits).write(self.names.symbol(Quantity("weight", layer, unit, source)))
        # Labels of neighbouring sources stand at different distances, so that crossing lines leave them legible.
        share = QUIET_SHARE if quiet else (0.27, 0.73)[ranks[0] % 2]
        x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
        on = " on" if self.unit == (layer, unit) else ""
        return (
            f'<g class="edge{quiet}{on}" data-key="{edge(layer, unit, source)}"><title>{marked_up(f"{symbol} = {text}")}</title>'
            f'<path class="line {sign}" d="M{x1} {y1:g}L{x2} {y2:g}" stroke-width="{0.6 + (MOST_LINE - 0.6) * size:.2f}"/>'
            f'<text class="label" x="{x:.1f}" y="{y - 3:.1f}" text-anchor="middle">{text}</text></g>'
        )

    def _loss(self) -> str:
        """The loss at the right end, and lines to it."""
        place = len(self.columns) - 1
        left, top = self._left(place) + WIDTH + LOSS_GAP, (self.height + TOP - self._row(place)) / 2
        value = float(self.trace[Quantity("loss").id].value)
        symbol = Text().write(self.names.loss())
        lines = "".join(
            f'<path class="line" stroke="var(--soft)" d="M{self._left(place) + WIDTH} {self._top(place, rank) + HEIGHT / 2:g}'
            f'L{left} {top + HEIGHT / 2:g}"/>'
            for rank in range(len(self.columns[place][1]))
        )
        box = f'x="{left}" y="{top:g}" width="{WIDTH - 14}" height="{HEIGHT}" rx="7"'
        ring = f'x="{left - 6}" y="{top - 6:g}" width="{WIDTH - 2}" height="{HEIGHT + 12}" rx="12"'
        return (
            f'{lines}<g class="node" data-key="{LOSS}"><rect class="halo" {box}/><rect class="card" {box}/>'
            f'<rect class="ring" {ring}/><text class="head" x="{left + 10}" y="{top + 18:g}">loss {marked_up(symbol)}</text>'
            f'<text x="{left + 10}" y="{top + 36:g}">{shown(value, self.digits)}</text></g>'
        )

    def _legend(self, tall: int) -> str:
        """What the signs mean, with the symbols of the notation."""
        write = Text().write
        layer = self.trace.header.depth - 1
        slope = write(self.names.delta(Quantity("delta", layer)))
        card = f"card: value | slope of the loss by its sum, such as {slope}" if self.has_loss else "card: value"
        line = "line: weight | slope of the loss by it" if self.has_loss else "line: weight"
        samples = (
            f'<path class="line plus" stroke-width="3" d="M{LEFT} {tall - 50}h34"/>'
            f'<text x="{LEFT + 42}" y="{tall - 46}">positive weight</text>'
            f'<path class="line minus" stroke-width="3" d="M{LEFT + 150} {tall - 50}h34"/>'
            f'<text x="{LEFT + 192}" y="{tall - 46}">negative weight; wider: larger in its layer</text>'
        )
        halo = "; double frame: explained now" if self.unit is not None else ""
        hatched = "; hatched: inactive ReLU" if "relu" in str(self.trace.header.network["layers"]) else ""
        row = f"; numbers of row {self.trace.header.data[self.row].number}" if self.trace.header.rows > 1 else ""
        told = f"{card}; {line}{hatched}{halo}{row}"
        lines = wrap(told, max(30, self.width // 7))
        texts = "".join(
            f'<text class="soft" x="{LEFT}" y="{tall - 26 + 16 * at}">{marked_up(one)}</text>'
            for at, one in enumerate(lines[:2])
        )
        return f"<g>{samples}{texts}</g>"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
