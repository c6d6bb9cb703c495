"""`scoring`: any scikit-learn scorer as the validation score that chooses the best epoch and stops the training."""

from __future__ import annotations

from inspect import signature
from numbers import Real
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring

from chainrule.formulas.lookup import Array
from chainrule.network import Network

# Not for the copy that scorers see: names of columns and how they become inputs, since it is asked about plain arrays of inputs,
# and those who watch the original.
LEFT_OUT = ("feature_names_in_", "preparation_", "_on_epoch", "_check")


def scorer_of(estimator: Any, weighted: bool) -> Any:
    """The scorer that `scoring` names.

    Raises
    ------
    ValueError
        If it is a metric, not a scorer, or cannot take the weights that there are.
    """
    scorer = check_scoring(estimator, scoring=estimator.scoring)
    if weighted and not _takes_weights(scorer):
        raise ValueError(
            f"scoring={estimator.scoring!r} does not take sample_weight, but the validation rows have weights; take another "
            "score, or a function of your own that has a parameter sample_weight (it may ignore it)."
        )
    return scorer


def _takes_weights(scorer: Any) -> bool:
    try:
        parameters = signature(getattr(scorer, "_score_func", scorer)).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(one.name == "sample_weight" or one.kind is one.VAR_KEYWORD for one in parameters)


class Monitor:
    """``theta -> score``: asks a scorer about a light copy of the estimator with these parameters.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        In the middle of its fit: classes and number of features are known.
    network : Network
        Its network.
    X, y : array
        The validation rows with their targets as the user gave them.
    sample_weight : ndarray or None
        Their weights.

    Raises
    ------
    ValueError
        If `scoring` and the weights do not go together.
    """

    def __init__(self, estimator: Any, network: Network, X: Any, y: Any, sample_weight: Array | None) -> None:
        self._scorer = scorer_of(estimator, sample_weight is not None)
        self._network, self._X, self._y = network, X, y.given() if hasattr(y, "given") else y
        self._options = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._name = estimator.scoring
        self._copy = object.__new__(type(estimator))
        vars(self._copy).update(
            {name: value for name, value in vars(estimator).items() if name not in LEFT_OUT and "callback" not in name}
        )
        self._copy.n_features_in_ = network.inputs

    def __call__(self, theta: Array) -> float:
        """The score; nan where the outputs are not finite."""
        self._copy._set_parameters(self._network, theta)
        try:
            value = self._scorer(self._copy, self._X, self._y, **self._options)
        except AttributeError as error:
            raise ValueError(f"scoring={self._name!r} cannot be used with {self._copy!r}: {error}") from error
        except ValueError:
            if np.isfinite(self._copy._outputs(self._X)).all():
                raise
            return float("nan")
        if not isinstance(value, Real):
            raise ValueError(f"scoring={self._name!r} must give one number, got {value!r}.")
        return float(value)
