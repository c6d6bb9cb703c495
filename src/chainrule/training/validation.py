"""The validation set, held out from the training rows or brought by the user, and its evaluation after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from chainrule.engines import Engine
from chainrule.formulas.lookup import Array
from chainrule.network import Dense, Network

Score = Callable[[Array, Array, Any], float]
# Held-out rows are gathered in blocks of this size, so that no second copy of a large part of X is ever made.
BLOCK = 8192


@dataclass(frozen=True)
class Validation:
    """A validation set.

    Parameters
    ----------
    X, Y : array
        Inputs and encoded targets, as in `TrainingData`.
    sample_weight : ndarray or None
        Weights of the rows.
    score : callable or None
        ``(Y, outputs, sample_weight) -> float``, greater is better; None compares by validation loss.
    rows : ndarray of int or None
        The rows of X, Y and sample_weight that form the set; None means all.
    monitor : callable or None
        ``theta -> float``, greater is better: takes the place of `score` where a score needs more than the outputs.
    """

    X: Any
    Y: Array
    sample_weight: Array | None = None
    score: Score | None = None
    rows: NDArray[np.int64] | None = None
    monitor: Callable[[Array], float] | None = None


def hold_out(
    n_rows: int, fraction: float, rng: np.random.RandomState, stratify: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers of the training and the validation part, drawn as scikit-learn's `train_test_split` draws them.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    fraction : float
        Share of the validation part.
    rng : numpy.random.RandomState
        Advanced as scikit-learn's split advances it.
    stratify : ndarray of bool or None
        Class of each row, to keep the shares of the classes.

    Raises
    ------
    ValueError
        If the split is impossible or leaves fewer than two validation rows.
    """
    labels = stratify
    if stratify is not None and min(stratify.sum(), (~stratify).sum()) < 2:
        labels = stratify.astype(str)  # scikit-learn's error message names the class by this string
    rows, held = train_test_split(np.arange(n_rows), random_state=rng, test_size=fraction, stratify=labels)
    if len(held) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return rows, held


class Evaluator:
    """Loss and score of a network on its validation set.

    The loss is computed from the raw scores, so that it stays finite where probabilities round to 0 or 1: the engine
    predicts with the same network under an identity output, the output activation is applied here.
    """

    def __init__(self, network: Network, validation: Validation, engine: Engine, n_threads: int) -> None:
        self._network, self._engine, self._n_threads = network, engine, n_threads
        self._scores = replace(
            network, layers=(*network.layers[:-1], Dense(network.outputs, "identity")), loss="squared_error"
        )
        rows, weight = validation.rows, validation.sample_weight
        self._X, self._rows, self._score, self._monitor = validation.X, rows, validation.score, validation.monitor
        self._Y = validation.Y if rows is None else validation.Y[rows]
        self._weight = weight if weight is None or rows is None else weight[rows]
        if self._weight is not None and not self._weight.any():
            raise ValueError("sample_weight is zero for every row of the validation set.")

    @property
    def scores(self) -> bool:
        """Whether there is a score beside the loss."""
        return self._score is not None or self._monitor is not None

    def _blocks(self) -> Iterator[Any]:
        if self._rows is None:
            yield self._X
            return
        for start in range(0, len(self._rows), BLOCK):
            yield self._X[self._rows[start : start + BLOCK]]

    def __call__(self, theta: Array) -> tuple[float, float | None]:
        """Validation loss (without penalty) and score (None without a score function) of these parameters."""
        with np.errstate(all="ignore"):
            scores = [
                self._engine.predict(self._scores, theta, block, n_threads=self._n_threads) for block in self._blocks()
            ]
            z = scores[0] if len(scores) == 1 else np.concatenate(scores)
            output, loss = self._network.layers[-1].function, self._network.objective
            a = output.value(z)
            rows = loss.rows(self._Y, z, a, output)
            mean = float(rows.sum() / len(rows) if self._weight is None else np.average(rows, weights=self._weight))
            value = loss.reported(mean, self._network.outputs)
            score = None if self._score is None else self._score(self._Y, a, self._weight)
        return value, score if self._monitor is None else float(self._monitor(theta))
