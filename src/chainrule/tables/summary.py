"""What a training run was, as plain JSON data: written after training, checked when it comes from a file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from chainrule.formulas.words import in_words
from chainrule.tables.learner import Learned
from chainrule.tables.settings import Choice

NUMBER = "a finite number"
SHAPE: dict[str, Any] = {
    "table": str,
    "rows": int,
    "sizes": {"train": int, "validation": int, "test": int},
    "split": str,
    "seed": int,
    "epochs": int,
    "engine": str,
    "seconds": NUMBER,
    "settings": [{"name": str, "value": object, "reason": str}],
    "notes": [str],
}
TEST = {"score_name": str, "score": NUMBER, "baseline_name": str, "baseline": NUMBER, "rows": int}
LARGEST = 1e300


def summarize(learned: Learned, settings: Iterable[Choice]) -> dict[str, Any]:
    """Epochs, settings as they were used, and curves of a fitted estimator."""
    estimator = learned.estimator
    used = [(choice, getattr(estimator, choice.name)) for choice in settings]
    return {
        "epochs": int(estimator.n_iter_),
        "engine": estimator.engine_,
        "settings": [
            {"name": choice.name, "value": plain_setting(value), "reason": choice.reason} for choice, value in used
        ],
        "penalties_tried": [{"alpha": alpha, "validation_loss": loss} for alpha, loss in learned.tried.items()],
        "loss_curve": _curve(estimator.loss_curve_),
        "validation_loss_curve": _curve(estimator.validation_loss_curve_),
        "validation_scores": _curve(estimator.validation_scores_),
    }


def check_summary(data: Any) -> dict[str, Any]:
    """``data`` if it is an empty summary or has the fields that are shown; ValueError otherwise."""
    if not isinstance(data, dict):
        raise ValueError("the summary is not an object.")
    if data:
        _check(data, SHAPE, "summary")
        if data.get("test") is not None:
            _check(data["test"], TEST, "summary.test")
    return data


def _check(data: Any, shape: Any, place: str) -> None:
    if isinstance(shape, dict):
        if not isinstance(data, dict) or not set(shape) <= set(data):
            raise ValueError(f"{place}: expected {', '.join(shape)}.")
        for name, inner in shape.items():
            _check(data[name], inner, f"{place}.{name}")
    elif isinstance(shape, list):
        if not isinstance(data, list):
            raise ValueError(f"{place}: expected a list.")
        for item in data:
            _check(item, shape[0], place)
    elif shape == NUMBER:
        if type(data) not in (int, float) or not -LARGEST < data < LARGEST:
            raise ValueError(f"{place}: expected {NUMBER}.")
    elif shape is not object and type(data) is not shape:
        raise ValueError(f"{place}: expected {shape.__name__}, found {type(data).__name__}.")


def _curve(values: Sequence[float] | None) -> list[float | None]:
    # JSON knows no NaN: a number that is not finite becomes null.
    return [float(value) if math.isfinite(value) else None for value in values or ()]


def plain_setting(value: Any) -> Any:
    """A setting as JSON data; formulas as their name with the hyper-parameters that are not the usual ones."""
    if isinstance(value, Mapping):
        return {str(key): plain_setting(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_setting(item) for item in value]
    if isinstance(value, np.generic):
        return plain_setting(value.item())
    if is_dataclass(value) and not isinstance(value, type):
        return in_words(value)
    return value if isinstance(value, (str, int, float, bool)) or value is None else repr(value)
