"""TensorFlow Playground's points and start weights, to the last bit.

Its random numbers are those of David Bau's seedrandom (ARC4 with 52 random bits to a number), seeded with the text in the link;
points are drawn, then shuffled, then the weights are drawn, layer by layer, unit by unit. So a shared link can be opened with the
same data and the same start, and trained with the same result (repository tensorflow/playground: dataset.ts, nn.ts,
playground.ts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, floor, hypot, log, pi, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from chainrule.datasets.toys import BUMPS
from chainrule.formulas.lookup import lookup

Vector = NDArray[np.float64]
Point = tuple[float, float, float]


def _arc4(key: Sequence[int]) -> Iterator[int]:
    """Bytes of ARC4 with that key, without the first 256."""
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + key[i % len(key)] + state[i]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = drawn = 0
    while True:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        if drawn >= 256:
            yield state[(state[i] + state[j]) % 256]
        drawn += 1


def _mixed(seed: str) -> list[int]:
    """The key of a seed: its characters, folded into 256 bytes where it is longer."""
    key: list[int] = []
    smear = 0
    for place, char in enumerate(seed):
        at = place % 256
        if at == len(key):
            key.append(0)
        smear ^= key[at] * 19
        key[at] = (smear + ord(char)) % 256
    return key or [0]


class Random:
    """The numbers that JavaScript's `Math.random` gives after ``Math.seedrandom(seed)``.

    Parameters
    ----------
    seed : str
        Any text; the number in a link is taken as text too.
    """

    def __init__(self, seed: str) -> None:
        self._bytes = _arc4(_mixed(seed))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """The next number in [low, high), from at least 52 random bits."""
        numerator, denominator, last = 0, 256**6, 0
        for _ in range(6):
            numerator = numerator * 256 + next(self._bytes)
        while numerator < 2**52:
            numerator, denominator = (numerator + last) * 256, denominator * 256
            last = next(self._bytes)
        while numerator >= 2**53:
            numerator, denominator, last = numerator // 2, denominator // 2, last >> 1
        return (numerator + last) / denominator * (high - low) + low

    def normal(self, mean: float, variance: float) -> float:
        """A normal number by Marsaglia's polar method; the second one of each pair is thrown away there."""
        while True:
            u, v = 2 * self.uniform() - 1, 2 * self.uniform() - 1
            s = u * u + v * v
            if s <= 1:
                return mean + sqrt(variance) * sqrt(-2 * log(s) / s) * u


def _circle(random: Random, n: int, noise: float) -> Iterator[Point]:
    for low, high in ((0.0, 2.5), (3.5, 5.0)):
        for _ in range(_half(n)):
            r, angle = random.uniform(low, high), random.uniform(0, 2 * pi)
            x, y = r * sin(angle), r * cos(angle)
            u, v = random.uniform(-5, 5) * noise, random.uniform(-5, 5) * noise
            yield x, y, 1 if hypot(x + u, y + v) < 2.5 else -1


def _xor(random: Random, n: int, noise: float) -> Iterator[Point]:
    for _ in range(n):
        x, y = (at + (0.3 if at > 0 else -0.3) for at in (random.uniform(-5, 5), random.uniform(-5, 5)))
        u, v = random.uniform(-5, 5) * noise, random.uniform(-5, 5) * noise
        yield x, y, 1 if (x + u) * (y + v) >= 0 else -1


def _gauss(random: Random, n: int, noise: float) -> Iterator[Point]:
    share = noise / 0.5
    variance = 0.5 * (1 - share) + 4 * share
    for centre, label in ((2, 1), (-2, -1)):
        for _ in range(_half(n)):
            yield random.normal(centre, variance), random.normal(centre, variance), label


def _spiral(random: Random, n: int, noise: float) -> Iterator[Point]:
    half = n / 2
    for start, label in ((0.0, 1), (pi, -1)):
        for i in range(_half(n)):
            r, t = i / half * 5, 1.75 * i / half * 2 * pi + start
            yield r * sin(t) + random.uniform(-1, 1) * noise, r * cos(t) + random.uniform(-1, 1) * noise, label


def _plane(random: Random, n: int, noise: float) -> Iterator[Point]:
    for x, y, u, v in _square(random, n, noise):
        share = (x + u + (y + v) + 10) / 20
        yield x, y, share - (1 - share)


def _bumps(random: Random, n: int, noise: float) -> Iterator[Point]:
    for x, y, u, v in _square(random, n, noise):
        label = 0.0
        for centre_x, centre_y, sign in BUMPS:
            height = sign * min(max(1 - hypot(x + u - centre_x, y + v - centre_y) / 2, 0), 1)
            label = height if abs(height) > abs(label) else label
        yield x, y, label


def _square(random: Random, n: int, noise: float) -> Iterator[tuple[float, float, float, float]]:
    for _ in range(n):
        x, y = random.uniform(-6, 6), random.uniform(-6, 6)
        yield x, y, random.uniform(-6, 6) * noise, random.uniform(-6, 6) * noise


def _half(n: int) -> int:
    return -(-n // 2)


@dataclass(frozen=True)
class Shape:
    """One of the six data sets there.

    Parameters
    ----------
    points : callable
        ``(random, n, noise)`` to points ``(x, y, label)``.
    n : int
        How many there are.
    """

    points: Callable[[Random, int, float], Iterator[Point]]
    n: int


# Under the names that links use.
SHAPES: dict[str, Shape] = {
    "circle": Shape(_circle, 500),
    "xor": Shape(_xor, 500),
    "gauss": Shape(_gauss, 500),
    "spiral": Shape(_spiral, 500),
    "reg-plane": Shape(_plane, 1200),
    "reg-gauss": Shape(_bumps, 1200),
}


@dataclass(frozen=True)
class Start:
    """Where a run there begins.

    Parameters
    ----------
    X : ndarray of shape (n, 2)
        Points, shuffled.
    y : ndarray of shape (n,)
        Labels -1 and 1, or values.
    n_train : int
        The first rows, in that order, are trained on.
    weights, biases : list of ndarray
        W[k] (inputs, outputs) and b[k].
    """

    X: Vector
    y: Vector
    n_train: int
    weights: list[Vector]
    biases: list[Vector]


def start(
    shape: str,
    widths: Sequence[int],
    seed: str,
    noise: float = 0.0,
    train_percent: float = 50,
    zero: bool = False,
) -> Start:
    """Points, split and start weights of a link.

    Parameters
    ----------
    shape : str
        A key of `SHAPES`.
    widths : sequence of int
        Units of every layer, input features first, 1 last.
    seed : str
        As in the link.
    noise : float
        Share, 0 to 0.5 there (the link's number divided by 100).
    train_percent : float
        Of the points.
    zero : bool
        Whether weights and biases start at zero.

    Raises
    ------
    ValueError
        If the shape is unknown.
    """
    chosen = lookup("data set", shape, SHAPES, Shape, {})
    random = Random(seed)
    points = list(chosen.points(random, chosen.n, noise))
    for left in range(len(points), 0, -1):
        at = floor(random.uniform() * left)
        points[left - 1], points[at] = points[at], points[left - 1]
    table = np.array(points, dtype=np.float64)
    weights = []
    for fan_in, fan_out in pairwise(widths):
        drawn = np.array([[random.uniform() - 0.5 for _ in range(fan_in)] for _ in range(fan_out)])
        weights.append(np.ascontiguousarray(drawn.T) * (not zero))
    biases = [np.full(fan_out, 0.0 if zero else 0.1) for fan_out in widths[1:]]
    return Start(table[:, :2], table[:, 2], floor(len(points) * train_percent / 100), weights, biases)
