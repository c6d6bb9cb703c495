"""Whether what was asked for goes with the task of a table, said before anything is trained."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import get_scorer

from chainrule.errors import TableError
from chainrule.estimators.outputs import PROBABILITIES
from chainrule.estimators.parameters import NOT_FOR_CLASSES, NOT_FOR_NUMBERS
from chainrule.formulas.activations import ACTIVATIONS, Activation, get_activation
from chainrule.formulas.losses import LOSSES, Quantile, get_loss
from chainrule.formulas.words import in_words
from chainrule.tables.schema import TargetSchema
from chainrule.tables.target import label_text

NO_PROBABILITIES = "it gives no probabilities of the classes"
NOT_FOR_TABLES = {
    "hinge": NO_PROBABILITIES,
    "perceptron": NO_PROBABILITIES,
    "poisson": "tables scale their target to mean 0, and it needs numbers above",
}
# An activation without bounds takes a score of this size beyond any target scaled to deviation 1.
FAR, ENOUGH = 1e4, 10


def checked(asked: Mapping[str, Any] | None, goal: TargetSchema) -> dict[str, Any]:
    """The parameters asked for, class weights by label.

    Raises
    ------
    TableError
        A loss, an output activation, a score or class weights do not go with the task, or a share is none; the message says
        what does.
    """
    found = dict(asked or {})
    if found.get("loss") is not None:
        _check_loss(found["loss"], goal)
    if found.get("output_activation") is not None:
        _check_output(found["output_activation"], found.get("loss"), goal)
    if isinstance(found.get("scoring"), str) and found["scoring"] != "loss":
        _check_scoring(found["scoring"], goal)
    share = found.get("validation_fraction", 0.1)
    if not isinstance(share, (int, float)) or not 0 < share < 1:
        raise TableError(f"validation_fraction must be a number above 0 and below 1; found {share!r}.")
    if found.get("class_weight") is not None:
        found["class_weight"] = _by_label(found["class_weight"], goal)
    return found


def losses(task: str) -> list[str]:
    """Names of the losses that a table with this task can be trained on."""
    wrong = NOT_FOR_NUMBERS if task == "regression" else NOT_FOR_CLASSES
    return [name for name in LOSSES if name not in wrong and name not in NOT_FOR_TABLES]


def outputs(task: str) -> list[str]:
    """Names of the output activations that a table with this task can be trained with."""
    if task != "regression":
        return list(dict.fromkeys((PROBABILITIES[task], "logistic")))
    return [name for name, entry in ACTIVATIONS.items() if not entry.untrainable and _without_bounds(entry)]


def _without_bounds(activation: Activation) -> bool:
    """Whether it can take any value: targets are scaled to mean 0 and deviation 1."""
    if activation.pullback is not None:
        return False
    low, high = activation.value(np.array([-FAR, FAR]))
    return bool(low < -ENOUGH and high > ENOUGH)


def _check_output(given: Any, loss: Any, goal: TargetSchema) -> None:
    try:
        activation = get_activation(given)
        known = outputs(goal.task)
        if (activation.name in ACTIVATIONS or goal.task != "regression") and activation.name not in known:
            why = (
                "tables scale their target to mean 0 and deviation 1, so outputs must reach any value"
                if goal.task == "regression"
                else f"outputs must be probabilities of its {len(goal.classes)} classes"
            )
            raise ValueError(f"{why}; choose {' or '.join(known)}")
        if loss is not None:
            get_loss(loss).check_output(activation)
    except (TypeError, ValueError) as error:
        called = given if isinstance(given, str) else getattr(given, "name", given)
        reason = str(error).rstrip(".")
        raise TableError(f"output_activation {called!r}, target {goal.name!r}: {reason}.") from None


def _check_loss(given: Any, goal: TargetSchema) -> None:
    try:
        loss = get_loss(given)
    except (TypeError, ValueError) as error:
        raise TableError(f"loss: {error}") from None
    called = loss.name if loss.origin is None else in_words(loss.origin)
    place, known = f"loss {called!r}, target {goal.name!r}", losses(goal.task)
    if loss.name in LOSSES and loss.name not in known:
        kind = "numbers (regression)" if goal.task == "regression" else "classes"
        why = NOT_FOR_TABLES.get(loss.name, f"the target holds {kind}, which it is not made for")
        raise TableError(f"{place}: {why}; choose one of {', '.join(known)}.")
    if isinstance(loss.origin, Quantile) and len(loss.origin.levels) > 1:
        levels = ", ".join(f"{level:g}" for level in loss.origin.levels)
        raise TableError(f"{place}: a table model predicts one number for each row; choose one of the levels {levels}.")


def _check_scoring(name: str, goal: TargetSchema) -> None:
    """Try the scorer on a few rows with such targets: only it knows what it takes."""
    numbers = goal.task == "regression"
    y = (
        np.linspace(-1, 1, 8)
        if numbers
        else np.array(goal.classes)[np.arange(4 * len(goal.classes)) % len(goal.classes)]
    )
    rows = np.zeros((len(y), 1))
    naive = (DummyRegressor() if numbers else DummyClassifier(strategy="prior")).fit(rows, y)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            get_scorer(name)(naive, rows, y)
    except (AttributeError, TypeError, ValueError) as error:
        others = "r2, neg_mean_absolute_error" if numbers else "accuracy, balanced_accuracy, f1_macro, neg_log_loss"
        reason = " ".join(str(error).split()).rstrip(".")
        raise TableError(
            f"scoring {name!r}, target {goal.name!r}: it does not go with this target ({reason}); choose another, such as "
            f"{others} or loss."
        ) from None


def _by_label(given: Any, goal: TargetSchema) -> Any:
    if goal.task == "regression":
        raise TableError(
            f"class_weight, target {goal.name!r}: the target holds numbers (regression), which have no classes."
        )
    if not isinstance(given, Mapping):
        return given
    labels = {label_text(label): label for label in goal.classes}
    unknown = [key for key in given if key not in goal.classes and key not in labels]
    if unknown:
        raise TableError(
            f"class_weight: {unknown[0]!r} is none of the classes of {goal.name!r}; they are {', '.join(labels)}."
        )
    return {labels.get(key, key): weight for key, weight in given.items()}
