"""Metrics of plain arrays without scikit-learn's general checks, which take longer than a small network's epochs; same bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.metrics._scorer import _PassthroughScorer

from chainrule.estimators.labelling import LabellingMLP
from chainrule.formulas.lookup import Array

Metric = Callable[[Array, Array], float | None]


def quick_accuracy(y: Any, predicted: Any) -> float | None:
    """``accuracy_score(y, predicted)`` to the bit if both are plain labels of one kind; None where it needs scikit-learn."""
    if not (_plain(y, "biuU") and _plain(predicted, y.dtype.kind) and len(y) == len(predicted)):
        return None
    # scikit-learn warns of more labels than half the rows, in one of them.
    if 2 * len(np.unique(np.concatenate((y, predicted)))) > len(y):
        return None
    return float(np.average(y == predicted))


def quick_r2(y: Any, predicted: Any) -> float | None:
    """``r2_score(y, predicted)`` to the bit if both are plain columns and it is finite; None where it needs scikit-learn."""
    if not (_plain(y, "f") and _plain(predicted, "f") and len(y) == len(predicted) > 1 and y.dtype == predicted.dtype):
        return None
    Y, outputs = y.reshape(-1, 1), predicted.reshape(-1, 1)
    with np.errstate(all="ignore"):
        unexplained = np.sum((Y - outputs) ** 2, axis=0)
        total = np.sum((Y - np.average(Y, axis=0)) ** 2, axis=0)
        score = np.average(1 - unexplained / total)
    return float(score) if np.isfinite(score) and unexplained[0] else None


def quick_metric(learner: Any, scorer: Any) -> Metric | None:
    """The short way of a scikit-learn scorer of a classifier or regressor, if there is one.

    There is for ``scoring="accuracy"``, ``"r2"``, and a classifier's own `score`.
    """
    if isinstance(scorer, _PassthroughScorer):
        return quick_accuracy if type(learner).score in (ClassifierMixin.score, LabellingMLP.score) else None
    if getattr(scorer, "_sign", 0) != 1 or getattr(scorer, "_kwargs", True):
        return None
    metrics: dict[Any, Metric] = {accuracy_score: quick_accuracy, r2_score: quick_r2}
    return metrics.get(getattr(scorer, "_score_func", None))


def _plain(values: Any, kinds: str) -> bool:
    return type(values) is np.ndarray and values.ndim == 1 and len(values) > 0 and values.dtype.kind in kinds
