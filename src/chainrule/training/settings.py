"""The hyper-parameters of a training, and the checks that depend on the data."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.engines import TrainingData
from chainrule.formulas.lookup import Array
from chainrule.formulas.schedules import Schedule
from chainrule.formulas.solvers import Solver
from chainrule.network import Network


@dataclass(frozen=True)
class Settings:
    """How to train; the meaning of each is given at `train`."""

    solver: Solver
    schedule: Schedule
    learning_rate_init: float = 0.001
    alpha: float = 0.0
    batch_size: int | str = "auto"
    max_iter: int = 200
    shuffle: bool = True
    tol: float = 1e-4
    n_iter_no_change: float = 10
    watched: str = "loss"
    n_threads: int = 1

    def rows_per_batch(self, n_rows: int) -> int:
        """The batch size for that many rows; warns when the wish has to be clipped."""
        if isinstance(self.batch_size, str):
            return min(200, n_rows)
        if not 1 <= self.batch_size <= n_rows:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=4
            )
        return int(np.clip(self.batch_size, 1, n_rows))


def prepared(network: Network, X: Any, y: Any, sample_weight: Any, dtype: Any) -> TrainingData:
    """The training data in the engines' form; copies only what has the wrong type or order.

    Raises
    ------
    ValueError
        If the shapes do not go with the network or with each other.
    """
    X = X.tocsr().astype(dtype, copy=False) if hasattr(X, "tocsr") else np.ascontiguousarray(X, dtype)
    Y: Array = np.ascontiguousarray(y, dtype)
    Y = Y.reshape(-1, 1) if Y.ndim == 1 else Y
    if X.ndim != 2 or X.shape[1] != network.inputs:
        raise ValueError(f"X must have shape (n, {network.inputs}) for this network, got {X.shape}.")
    if Y.shape != (X.shape[0], network.outputs):
        raise ValueError(
            f"y must hold encoded targets of shape ({X.shape[0]}, {network.outputs}) (one-hot for softmax, 0/1 for "
            f"logistic outputs), got {Y.shape}."
        )
    if sample_weight is not None:
        sample_weight = np.ascontiguousarray(sample_weight, dtype)
        if sample_weight.shape != (len(Y),):
            raise ValueError(f"sample_weight must have shape ({len(Y)},), got {sample_weight.shape}.")
    return TrainingData(X, Y, sample_weight)
