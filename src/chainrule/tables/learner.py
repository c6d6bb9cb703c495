"""The estimator behind a table model: made from the settings, trained with the validation rows, watched by epochs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.tables.settings import Settings


class Rows(NamedTuple):
    """Encoded rows."""

    inputs: NDArray[np.float64]
    targets: NDArray[Any]


class Learned(NamedTuple):
    """A fitted estimator, and the validation loss of each penalty that was tried."""

    estimator: Any
    tried: dict[float, float]


def learn(
    task: str,
    settings: Settings,
    train: Rows,
    validation: Rows | None,
    seed: int,
    on_epoch: Callable[[Any], None] | None,
) -> Learned:
    """Choose the penalty where there is a choice, then fit the estimator to keep."""

    def fit(alpha: dict[str, float], rows: Rows, held: Rows | None, watch: Callable[[Any], None] | None) -> Any:
        kind = MLPRegressor if task == "regression" else MLPClassifier
        estimator = kind(**{"random_state": seed, **settings.parameters(**alpha)})
        estimator._on_epoch = watch
        with warnings.catch_warnings():
            # max_iter is our own upper limit here; reaching it is no fault of the user's.
            warnings.filterwarnings("ignore", "Stochastic Optimizer: Max|lbfgs failed", ConvergenceWarning)
            estimator.fit(*rows, **({} if held is None else {"X_val": held.inputs, "y_val": held.targets}))
        estimator._on_epoch = None
        return estimator

    if not settings.alphas or validation is None:
        default = {"alpha": settings.alphas[len(settings.alphas) // 2]} if settings.alphas else {}
        return Learned(fit(default, train, validation, on_epoch), {})
    with warnings.catch_warnings():
        # Ctrl-C during a trial ends the whole, not only the trial: there is nothing to keep yet.
        warnings.filterwarnings("error", "Training interrupted by user")
        try:
            tried = {alpha: loss(fit({"alpha": alpha}, train, None, None), validation) for alpha in settings.alphas}
        except UserWarning as interruption:
            raise KeyboardInterrupt from interruption
    both = Rows(*(np.concatenate(parts) for parts in zip(train, validation, strict=True)))
    return Learned(fit({"alpha": min(tried, key=lambda alpha: tried[alpha])}, both, None, on_epoch), tried)


def loss(estimator: Any, rows: Rows) -> float:
    """Mean squared error, or log loss."""
    if not hasattr(estimator, "classes_"):
        return float(np.mean((estimator.predict(rows.inputs) - rows.targets) ** 2))
    probabilities = estimator.predict_proba(rows.inputs)
    places = np.searchsorted(estimator.classes_, rows.targets)
    chosen = probabilities[np.arange(places.size), places]
    return float(-np.mean(np.log(np.clip(chosen, np.finfo(chosen.dtype).tiny, None))))
