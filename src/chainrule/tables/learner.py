"""The estimator behind a table model: made from the settings, trained with the validation rows, watched by epochs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    from chainrule.estimators import MLPClassifier, MLPRegressor
except ImportError:
    from sklearn.neural_network import MLPClassifier, MLPRegressor


def make_estimator(task: str, parameters: dict[str, Any], seed: int) -> Any:
    """An unfitted estimator for the task."""
    kind = MLPRegressor if task == "regression" else MLPClassifier
    return kind(**{"random_state": seed, **parameters})


def train(
    estimator: Any,
    inputs: NDArray[np.float64],
    targets: NDArray[Any],
    validation: tuple[NDArray[np.float64], NDArray[Any]] | None,
    on_epoch: Callable[[Any], None] | None,
) -> Any:
    """Fit, with the validation rows where there are some."""
    if on_epoch is not None:
        estimator._on_epoch = on_epoch
    if validation is not None and "X_val" in inspect.signature(estimator.fit).parameters:
        return estimator.fit(inputs, targets, X_val=validation[0], y_val=validation[1])
    if validation is not None:
        inputs, targets = np.concatenate((inputs, validation[0])), np.concatenate((targets, validation[1]))
    return estimator.fit(inputs, targets)
