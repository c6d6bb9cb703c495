"""The data, initial weights and batch order of a cell: generated once, given to every peer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from cells import Cell

ORDERS = 8
TEST_ROWS = 2000


@dataclass(frozen=True)
class Problem:
    """What all peers start from.

    X (n, I) and Y (n, K; one-hot for classification) in the precision under test; labels (n,) are the class numbers
    (empty for regression); weights (I, O) and biases (O,) per layer; orders (ORDERS, n) a permutation per epoch.
    X_test (TEST_ROWS, I) and Y_test (TEST_ROWS, K) are of the same kind, and nobody trains on them.
    """

    cell: Cell
    X: np.ndarray
    Y: np.ndarray
    labels: np.ndarray
    weights: list[np.ndarray]
    biases: list[np.ndarray]
    orders: np.ndarray
    X_test: np.ndarray
    Y_test: np.ndarray

    def order(self, epoch: int) -> np.ndarray:
        """The row order of that epoch."""
        return self.orders[epoch % ORDERS]


class Teacher:
    """Noisy scores of a random one-layer network: learnable, but never to a loss of zero."""

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int) -> None:
        self.rng = rng
        self.hidden = rng.standard_normal((inputs, 16)) / inputs**0.5
        self.output = rng.standard_normal((16, outputs))

    def scores(self, X: np.ndarray) -> np.ndarray:
        """Scores of these rows, shape (n, K)."""
        scores = np.tanh(X @ self.hidden.astype(X.dtype)) @ self.output.astype(X.dtype)
        return scores + self.rng.standard_normal(scores.shape).astype(X.dtype)


def one_hot(labels: np.ndarray, classes: int, dtype: str) -> np.ndarray:
    """A column for each class."""
    return np.eye(classes, dtype=dtype)[labels]


def start(rng: np.random.Generator, cell: Cell, dtype: str) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Initial weights and biases, and the row orders."""
    weights, biases = [], []
    for fan_in, fan_out in pairwise(cell.widths):
        bound = ((2.0 if cell.activation == "logistic" else 6.0) / (fan_in + fan_out)) ** 0.5
        weights.append(rng.uniform(-bound, bound, (fan_in, fan_out)).astype(dtype))
        biases.append(rng.uniform(-bound, bound, fan_out).astype(dtype))
    return weights, biases, np.stack([rng.permutation(cell.rows) for _ in range(ORDERS)])


def make(cell: Cell, dtype: str = "float32", seed: int = 0) -> Problem:
    """Draw everything from one seed."""
    rng = np.random.default_rng(seed)
    inputs, outputs = cell.widths[0], cell.widths[-1]
    X = rng.standard_normal((cell.rows, inputs), dtype=np.float32).astype(dtype, copy=False)
    teacher = Teacher(rng, inputs, outputs)
    scores = teacher.scores(X)
    begun = start(rng, cell, dtype)
    X_test = rng.standard_normal((TEST_ROWS, inputs), dtype=np.float32).astype(dtype, copy=False)
    test_scores = teacher.scores(X_test)
    if cell.task == "regression":
        Y, Y_test = scores / scores.std(), test_scores / scores.std()
        return Problem(cell, X, Y, np.empty(0, dtype=np.int64), *begun, X_test, Y_test)
    labels = scores.argmax(axis=1)
    Y_test = one_hot(test_scores.argmax(axis=1), outputs, dtype)
    return Problem(cell, X, one_hot(labels, outputs, dtype), labels, *begun, X_test, Y_test)


def restarted(problem: Problem, seed: int) -> Problem:
    """The same data with other initial weights and row orders."""
    weights, biases, orders = start(np.random.default_rng([1, seed]), problem.cell, str(problem.X.dtype))
    return replace(problem, weights=weights, biases=biases, orders=orders)
