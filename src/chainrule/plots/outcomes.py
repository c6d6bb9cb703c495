"""What a fitted model says about rows, in one form for all kinds of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a model says about n rows.

    Parameters
    ----------
    values : ndarray of shape (n, K) or (n,)
        For each class a probability, or a score of which the largest decides; the predicted numbers of a regressor.
    classes : tuple or None
        The K classes; None for a regressor.
    probabilities : bool
        Whether the values are probabilities.
    """

    values: NDArray[np.float64]
    classes: tuple[Any, ...] | None = None
    probabilities: bool = False


def outcome_of(model: Any, rows: Any, output: int = 0) -> Outcome:
    """Probabilities if there are any, else scores, else the classes predicted; numbers of a regressor.

    Raises
    ------
    ValueError
        If there are several label columns, or no such output.
    """
    classes = _classes(model)
    if classes is None:
        return Outcome(_chosen(np.asarray(model.predict(rows), dtype=np.float64), output))
    if hasattr(model, "predict_proba"):
        found = _of_classes(model.predict_proba(rows), classes)
        if not np.allclose(found.sum(axis=1), 1, atol=1e-3):
            raise ValueError(
                "the model gives each label a probability of its own; a plane shows models with one class for every row."
            )
        return Outcome(found, classes, True)
    if hasattr(model, "decision_function"):
        scores = np.asarray(model.decision_function(rows), dtype=np.float64)
        both = np.column_stack([-scores, scores]) if scores.ndim == 1 else scores
        return Outcome(_of_classes(both, classes), classes)
    predicted = class_codes(np.asarray(model.predict(rows)), classes)
    return Outcome(np.eye(len(classes))[predicted], classes)


def _classes(model: Any) -> tuple[Any, ...] | None:
    """The classes; None for a regressor."""
    found = model.classes if hasattr(model, "schema") else getattr(model, "classes_", None)
    if found is None or not len(found):
        return None
    if isinstance(found, list) or np.ndim(found[0]):
        raise ValueError("the model predicts several columns of labels; a plane shows the decision about one.")
    return tuple(found)


def _of_classes(values: Any, classes: Sequence[Any]) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2 or found.shape[1] != len(classes):
        raise ValueError(
            f"the model has {len(classes)} classes, but its probabilities or scores have shape {found.shape}; a plane shows "
            "models with one class for every row."
        )
    return found


def _chosen(predicted: NDArray[np.float64], output: int) -> NDArray[np.float64]:
    columns = predicted.reshape(len(predicted), -1)
    if not -columns.shape[1] <= output < columns.shape[1]:
        raise ValueError(
            f"output must be from 0 to {columns.shape[1] - 1}, as the model predicts {columns.shape[1]}; got {output}."
        )
    return columns[:, output]


def class_codes(y: NDArray[Any], classes: tuple[Any, ...] | None) -> NDArray[Any]:
    """Labels as places in `classes`; numbers as they are where there are no classes.

    Raises
    ------
    ValueError
        If a label is none of the classes.
    """
    if classes is None:
        return np.asarray(y, dtype=np.float64)
    places = {label: place for place, label in enumerate(classes)} | {
        str(label): at for at, label in enumerate(classes)
    }
    try:
        return np.array([places[label] if label in places else places[str(label)] for label in y])
    except KeyError as error:
        raise ValueError(
            f"y holds {error.args[0]!r}, which is none of the model's classes: {list(classes)[:10]}."
        ) from None


def gaps(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much each class leads the best of the others, shape (n, K): positive where it is the decision."""
    found = np.empty_like(scores)
    for place in range(scores.shape[1]):
        found[:, place] = scores[:, place] - np.delete(scores, place, axis=1).max(axis=1)
    return found


def bayes_gaps(given: Any, width: int) -> NDArray[np.float64]:
    """Fields that vanish on the Bayes boundary, shape (B, h, w), from true probabilities on the grid.

    Raises
    ------
    ValueError
        If these are no probabilities of two or more classes.
    """
    probabilities = np.asarray(given, dtype=np.float64)
    if probabilities.ndim == 1:
        probabilities = np.column_stack([1 - probabilities, probabilities])
    if probabilities.ndim != 2 or probabilities.shape[1] < 2 or not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError(
            "bayes must return probabilities from 0 to 1, of the second class (n,) or of every class (n, K); got shape "
            f"{np.shape(given)} from {np.min(given):.3g} to {np.max(given):.3g}."
        )
    fields = gaps(probabilities).T
    kept = fields[:1] if len(fields) == 2 else fields
    return kept.reshape(len(kept), -1, width)
