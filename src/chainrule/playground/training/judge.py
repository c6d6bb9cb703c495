"""How good a network is: loss and score on the rows to train and to test on, confusions, errors in the user's units."""

from __future__ import annotations

from functools import partial
from math import isfinite, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import Engine
from chainrule.estimators.scores import accuracy, r2, subset_accuracy
from chainrule.formulas.lookup import Array
from chainrule.playground.training.building import Built
from chainrule.training import Validation
from chainrule.training.validation import Evaluator, Score

# Classes of which a confusion matrix is still readable.
MOST_CONFUSED = 30


class Judged(NamedTuple):
    """Losses without penalty, and accuracies or R²; nan where there are no rows."""

    train: float
    test: float
    train_score: float
    test_score: float


class Judge:
    """Evaluates parameters.

    Parameters
    ----------
    built : Built
        Network and rows.
    engine : Engine
        What computes.
    n_threads : int
        How many threads.
    """

    def __init__(self, built: Built, engine: Engine, n_threads: int) -> None:
        self._built, self._engine, self._n_threads = built, engine, n_threads
        self._parts = {"train": built.rows(built.data.train), "test": built.rows(built.data.test)}
        score = _score(built)
        self._evaluators = {
            name: Evaluator(built.network, Validation(part.X, part.Y, None, score), engine, n_threads)
            for name, part in self._parts.items()
            if len(part.Y)
        }

    def __call__(self, theta: Array) -> Judged:
        """Losses and scores."""
        found = {name: evaluate(theta) for name, evaluate in self._evaluators.items()}
        train, test = (found.get(name, (nan, nan)) for name in ("train", "test"))
        return Judged(train[0], test[0], _number(train[1]), _number(test[1]))

    def details(self, theta: Array) -> dict[str, Any]:
        """Confusion matrices of a classifier, root mean squared errors of a regression, in the user's units."""
        outputs = {name: self._predicted(theta, name) for name in self._evaluators}
        if self._built.data.task == "regression":
            return {f"{name}_rmse": self._rmse(one, name) for name, one in outputs.items()}
        if len(self._built.data.classes) > MOST_CONFUSED:
            return {}
        return {"confusion": {name: self._confusion(one, name) for name, one in outputs.items()}}

    def _predicted(self, theta: Array, name: str) -> Array:
        return self._engine.predict(self._built.network, theta, self._parts[name].X, self._n_threads)

    def _truth(self, name: str) -> NDArray[Any]:
        data = self._built.data
        truth: NDArray[Any] = data.y[data.train if name == "train" else data.test]
        return truth

    def _rmse(self, outputs: Array, name: str) -> float | None:
        middle = self._built.in_units(outputs)[:, outputs.shape[1] // 2]
        error = float(np.sqrt(np.square(middle - self._truth(name)).mean()))
        return error if isfinite(error) else None

    def _confusion(self, outputs: Array, name: str) -> list[list[int]]:
        count = len(self._built.data.classes)
        places = self._truth(name) * count + self._built.decided(outputs)
        table: list[list[int]] = np.bincount(places, minlength=count * count).reshape(count, count).tolist()
        return table


def _score(built: Built) -> Score:
    if built.data.task == "regression":
        return r2 if built.network.outputs == built.network.targets else _middle_r2
    return accuracy if built.border is None else partial(subset_accuracy, border=built.border)


def _middle_r2(Y: Array, outputs: Array, sample_weight: Any = None) -> float:
    """R² of the middle one of several quantiles."""
    middle = outputs.shape[1] // 2
    return r2(Y, outputs[:, middle : middle + 1], sample_weight)


def _number(value: float | None) -> float:
    return nan if value is None else value
