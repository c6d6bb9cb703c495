"""Rosenblatt's rule in progress on an engine, and the count of its corrections."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from chainrule.engines import TrainingData, choose
from chainrule.errors import DivergenceError
from chainrule.formulas.lookup import Array
from chainrule.formulas.solvers import SGD
from chainrule.network import Dense, Network

RULE = SGD(momentum=0.0, nesterov=False)
# Its square is zero in float64.
COUNTER = 1e-200
# Rates with which counting is exact.
LEAST_RATE, MOST_RATE = 1e-60, 1e60

Weights = tuple[Array, Array]


class Corrections:
    """Rosenblatt's rule at work on an engine: one step for each row, with a learning rate of its own.

    Engines do not say in how many steps the gradient was not zero, so the weights count: each output gets one input more, of
    size 1e-200 with the sign of its target. Every correction adds the same amount to that input's weight, and its contribution
    to a score, 1e-400, is exactly zero.

    Parameters
    ----------
    engine : str
        Name of the engine.
    X : array or sparse matrix of shape (n, I)
        Inputs.
    Y : ndarray of shape (n, K)
        Targets, 0 and 1.
    rates : ndarray of shape (n,)
        Learning rate of each row, from 1e-60 to 1e60; rows with 0 are left out.
    coef, intercept : ndarray of shape (K, I) and (K,)
        Where to start.
    """

    def __init__(self, engine: str, X: Any, Y: Array, rates: Array, coef: Array, intercept: Array) -> None:
        outputs = Y.shape[1]
        self.network = _without_hidden_layers(X.shape[1], outputs)
        self.rows: NDArray[np.int64] = np.flatnonzero(rates)
        self._rates: NDArray[np.float64] = np.asarray(rates, np.float64)
        counters = COUNTER * (2 * Y - 1) / np.where(rates > 0, rates, 1)[:, None]
        counted = _without_hidden_layers(X.shape[1] + outputs, outputs)
        theta = counted.pack([np.vstack([coef.T, np.zeros((outputs, outputs))])], [intercept])
        chosen = choose(engine, counted, theta.dtype, RULE)
        if scipy.sparse.issparse(X):
            X = scipy.sparse.hstack([X, scipy.sparse.csr_matrix(counters)], format="csr")
        else:
            X = np.hstack([X, counters])
        self.engine = chosen.name
        self._counted, self._theta, self._counts = counted, theta, np.zeros(outputs, np.int64)
        self._session = chosen.session(counted, theta, TrainingData(X, Y), RULE)

    def epoch(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        """One pass over these rows; the number of corrections of each output.

        Raises
        ------
        DivergenceError
            If the weights overflow.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            self._session.epoch(order, self._rates[order], 1)
        theta = self._session.theta
        if not np.isfinite(theta).all():
            raise DivergenceError(
                "the perceptron's weights became infinite: eta0 times sums of rows exceed what float64 holds. Scale X, or take a "
                "smaller eta0."
            )
        before, self._theta = self._counts, theta
        counters = self._counted.views(theta).W[0][self.network.inputs :]
        self._counts = np.rint(np.abs(np.diagonal(counters)) / COUNTER).astype(np.int64)
        return self._counts - before

    @property
    def weights(self) -> Weights:
        """Present weights, shape (K, I), and biases, shape (K,)."""
        views = self._counted.views(self._theta)
        return np.ascontiguousarray(views.W[0][: self.network.inputs].T), views.b[0].copy()

    def returned_to(self, landmark: tuple[int, Weights], passes: int) -> str:
        """What it means if the weights are again what they were at a landmark; nothing if they are not."""
        at, (coef, intercept) = landmark
        now_coef, now_intercept = self.weights
        if not (np.array_equal(coef, now_coef) and np.array_equal(intercept, now_intercept)):
            return ""
        return (
            f"After pass {passes} the weights were again those after pass {at}, so they will go round for ever: no hyperplane "
            "separates the classes."
        )


def _without_hidden_layers(inputs: int, outputs: int) -> Network:
    return Network(inputs, (Dense(outputs, "identity"),), "perceptron")
