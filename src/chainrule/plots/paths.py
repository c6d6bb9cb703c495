"""The parameters after every epoch of a training, by training once more."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from chainrule.estimators.parameters import is_stochastic


class TrainingPath(NamedTuple):
    """Parameters along a training, shape (T, P), and the estimator at its end."""

    thetas: NDArray[np.float64]
    estimator: Any


class Recorder:
    """A callback of scikit-learn's that keeps the parameters after every epoch."""

    def __init__(self) -> None:
        self.thetas: list[NDArray[np.float64]] = []

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing to prepare."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing to put away."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Nothing to record yet."""

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any = None) -> bool:
        """Keep the parameters; never stop."""
        if context.task_name == "epoch" and fitted_estimator is not None:
            self.thetas.append(np.array(fitted_estimator.theta_, dtype=np.float64))
        return False


def training_path(estimator: Any, X: Any, y: Any, **fit_params: Any) -> TrainingPath:
    """Fit a copy of the estimator and keep the parameters at the start and after every epoch.

    With an integer `random_state` it goes the way that the estimator itself went on these data.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or MLPMultiTask
        Fitted or not; it is not changed.
    X, y : array
        Training data.
    **fit_params
        What else `fit` takes, such as `sample_weight`.

    Returns
    -------
    TrainingPath
        `thetas` of shape (n_iter_ + 1, P), the start first (L-BFGS: n_iter_, without the start), and the fitted copy. With
        early stopping `estimator.theta_` is the best of them, which need not be the last.

    Raises
    ------
    TypeError
        If it is no such estimator.
    """
    if not hasattr(estimator, "set_callbacks") or not hasattr(estimator, "_parameters"):
        raise TypeError(
            f"training_path trains an MLPClassifier, MLPRegressor or MLPMultiTask again; got {type(estimator).__name__}. Of a "
            "pipeline, give the last step and rows as the steps before transform them."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        recorder = Recorder()
        fitted = clone(estimator).set_callbacks(recorder).fit(X, y, **fit_params)
        thetas = recorder.thetas
        if is_stochastic(estimator.solver):
            # Layers with rate 0 stay as they were drawn: the start.
            frozen = clone(estimator).set_params(layer_rates=[0] * len(fitted.coefs_), max_iter=1)
            thetas = [np.array(frozen.fit(X, y, **fit_params).theta_, dtype=np.float64), *thetas]
    return TrainingPath(np.array(thetas), fitted.set_callbacks())
