"""The estimator behind a table model: made from the settings, trained with the validation rows, watched by epochs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_sample_weight

from chainrule.errors import ChainruleError, TableError
from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.formulas.losses import get_loss
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
            try:
                estimator.fit(*rows, **({} if held is None else {"X_val": held.inputs, "y_val": held.targets}))
            except ValueError as error:
                # The rows are clean by now: what an estimator refuses is what it was asked to be.
                raise error if isinstance(error, ChainruleError) else TableError(str(error)) from error
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
    """Mean squared error, or log loss with the class weights; for other losses of numbers the one that is trained on."""
    if not hasattr(estimator, "classes_"):
        if estimator.network_.objective != get_loss("squared_error"):
            theta = estimator.theta_.astype(np.float64)
            return float(estimator.network_.loss_and_gradient(theta, rows.inputs, rows.targets)[0])
        return float(np.mean((estimator.predict(rows.inputs) - rows.targets) ** 2))
    probabilities = estimator.predict_proba(rows.inputs)
    places = np.searchsorted(estimator.classes_, rows.targets)
    chosen = probabilities[np.arange(places.size), places]
    given = estimator.class_weight
    if isinstance(given, dict):
        weights = [given.get(label, 1.0) for label in rows.targets.tolist()]
    else:
        weights = compute_sample_weight(given, rows.targets)
    return float(-np.average(np.log(np.clip(chosen, np.finfo(chosen.dtype).tiny, None)), weights=weights))
