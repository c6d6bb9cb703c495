"""Bowls to descend: networks whose objective is exactly a quadratic function of their weights.

One linear unit, rows ``+-sqrt(d * curvature_i)`` along each of d axes and targets 0 give
``J(w) = sum_i curvature_i w_i**2 / 2``; the bias starts at its minimum 0 and stays there. So a step on the bowl is a full-batch
step of the real engine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import TrainingData, choose
from chainrule.formulas.solvers import Solver, State
from chainrule.network import Dense, Network

Vector = NDArray[np.float64]


def descend(
    curvatures: Sequence[float],
    start: Sequence[float],
    solver: Solver,
    rate: float,
    steps: int,
    engine: str = "auto",
    *,
    state: State | None = None,
    close: float = 0.0,
) -> Vector:
    """The path of full-batch steps, shape (steps + 1, d); it ends early where every coordinate is below `close`.

    `state` is the solver's state to begin with, vectors of length d + 1 (the bias last); zeros by default.
    """
    d = len(curvatures)
    rows = np.vstack([np.diag(np.sqrt(np.multiply(d, curvatures))), -np.diag(np.sqrt(np.multiply(d, curvatures)))])
    network = Network(d, (Dense(1, "identity"),), "squared_error")
    theta = np.append(np.array(start, dtype=np.float64), 0.0)
    data = TrainingData(rows, np.zeros((2 * d, 1)))
    # A state says that a step has been taken.
    session = choose(engine, network, np.float64, solver).session(
        network, theta, data, solver, state=state, t=0 if state is None else 1
    )
    order, rates, path = np.arange(2 * d), np.array([rate]), [theta[:d]]
    for _ in range(steps):
        session.epoch(order, rates, 2 * d)
        path.append(session.theta[:d])
        if np.abs(path[-1]).max() < close:
            break
    return np.array(path)


def height(curvatures: Sequence[float], points: Vector) -> Vector:
    """The bowl's value at points of shape (..., d)."""
    value: Vector = 0.5 * (np.asarray(curvatures) * np.asarray(points) ** 2).sum(axis=-1)
    return value
