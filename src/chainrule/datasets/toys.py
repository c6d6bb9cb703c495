"""Toy problems, one table entry each: points in the plane or on a line, made from a seed.

Problems in the plane fill about [-6, 6] x [-6, 6], as in TensorFlow Playground, whose six shapes are here too. `noise` is a
share from 0 to 1 of what blurs the problem completely; each entry says what it does. To add one, append an entry to `TOYS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logsumexp

from chainrule.formulas.lookup import lookup

Points = NDArray[np.float64]
Posterior = Callable[[Points], NDArray[np.float64]]


@dataclass(frozen=True)
class Sample:
    """Points of a toy problem.

    Parameters
    ----------
    X : ndarray of shape (n, 1) or (n, 2)
        Inputs.
    y : ndarray of shape (n,)
        Class 0, 1, ... (int) or value (float).
    posterior : callable or None
        Classification with two classes, where it is known: ``X -> P(y = 1 | x)``, shape (n,); the Bayes classifier says 1
        where it exceeds 1/2.
    mean : callable or None
        Regression: ``X -> E[y | x]``.
    """

    X: Points
    y: NDArray[np.int64] | NDArray[np.float64]
    posterior: Posterior | None = None
    mean: Posterior | None = None


Draw = Callable[[np.random.Generator, int, float], Sample]


@dataclass(frozen=True)
class Toy:
    """One toy problem.

    Parameters
    ----------
    name : str
        The name users type.
    task : str
        "classification" or "regression".
    inputs : int
        1 (a line) or 2 (the plane).
    draw : callable
        ``(rng, n, noise) -> Sample``.
    about : str
        What it looks like and what `noise` does.
    """

    name: str
    task: str
    inputs: int
    draw: Draw
    about: str


def _labels(values: NDArray[np.bool_]) -> NDArray[np.int64]:
    return values.astype(np.int64)


def _blurred(rng: np.random.Generator, X: Points, noise: float, width: float) -> Points:
    """X, each coordinate moved by a uniform draw from [-width, width] * noise."""
    return X + noise * rng.uniform(-width, width, X.shape)


def _circle(rng: np.random.Generator, n: int, noise: float) -> Sample:
    y = _labels(np.arange(n) < n // 2)
    radius = np.where(y == 1, rng.uniform(0, 2.5, n), rng.uniform(3.5, 5, n))
    angle = rng.uniform(0, 2 * np.pi, n)
    X = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])
    inside = np.hypot(*_blurred(rng, X, noise, 5).T) < 2.5
    return Sample(X, _labels(inside))


def _xor(rng: np.random.Generator, n: int, noise: float) -> Sample:
    X = rng.uniform(-5, 5, (n, 2))
    X += 0.3 * np.where(X > 0, 1, -1)
    return Sample(X, _labels(_blurred(rng, X, noise, 5).prod(axis=1) >= 0))


def _gauss(rng: np.random.Generator, n: int, noise: float) -> Sample:
    y = _labels(np.arange(n) < n // 2)
    variance = 0.5 + 3.5 * 2 * noise
    X = np.where(y[:, None] == 1, 2.0, -2.0) + np.sqrt(variance) * rng.standard_normal((n, 2))
    return Sample(X, y, posterior=lambda at: expit(4 * at.sum(axis=1) / variance))


def _spiral(rng: np.random.Generator, n: int, noise: float) -> Sample:
    y = _labels(np.arange(n) < n // 2)
    arms = (n - n // 2, n // 2)
    along = np.where(y == 1, np.cumsum(y) - 1, np.cumsum(1 - y) - 1) / np.array(arms)[y].clip(1)
    angle = 1.75 * along * 2 * np.pi + np.where(y == 1, 0, np.pi)
    X = (5 * along)[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    return Sample(_blurred(rng, X, noise, 1), y)


def _moons(rng: np.random.Generator, n: int, noise: float) -> Sample:
    y = _labels(np.arange(n) < n // 2)
    angle = rng.uniform(0, np.pi, n)
    upper = np.column_stack([3 * np.cos(angle) - 1.5, 3 * np.sin(angle) - 0.75])
    lower = np.column_stack([3 * np.cos(angle) + 1.5, 0.75 - 3 * np.sin(angle)])
    X = np.where(y[:, None] == 1, lower, upper)
    return Sample(X + 2 * noise * rng.standard_normal((n, 2)), y)


def _mixture(rng: np.random.Generator, n: int, noise: float) -> Sample:
    """Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, section 2.3.3; the means are drawn anew."""
    spread = 0.2 * (1 + 4 * noise)
    means = np.stack([rng.multivariate_normal(centre, np.eye(2), 10) for centre in ((1.0, 0.0), (0.0, 1.0))])
    y = _labels(np.arange(n) < n // 2)
    X = means[y, rng.integers(10, size=n)] + np.sqrt(spread) * rng.standard_normal((n, 2))

    def log_density(at: Points, label: int) -> Points:
        squares = ((at[:, None, :] - means[label]) ** 2).sum(axis=2)
        total: Points = logsumexp(-squares / (2 * spread), axis=1)
        return total

    return Sample(X, y, posterior=lambda at: expit(log_density(at, 1) - log_density(at, 0)))


def _three(rng: np.random.Generator, n: int, noise: float) -> Sample:
    y = np.arange(n) % 3
    angle = 2 * np.pi * y / 3
    centres = 3 * np.column_stack([np.sin(angle), np.cos(angle)])
    return Sample(centres + np.sqrt(0.5 + 7 * noise) * rng.standard_normal((n, 2)), y.astype(np.int64))


def _regression(inputs: int, low: float, high: float, mean: Posterior, scale: float) -> Draw:
    """Inputs uniform in [low, high]; values blurred by a normal draw of standard deviation `scale * noise`."""

    def draw(rng: np.random.Generator, n: int, noise: float) -> Sample:
        X = rng.uniform(low, high, (n, inputs))
        return Sample(X, mean(X) + noise * scale * rng.standard_normal(n), mean=mean)

    return draw


def _plane(X: Points) -> Points:
    value: Points = X.sum(axis=1) / 10
    return value


BUMPS = ((-4.0, 2.5, 1), (0.0, 2.5, -1), (4.0, 2.5, 1), (-4.0, -2.5, -1), (0.0, -2.5, 1), (4.0, -2.5, -1))


def _bumps(X: Points) -> Points:
    """Six cones of radius 2, up and down in turn."""
    heights = np.stack([sign * np.clip(1 - np.hypot(X[:, 0] - u, X[:, 1] - v) / 2, 0, 1) for u, v, sign in BUMPS])
    strongest = np.abs(heights).argmax(axis=0)
    value: Points = np.take_along_axis(heights, strongest[None], axis=0)[0]
    return value


def _sine(X: Points) -> Points:
    value: Points = np.sin(2 * np.pi * X[:, 0])
    return value


def _line(X: Points) -> Points:
    return 0.7 * X[:, 0] + 0.15


def _stair(X: Points) -> Points:
    return np.where(X[:, 0] < 0.5, 0.2, 0.8)


TOYS: dict[str, Toy] = {
    toy.name: toy
    for toy in (
        Toy(
            "circle", "classification", 2, _circle, "a disc in a ring; noise moves the points before they are labelled"
        ),
        Toy("xor", "classification", 2, _xor, "four squares, opposite ones alike; noise moves points before labelling"),
        Toy("gauss", "classification", 2, _gauss, "two normal clouds; noise widens them (variance 0.5 + 7 noise)"),
        Toy("spiral", "classification", 2, _spiral, "two arms, nearly two turns each; noise moves the points"),
        Toy("moons", "classification", 2, _moons, "two half rings that interlock; normal noise moves the points"),
        Toy("mixture", "classification", 2, _mixture, "ten small clouds per class, overlapping; noise widens each"),
        Toy("three", "classification", 2, _three, "three normal clouds, one per class; noise widens them"),
        Toy("plane", "regression", 2, _regression(2, -6, 6, _plane, 1), "a tilted plane; noise is added to the value"),
        Toy("bumps", "regression", 2, _regression(2, -6, 6, _bumps, 1), "six cones; noise is added to the value"),
        Toy(
            "sine", "regression", 1, _regression(1, 0, 1, _sine, 1), "one period of a sine; noise is added to the value"
        ),
        Toy("line", "regression", 1, _regression(1, 0, 1, _line, 0.5), "a straight line; noise is added to the value"),
        Toy("stair", "regression", 1, _regression(1, 0, 1, _stair, 0.5), "one step; noise is added to the value"),
    )
}


def make_toy(name: str, n: int = 200, noise: float = 0.0, seed: int = 0) -> Sample:
    """Points of a toy problem.

    Parameters
    ----------
    name : str
        One of `TOYS`.
    n : int
        Number of points, at least 2.
    noise : float
        From 0 to 1; `Toy.about` says what it does.
    seed : int
        The same seed gives the same points.

    Raises
    ------
    ValueError
        If the name is unknown or a number is out of range.
    """
    toy = lookup("toy problem", name, TOYS, Toy, {})
    if not isinstance(n, Integral) or isinstance(n, bool) or n < 2:
        raise ValueError(f"n must be a whole number, at least 2; got {n!r}.")
    if not isinstance(noise, Real) or isinstance(noise, bool) or not 0 <= float(noise) <= 1:
        raise ValueError(f"noise must be a number from 0 to 1; got {noise!r}.")
    return toy.draw(np.random.default_rng(seed), int(n), float(noise))
