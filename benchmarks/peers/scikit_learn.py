"""scikit-learn's MLP, through its own training loop (`_fit_stochastic`), initial weights and row orders injected.

What `fit` does before that loop (validating and encoding) is left out of the timing, in scikit-learn's favour.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace
from unittest import mock

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor, _multilayer_perceptron

from cells import ALPHA, BETA_1, BETA_2, EPSILON, MOMENTUM, Cell
from peers import Watch
from problem import Problem


def covers(cell: Cell) -> bool:
    """Every cell."""
    return True


def estimator(cell: Cell) -> MLPClassifier | MLPRegressor:
    """The estimator of a cell; it never stops early."""
    kind = MLPClassifier if cell.task == "classification" else MLPRegressor
    return kind(
        hidden_layer_sizes=cell.widths[1:-1],
        activation=cell.activation,
        solver=cell.solver,
        alpha=ALPHA,
        batch_size=cell.batch,
        learning_rate_init=cell.rate,
        momentum=MOMENTUM,
        beta_1=BETA_1,
        beta_2=BETA_2,
        epsilon=EPSILON,
        tol=0.0,
        n_iter_no_change=10**9,
    )


class Run:
    """One estimator, trained again and again from the same weights."""

    def __init__(self, problem: Problem) -> None:
        self.begin(problem)
        self.model = estimator(problem.cell)
        # The estimator keeps encoded targets as booleans; two softmax outputs for two classes are ours to ask for.
        self.Y = problem.Y.astype(bool) if problem.cell.task == "classification" else problem.Y
        self.model._label_binarizer = SimpleNamespace(y_type_="multiclass")
        self.model._random_state = np.random.RandomState(0)

    def begin(self, problem: Problem) -> None:
        """From these initial weights and row orders from now on; the data are the same."""
        self.problem = problem

    def reset(self) -> None:
        """Initial weights, empty history."""
        model, widths, dtype = self.model, self.problem.cell.widths, self.problem.X.dtype
        model._initialize(self.Y, list(widths), dtype)
        model.coefs_ = [w.copy() for w in self.problem.weights]
        model.intercepts_ = [b.copy() for b in self.problem.biases]
        self.buffers = (
            [self.problem.X] + [None] * (len(widths) - 1),
            [None] * (len(widths) - 1),
            [np.empty(pair, dtype=dtype) for pair in pairwise(widths)],
            [np.empty(width, dtype=dtype) for width in widths[1:]],
        )

    def run_epochs(self, n: int, watch: Watch | None = None) -> list[float]:
        """Train n epochs."""
        self.model.max_iter = n
        orders = self.orders(n, watch)
        shuffled = mock.patch.object(_multilayer_perceptron, "shuffle", lambda *args, **options: next(orders))
        with warnings.catch_warnings(), shuffled:
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model._fit_stochastic(
                self.problem.X, self.Y, None, *self.buffers, list(self.problem.cell.widths), False
            )
        if watch:
            watch()
        return [float(loss) for loss in self.model.loss_curve_]

    def orders(self, n: int, watch: Watch | None) -> Iterator[np.ndarray]:
        """Each epoch's row order; asking for the next one means that an epoch has ended."""
        for epoch in range(n):
            if epoch and watch:
                watch()
            yield self.problem.order(epoch)

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Weights and biases."""
        return [w.copy() for w in self.model.coefs_], [b.copy() for b in self.model.intercepts_]


def prepare(problem: Problem, threads: int) -> Run:
    """Threads come from the environment (BLAS)."""
    return Run(problem)
