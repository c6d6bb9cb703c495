"""How good predictions are: one score with a naive baseline beside it, and where the errors lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import classification_report, confusion_matrix

from chainrule.estimators.scores import r2
from chainrule.tables.schema import TargetSchema
from chainrule.tables.target import label_text

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of a model on rows it was not trained on.

    Attributes
    ----------
    task : str
        binary, multiclass or regression.
    score_name, score : str, float
        accuracy for classes, R2 for numbers.
    baseline_name, baseline : str, float
        The same score of a prediction that ignores the inputs.
    rows : int
        Number of rows.
    log_loss, rmse, mae, r2 : float or None
        Further measures, where they make sense.
    labels, confusion : tuple of str, ndarray
        Confusion matrix: true classes in rows, predicted classes in columns.
    report : dict
        Precision, recall, f1-score and support of each class.
    error_quantiles : dict of str to float
        Quantiles of the absolute error.
    truth, predicted : ndarray
        The values behind the scores.
    """

    task: str
    score_name: str
    score: float
    baseline_name: str
    baseline: float
    rows: int
    log_loss: float | None = None
    rmse: float | None = None
    mae: float | None = None
    r2: float | None = None
    baseline_rmse: float | None = None
    labels: tuple[str, ...] = ()
    confusion: NDArray[np.int64] | None = None
    report: dict[str, dict[str, float]] = field(default_factory=dict)
    error_quantiles: dict[str, float] = field(default_factory=dict)
    truth: NDArray[Any] = field(default_factory=lambda: np.zeros(0))
    predicted: NDArray[Any] = field(default_factory=lambda: np.zeros(0))

    @property
    def residuals(self) -> NDArray[np.float64]:
        """Truth minus prediction, for regression."""
        difference: NDArray[np.float64] = self.truth - self.predicted
        return difference

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, without the single values."""
        data = {name: value for name, value in vars(self).items() if name not in ("truth", "predicted")}
        data["labels"] = list(self.labels)
        data["confusion"] = None if self.confusion is None else self.confusion.tolist()
        return data


def evaluate_classes(target: TargetSchema, truth: list[str], probabilities: NDArray[np.float64]) -> Evaluation:
    """Scores of class probabilities; a true label that was never trained on counts as an error."""
    names = [label_text(label) for label in target.classes]
    labels = [*names, *sorted(set(truth) - set(names))]
    predicted = np.array(names, dtype=object)[probabilities.argmax(axis=1)]
    actual = np.array(truth, dtype=object)
    majority = names[int(np.argmax(target.counts))]
    known = np.isin(actual, names)
    loss = _log_loss(actual[known], probabilities[known], names) if known.any() else None
    report = classification_report(
        actual.tolist(), predicted.tolist(), labels=labels, target_names=labels, output_dict=True, zero_division=0.0
    )
    return Evaluation(
        task=target.task,
        score_name="accuracy",
        score=float(np.mean(actual == predicted)),
        baseline_name=f"always {majority}",
        baseline=float(np.mean(actual == majority)),
        rows=len(truth),
        log_loss=loss,
        labels=tuple(labels),
        confusion=confusion_matrix(actual.tolist(), predicted.tolist(), labels=labels),
        report={label: {key: float(value) for key, value in report[label].items()} for label in labels},
        truth=actual,
        predicted=predicted,
    )


def _log_loss(actual: NDArray[Any], probabilities: NDArray[np.float64], names: list[str]) -> float:
    # scikit-learn's log_loss expects the columns in alphabetical order; classes 2 and 10 are not.
    chosen = probabilities[np.arange(actual.size), [names.index(label) for label in actual]]
    return float(-np.mean(np.log(np.clip(chosen, np.finfo(probabilities.dtype).eps, None))))


def evaluate_numbers(target: TargetSchema, truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> Evaluation:
    """Scores of predicted numbers against the mean of the training rows."""
    error = truth - predicted
    naive = truth - target.centre
    score = r2(truth[:, None], predicted[:, None])
    return Evaluation(
        task=target.task,
        score_name="R2",
        score=score,
        baseline_name=f"always the mean {target.centre:.6g}",
        baseline=r2(truth[:, None], np.full((truth.size, 1), target.centre)),
        rows=truth.size,
        rmse=float(np.sqrt(np.mean(error**2))),
        mae=float(np.mean(np.abs(error))),
        r2=score,
        baseline_rmse=float(np.sqrt(np.mean(naive**2))),
        error_quantiles={f"{q:g}": float(np.quantile(np.abs(error), q)) for q in QUANTILES},
        truth=truth,
        predicted=predicted,
    )
