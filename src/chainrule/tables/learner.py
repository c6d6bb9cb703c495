"""The estimator behind a table model: made from the settings, trained with the validation rows, watched by epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from chainrule.estimators import MLPClassifier, MLPRegressor


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
    estimator._on_epoch = on_epoch
    held = {} if validation is None else {"X_val": validation[0], "y_val": validation[1]}
    return estimator.fit(inputs, targets, **held)
