"""From what a user has (an estimator, a pipeline, a table model, a DivergenceError) to a case."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing, indexable

from chainrule.diagnosis.case import MOST_DATA, Case, Data
from chainrule.errors import DivergenceError
from chainrule.estimators.base import BaseMLP
from chainrule.estimators.inputs import training_arrays
from chainrule.estimators.looking import passed_through, unwrapped
from chainrule.training.evidence import spread_rows
from chainrule.training.recording import Failure

Given = tuple[Any, Any]


def case_of_failure(failure: Failure) -> Case:
    """A training that diverged and left no estimator."""
    told = f"{_article(failure.kind)} whose training diverged after epoch {len(failure.epochs)}"
    return Case(told, failure.parameters, failure.network, failure.epochs, failure.recording.evidence)


def case_of(estimator: Any, given: Given, held: Given) -> Case:
    """A fitted estimator; one that is not is trained on the data given, on a copy.

    Raises
    ------
    TypeError
        If it is none of this package's networks, or a pipeline that ends in none.
    ValueError
        If it is not fitted and there are no data, or data are given by halves.
    """
    before, learner = _learner(estimator)
    for (X, y), names in ((given, "X and y"), (held, "X_val and y_val")):
        if (X is None) != (y is None):
            raise ValueError(f"{names} belong together: pass both or neither.")
    if not hasattr(learner, "coefs_"):
        return _unfitted(estimator, given, held)
    recording = vars(learner).get("_recording")
    network, theta = learner._parameters()
    finite = bool(np.isfinite(theta).all())
    return Case(
        f"{_article(type(learner).__name__)} with layers {'-'.join(map(str, network.widths))}",
        learner.get_params(deep=False),
        network,
        vars(learner).get("history_") or (),
        None if recording is None else recording.evidence,
        theta if finite else None,
        None if given[0] is None else _data(learner, before, *given),
        None if held[0] is None else _data(learner, before, *held),
        tuple(str(name) for name in learner.get_encoded_feature_names_out()),
        _classes(learner),
        learner if finite else None,
    )


def _learner(estimator: Any) -> tuple[list[Any], Any]:
    """Steps before the network, and the network."""
    before, learner = unwrapped(estimator)
    if not isinstance(learner, BaseMLP):
        raise TypeError(
            "diagnose takes a fitted MLPClassifier, MLPRegressor or MLPMultiTask, a Pipeline that ends in one, a TableModel, "
            f"or the DivergenceError of a fit; got {type(learner).__name__}."
        )
    return before, learner


def _unfitted(estimator: Any, given: Given, held: Given) -> Case:
    if given[0] is None:
        raise ValueError(
            f"this {type(estimator).__name__} is not fitted. If its fit diverged, diagnose the DivergenceError, or pass X and y: "
            "then a copy is trained again and diagnosed."
        )
    again = clone(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            again.fit(*given)
        except DivergenceError as error:
            if error.failure is None:
                raise
            return case_of_failure(error.failure)
    return case_of(again, given, held)


def _data(learner: Any, before: list[Any], X: Any, y: Any) -> Data:
    X, y = indexable(X, y)
    X = passed_through(before, X)
    rows, targets = training_arrays(learner, X, y, False, learner._numeric_y)
    network, theta = learner._parameters()
    if rows.shape[1] != network.inputs:
        raise ValueError(f"X has {rows.shape[1]} features, the network has {network.inputs} inputs.")
    Y = learner._encode(targets, theta.dtype)
    chosen = spread_rows(len(Y), MOST_DATA)
    given = _safe_indexing(X, chosen), _safe_indexing(y, chosen)
    answers = np.asarray(given[1])
    if answers.ndim == 2 and answers.shape[1] == 1:
        answers = answers[:, 0]
    return Data(rows[chosen].astype(theta.dtype, copy=False), Y[chosen], answers, given, len(Y))


def _classes(learner: Any) -> tuple[Any, ...]:
    found = getattr(learner, "classes_", None)
    return tuple(found.tolist()) if isinstance(found, np.ndarray) and found.ndim == 1 and len(found) > 1 else ()


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOM' else 'a'} {name}"
