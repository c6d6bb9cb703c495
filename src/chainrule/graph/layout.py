"""Where the nodes of a drawing stand: in layers from left to right, in few-crossings order, at the height of their neighbours.

The method of Sugiyama, Tagawa and Toda (1981): layers by longest path, order by barycentres, lines that pass a layer by way of an
invisible place of their own. Heights are found layer by layer as the least-squares solution that keeps order and distances (pool
adjacent violators).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 24
LANE = 12.0  # height of the invisible places


@dataclass(frozen=True)
class Layout:
    """Places of nodes and lines.

    Parameters
    ----------
    layers : list of int
        Column of each node, from the left.
    heights : list of float
        Vertical middle of each node.
    lanes : list of list of float
        For each line, the heights at which it passes the columns between its ends.
    """

    layers: list[int]
    heights: list[float]
    lanes: list[list[float]]


@dataclass
class _Places:
    """Nodes and invisible places with their neighbours; numbers below the number of nodes are nodes."""

    sizes: list[float]
    layers: list[int]
    before: list[list[int]] = field(default_factory=list)
    after: list[list[int]] = field(default_factory=list)

    def join(self, left: int, right: int) -> None:
        self.after[left].append(right)
        self.before[right].append(left)


def arrange(sizes: Sequence[float], edges: Sequence[tuple[int, int]], spacing: float) -> Layout:
    """Lay out a graph.

    Parameters
    ----------
    sizes : sequence of float
        Height of each node; nodes are in topological order.
    edges : sequence of (int, int)
        Where each line begins and ends.
    spacing : float
        Least free height between neighbours in a layer.
    """
    layers = _layers(len(sizes), edges)
    places = _Places(list(sizes), layers, [[] for _ in sizes], [[] for _ in sizes])
    routes = [_route(places, *edge) for edge in edges]
    columns: list[list[int]] = [[] for _ in range(max(layers) + 1)]
    for place in _first_order(places, len(sizes)):
        columns[places.layers[place]].append(place)
    columns = _uncrossed(places, columns)
    heights = _heights(places, columns, spacing)
    return Layout(
        layers[: len(sizes)], heights[: len(sizes)], [[heights[place] for place in route] for route in routes]
    )


def _layers(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Computed nodes as far left as they can be, leaves just before their first use."""
    inputs: list[list[int]] = [[] for _ in range(count)]
    users: list[list[int]] = [[] for _ in range(count)]
    for start, end in edges:
        inputs[end].append(start)
        users[start].append(end)
    layers = [0] * count
    for node in range(count):
        layers[node] = 1 + max((layers[each] for each in inputs[node]), default=-1)
    for node in range(count):
        if not inputs[node] and users[node]:
            layers[node] = min(layers[each] for each in users[node]) - 1
    return layers


def _route(places: _Places, start: int, end: int) -> list[int]:
    """Invisible places for one line, in the layers between its ends."""
    route = []
    for layer in range(places.layers[start] + 1, places.layers[end]):
        route.append(len(places.sizes))
        places.sizes.append(LANE)
        places.layers.append(layer)
        places.before.append([])
        places.after.append([])
    for left, right in pairwise([start, *route, end]):
        places.join(left, right)
    return route


def _first_order(places: _Places, count: int) -> list[int]:
    """All places, depth first from the last node back, so that what is used together stands together."""
    order: dict[int, None] = {}
    waiting = list(range(count))
    while waiting:
        place = waiting[-1]
        missing = [each for each in reversed(places.before[place]) if each not in order]
        if missing and place not in order:
            waiting.extend(missing)
        else:
            order.setdefault(waiting.pop())
    return list(order)


def _uncrossed(places: _Places, columns: list[list[int]]) -> list[list[int]]:
    """The best order found by sorting each layer by the mean position of its neighbours, forth and back."""
    best, fewest = columns, _crossings(places, columns)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        columns = [list(column) for column in columns]
        forth = sweep % 2 == 0
        position = {place: at for column in columns for at, place in enumerate(column)}
        for column in columns if forth else reversed(columns):
            neighbours = places.before if forth else places.after
            weight = {place: _mean((position[each] for each in neighbours[place]), position[place]) for place in column}
            column.sort(key=weight.__getitem__)
            position |= {place: at for at, place in enumerate(column)}
        crossings = _crossings(places, columns)
        if crossings < fewest:
            best, fewest = columns, crossings
    return best


def _mean(values: Iterable[float], default: float) -> float:
    found = list(values)
    return sum(found) / len(found) if found else default


def _crossings(places: _Places, columns: list[list[int]]) -> int:
    """How many pairs of lines cross."""
    total = 0
    for left, right in pairwise(columns):
        position = {place: at for at, place in enumerate(right)}
        ends: list[int] = []
        for place in left:
            for end in (fan := sorted(position[each] for each in places.after[place])):
                total += len(ends) - bisect_right(ends, end)
            for end in fan:
                insort(ends, end)
    return total


def _heights(places: _Places, columns: list[list[int]], spacing: float) -> list[float]:
    heights = [0.0] * len(places.sizes)
    for column in columns:
        _settle(places, column, [0.0] * len(column), spacing, heights)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        for column in columns if forth else reversed(columns):
            wanted = []
            for place in column:
                near = places.before[place] if forth else places.after[place]
                wanted.append(_mean((heights[each] for each in near), heights[place]))
            _settle(places, column, wanted, spacing, heights)
    top = min(height - size / 2 for height, size in zip(heights, places.sizes, strict=True))
    return [height - top for height in heights]


def _settle(places: _Places, column: list[int], wanted: list[float], spacing: float, heights: list[float]) -> None:
    """Heights of one layer nearest to the wanted ones (least squares) that keep order and distances."""
    offsets = [0.0]
    for above, below in pairwise(column):
        offsets.append(offsets[-1] + (places.sizes[above] + places.sizes[below]) / 2 + spacing)
    blocks: list[tuple[float, int]] = []  # mean and number of members
    for want, offset in zip(wanted, offsets, strict=True):
        mean, members = want - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, count = blocks.pop()
            mean, members = (mean * members + other * count) / (members + count), members + count
        blocks.append((mean, members))
    settled = (mean for mean, members in blocks for _ in range(members))
    for place, mean, offset in zip(column, settled, offsets, strict=True):
        heights[place] = mean + offset
