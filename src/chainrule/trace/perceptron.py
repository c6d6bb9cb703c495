"""The explanation of a perceptron's row: no gradient descent on a batch, but Rosenblatt's correction after one row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.estimators.corrections import RULE
from chainrule.estimators.inputs import prediction_rows
from chainrule.estimators.perceptron import Perceptron
from chainrule.estimators.targets import encode, labels_of
from chainrule.trace.front import View, trace
from chainrule.trace.record import Trace

NOTE = (
    "The perceptron's rule is gradient descent on its loss, one row at a time: the slope is 0 where the prediction is right, so "
    "that nothing changes, and -1 or +1 where it is wrong (lecture 004, 'Perceptron Learning Algorithm')."
)


def trace_perceptron(
    estimator: Perceptron, X: Any, y: Any, sample_weight: Any, view: View, words: dict[str, Any]
) -> Trace:
    """The trace of a perceptron's rows; with a target, of one row and the correction it brings about.

    Raises
    ------
    ValueError
        If there are several rows with targets, a target is no class, or a row's weight is not positive.
    """
    network, X = estimator.network_, prediction_rows(estimator, X, np.float64)
    theta = network.pack([np.asarray(estimator.coef_, float).T], [np.asarray(estimator.intercept_, float)])
    classes = tuple(map(str, estimator.classes_))
    words = {"output_names": classes[1:] if len(classes) == 2 else classes, "notes": (), **words}
    Y, rate = None, float(estimator.eta0)
    if y is not None:
        if X.shape[0] != 1:
            raise ValueError(
                f"a perceptron learns one row at a time, but X has {X.shape[0]} rows: explain one of them, such as X[:1], "
                "or leave out y."
            )
        labels = np.ravel(np.asarray(y))
        if len(labels) != 1 or labels[0] not in estimator.classes_:
            raise ValueError(f"y must hold one of the classes {list(classes)}; got {y!r}.")
        Y = encode(labels_of(estimator.classes_), labels, np.float64)
        rate *= _weight(estimator, labels[0], sample_weight)
        words["notes"] = (*words["notes"], NOTE)
    done = trace(
        network,
        theta,
        X,
        Y,
        solver=RULE,
        learning_rate_init=rate,
        level=view.level,
        check=view.check,
        sample=view.sample,
    )
    return Trace(replace(done.header, **words), done.rows, done.own)


def _weight(estimator: Perceptron, label: Any, sample_weight: Any) -> float:
    """What multiplies the learning rate for this row; 'balanced' weights go by all training rows, which are not known here."""
    own = 1.0 if sample_weight is None else float(np.ravel(sample_weight)[0])
    by_class = estimator.class_weight.get(label, 1.0) if isinstance(estimator.class_weight, dict) else 1.0
    if not own * by_class > 0:
        raise ValueError(f"a row of weight {own * by_class:g} corrects nothing; its weight must be positive.")
    return float(own * by_class)
