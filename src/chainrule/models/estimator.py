"""A fitted estimator as plain data and arrays, and back.

The document holds names, numbers and strings; a file names no class but one of `estimators()` or Perceptron. Everything read is
checked against the network before an estimator is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.estimators.perceptron import Perceptron
from chainrule.models import perceptron
from chainrule.models.common import describe_names, engine_from, refuse_non_finite, restore_names
from chainrule.models.labels import describe_labels, restore_labels
from chainrule.models.learning import (
    MOST,
    describe_evidence,
    describe_history,
    describe_state,
    restore_evidence,
    restore_history,
    restore_state,
    vector,
)
from chainrule.models.network import network_from, theta_from
from chainrule.models.parameters import check_described, describe_parameters, restore_parameters
from chainrule.models.plain import checked_dict, checked_list, from_plain, to_plain
from chainrule.models.preparation import describe_preparation, restore_preparation
from chainrule.models.tasks import describe_tasks, restore_tasks
from chainrule.network import Network

Arrays = dict[str, NDArray[Any]]
CLASSIFIER, MULTITASK = "MLPClassifier", "MLPMultiTask"
INTEGERS = ("n_iter_", "n_layers_", "n_outputs_", "n_features_in_", "t_", "_no_improvement_count")
NUMBERS = ("loss_", "best_loss_", "best_validation_score_")
CURVES = ("loss_curve_", "validation_loss_curve_", "validation_scores_")
FIELDS = (
    "class", "classes", "curves", "engine", "features", "history", "labels", "network", "parameters", "state", "values",
)  # fmt: skip


def estimators() -> dict[str, Any]:
    """The classes a model file may name."""
    from chainrule.estimators import MLPClassifier, MLPRegressor
    from chainrule.estimators.multitask import MLPMultiTask

    return {CLASSIFIER: MLPClassifier, "MLPRegressor": MLPRegressor, MULTITASK: MLPMultiTask}


def describe(estimator: Any) -> tuple[dict[str, Any], Arrays]:
    """Document and arrays of a fitted estimator.

    Raises
    ------
    TypeError
        It is not one of chainrule's, or a parameter cannot be written as plain data; the message names it.
    ValueError
        It is not fitted, its weights are not finite, or its parameters describe another network than it has.
    """
    kind = type(estimator).__name__
    if type(estimator) is Perceptron:
        return perceptron.describe(estimator)
    if type(estimator) is not estimators().get(kind):
        raise TypeError(f"only {', '.join(estimators())}, {perceptron.NAME} and TableModel can be saved; got {kind}.")
    if not hasattr(estimator, "coefs_"):
        raise ValueError(f"this {kind} is not fitted yet: there is nothing to save.")
    network, theta = estimator._parameters()
    refuse_non_finite(theta)
    arrays: Arrays = {"theta": theta}
    if getattr(estimator, "_last", None) is not None:
        arrays["last_theta"] = estimator._last
    state, history = _learned(estimator, arrays)
    curves = [name for name in CURVES if getattr(estimator, name, None) is not None]
    arrays.update({f"curve.{name}": np.asarray(getattr(estimator, name), dtype=np.float64) for name in curves})
    check_described(estimator, network)
    parameters, more = describe_parameters(estimator)
    arrays.update(more)
    classes, labels = describe_labels(estimator._label_binarizer) if kind == CLASSIFIER else (None, None)
    document: dict[str, Any] = {
        "class": kind,
        "parameters": parameters,
        "network": network.to_dict(),
        "engine": estimator.engine_,
        "classes": classes,
        "labels": labels,
        "features": describe_names(estimator),
        "curves": curves,
        "values": _values(estimator),
        "state": state,
        "history": history,
    }
    if kind == MULTITASK:
        document["tasks"] = describe_tasks(estimator)
    if getattr(estimator, "preparation_", None) is not None:
        document["preparation"] = describe_preparation(estimator.preparation_)
    return document, arrays


def _learned(estimator: Any, arrays: Arrays) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    documents: list[dict[str, Any] | None] = []
    for describer, name in ((describe_state, "_state"), (describe_history, "history_")):
        value: Any = getattr(estimator, name, None)
        document, more = (None, {}) if value is None else describer(value)
        documents.append(document)
        arrays.update(more)
    if getattr(estimator, "_recording", None) is not None:
        arrays.update(describe_evidence(estimator._recording))
    return documents[0], documents[1]


def _values(estimator: Any) -> dict[str, Any]:
    known = {name: getattr(estimator, name) for name in (*INTEGERS, *NUMBERS) if hasattr(estimator, name)}
    return {name: to_plain(value, name) for name, value in known.items()}


def restore(document: Mapping[str, Any], arrays: Arrays) -> Any:
    """The estimator that `describe` described; ValueError, TypeError or KeyError for anything else."""
    if document.get("class") == perceptron.NAME:
        return perceptron.restore(document, arrays)
    data = checked_dict(document, "estimator", FIELDS, ("preparation", "tasks"))
    kind = data["class"]
    if not isinstance(kind, str) or kind not in estimators():
        raise ValueError(f"estimator: class {kind!r}; expected one of {', '.join(estimators())}.")
    network = network_from(data["network"])
    theta = theta_from(network, arrays)
    estimator = estimators()[kind]()
    restore_parameters(estimator, data["parameters"], arrays)
    check_described(estimator, network)
    estimator._set_parameters(network, theta)
    estimator.engine_ = engine_from(data["engine"])
    if "preparation" in data:
        estimator.preparation_ = restore_preparation(data["preparation"], network)
    _restore_values(estimator, network, data["values"])
    _restore_learned(estimator, network, data, arrays)
    restore_names(estimator, data["features"])
    if kind == CLASSIFIER:
        labels = restore_labels(data["classes"], data["labels"], network)
        estimator._label_binarizer, estimator.classes_ = labels, labels.classes_
    elif data["classes"] is not None or data["labels"] is not None:
        raise ValueError(f"estimator: a {kind} has no classes.")
    if ("tasks" in data) != (kind == MULTITASK):
        raise ValueError(f"estimator: {MULTITASK} has tasks, and nothing else has; found a {kind}.")
    if kind == MULTITASK:
        restore_tasks(estimator, data["tasks"], network)
    return estimator


def _restore_values(estimator: Any, network: Network, values: Any) -> None:
    for name, value in checked_dict(values, "values").items():
        plain = from_plain(value, name)
        whole = type(plain) is int and 0 <= plain <= MOST
        if not (whole if name in INTEGERS else name in NUMBERS and type(plain) in (type(None), int, float)):
            raise ValueError(f"estimator: {name} is {plain!r}.")
        setattr(estimator, name, plain)
    prepared = getattr(estimator, "preparation_", None)
    features = network.inputs if prepared is None else len(prepared.columns)
    expected = {"n_features_in_": features, "n_outputs_": network.outputs, "n_layers_": len(network.layers) + 1}
    for name, number in expected.items():
        if getattr(estimator, name, None) != number:
            raise ValueError(f"estimator: {name} is {getattr(estimator, name, None)}; the network has {number}.")


def _restore_learned(estimator: Any, network: Network, data: Mapping[str, Any], arrays: Arrays) -> None:
    estimator._last = vector(arrays, "last_theta", arrays["theta"]) if "last_theta" in arrays else None
    if data["state"] is not None:
        estimator._state = restore_state(data["state"], arrays, arrays["theta"])
    if data["history"] is not None:
        estimator.history_ = restore_history(data["history"], arrays, len(network.layers))
    recording = restore_evidence(arrays, network)
    if recording is not None:
        estimator._recording = recording
    given = checked_list(data["curves"], str, "curves")
    if not set(given) <= set(CURVES):
        raise ValueError(f"estimator: curves {given}; known are {', '.join(CURVES)}.")
    for name in CURVES:
        curve = arrays[f"curve.{name}"] if name in given else None
        if curve is not None and curve.ndim != 1:
            raise ValueError(f"estimator: {name} has shape {curve.shape}.")
        setattr(estimator, name, None if curve is None else curve.tolist())
