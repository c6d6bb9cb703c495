"""The data, initial weights and batch order of a cell: generated once, given to every peer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cells import Cell

ORDERS = 8


@dataclass(frozen=True)
class Problem:
    """What all peers start from.

    X (n, I) and Y (n, K; one-hot for classification) in the precision under test; labels (n,) are the class numbers
    (empty for regression); weights (I, O) and biases (O,) per layer; orders (ORDERS, n) a permutation per epoch.
    """

    cell: Cell
    X: np.ndarray
    Y: np.ndarray
    labels: np.ndarray
    weights: list[np.ndarray]
    biases: list[np.ndarray]
    orders: np.ndarray

    def order(self, epoch: int) -> np.ndarray:
        """The row order of that epoch."""
        return self.orders[epoch % ORDERS]


def teacher(rng: np.random.Generator, X: np.ndarray, outputs: int) -> np.ndarray:
    """Noisy scores of a random one-layer network: learnable, but never to a loss of zero."""
    hidden = np.tanh(X @ (rng.standard_normal((X.shape[1], 16)) / X.shape[1] ** 0.5).astype(X.dtype))
    scores = hidden @ rng.standard_normal((16, outputs)).astype(X.dtype)
    return scores + rng.standard_normal(scores.shape).astype(X.dtype)


def make(cell: Cell, dtype: str = "float32", seed: int = 0) -> Problem:
    """Draw everything from one seed."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((cell.rows, cell.widths[0]), dtype=np.float32).astype(dtype, copy=False)
    scores = teacher(rng, X, cell.widths[-1])
    if cell.task == "classification":
        labels = scores.argmax(axis=1)
        Y = np.eye(cell.widths[-1], dtype=dtype)[labels]
    else:
        labels = np.empty(0, dtype=np.int64)
        Y = scores / scores.std()
    weights, biases = [], []
    for fan_in, fan_out in pairwise(cell.widths):
        bound = ((2.0 if cell.activation == "logistic" else 6.0) / (fan_in + fan_out)) ** 0.5
        weights.append(rng.uniform(-bound, bound, (fan_in, fan_out)).astype(dtype))
        biases.append(rng.uniform(-bound, bound, fan_out).astype(dtype))
    orders = np.stack([rng.permutation(cell.rows) for _ in range(ORDERS)])
    return Problem(cell, X, Y, labels, weights, biases, orders)
