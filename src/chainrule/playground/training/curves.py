"""Learning curves of any length in a few hundred rows: after every one of the first epochs, then each time 5 % further on."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

COLUMNS = ("epoch", "objective", "train", "test", "train_score", "test_score", "rate", "seconds")
DENSE, GROWTH = 20, 1.05


class Row(NamedTuple):
    """One row; nan where there is no number."""

    epoch: float
    objective: float
    train: float
    test: float
    train_score: float
    test_score: float
    rate: float
    seconds: float


def next_due(epoch: int) -> int:
    """The next epoch that gets a row."""
    return epoch + 1 if epoch < DENSE else max(epoch + 1, ceil(epoch * GROWTH))


def due_after(epoch: int) -> int:
    """The first epoch with a row that comes after this one; the same wherever the run was interrupted."""
    due = 0
    while due <= epoch:
        due = next_due(due)
    return due


class Curve:
    """The rows of a run."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Append a row; another one of the same epoch is replaced."""
        self.cut(int(row.epoch) - 1)
        self.rows.append(row)

    def cut(self, epoch: int) -> bool:
        """Forget what is later than an epoch; whether there was anything."""
        before = len(self.rows)
        self.rows = [row for row in self.rows if row.epoch <= epoch]
        return len(self.rows) < before

    def table(self, first: int = 0) -> NDArray[np.float64]:
        """Rows from one on, shape (m, columns)."""
        return np.array(self.rows[first:], np.float64).reshape(-1, len(COLUMNS))
