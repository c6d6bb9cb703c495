"""A fitted estimator as plain data and arrays, and back.

The document holds names, numbers and strings; no class or function is ever named by a file, only one of the entries of
`ESTIMATORS`. Everything read is checked against the network before an estimator is made of it.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import LabelBinarizer

from chainrule.network import Network

Arrays = dict[str, NDArray[Any]]
CLASSIFIER = "MLPClassifier"
INTEGERS = ("n_iter_", "n_layers_", "n_outputs_", "n_features_in_", "t_", "_no_improvement_count")
NUMBERS = ("loss_", "best_loss_", "best_validation_score_")
CURVES = ("loss_curve_", "validation_scores_", "validation_loss_curve_")
FIELDS = ("class", "classes", "curves", "features", "labels", "network", "parameters", "values")
LABEL_KINDS = {"b": bool, "i": int, "u": int, "f": float, "U": str, "O": None}
MAX_LABEL_CELLS = 10_000_000


def estimators() -> dict[str, Any]:
    """The classes a model file may name."""
    from chainrule.tables.learner import MLPClassifier, MLPRegressor

    return {CLASSIFIER: MLPClassifier, "MLPRegressor": MLPRegressor}


def describe(estimator: Any) -> tuple[dict[str, Any], Arrays]:
    """Document and arrays of a fitted estimator.

    Raises
    ------
    TypeError
        It is not one of chainrule's, or a parameter cannot be written as plain data.
    ValueError
        It is not fitted, or its weights are not finite.
    """
    kind = type(estimator).__name__
    if type(estimator) is not estimators().get(kind):
        raise TypeError(f"only {', '.join(estimators())} and TableModel can be saved; got {kind}.")
    if not hasattr(estimator, "coefs_"):
        raise ValueError(f"this {kind} is not fitted yet: there is nothing to save.")
    network = network_of(estimator)
    theta = network.pack(estimator.coefs_, estimator.intercepts_)
    if not np.isfinite(theta).all():
        raise ValueError("the weights are not finite; a model that diverged is not saved.")
    arrays: Arrays = {"theta": theta}
    curves = [name for name in CURVES if getattr(estimator, name, None) is not None]
    arrays.update({f"curve.{name}": np.asarray(getattr(estimator, name), dtype=np.float64) for name in curves})
    names = getattr(estimator, "feature_names_in_", None)
    document = {
        "class": kind,
        "parameters": {name: to_plain(value, name) for name, value in estimator.get_params(deep=False).items()},
        "network": network.to_dict(),
        "classes": labels_to_plain(estimator.classes_) if kind == CLASSIFIER else None,
        "labels": estimator._label_binarizer.y_type_ if kind == CLASSIFIER else None,
        "features": None if names is None else [str(name) for name in names],
        "curves": curves,
        "values": _values(estimator),
    }
    return document, arrays


def network_of(estimator: Any) -> Network:
    """The network of a fitted estimator."""
    if hasattr(estimator, "network_"):
        network: Network = estimator.network_
        return network
    hidden = [(width.size, estimator.activation) for width in estimator.intercepts_[:-1]]
    output = (estimator.intercepts_[-1].size, estimator.out_activation_)
    layers = [{"units": int(units), "activation": activation} for units, activation in (*hidden, output)]
    return Network.from_dict({"inputs": estimator.n_features_in_, "layers": layers, "loss": estimator.loss})


def _values(estimator: Any) -> dict[str, Any]:
    known = {name: getattr(estimator, name) for name in (*INTEGERS, *NUMBERS) if hasattr(estimator, name)}
    return {name: None if value is None else to_plain(value, name) for name, value in known.items()}


def restore(document: Mapping[str, Any], arrays: Arrays) -> Any:
    """The estimator that `describe` described; ValueError, TypeError or KeyError for anything else."""
    if sorted(document) != sorted(FIELDS):
        raise ValueError(f"estimator: fields {sorted(document)}; expected {sorted(FIELDS)}.")
    kind = document["class"]
    if not isinstance(kind, str) or kind not in estimators():
        raise ValueError(f"estimator: class {kind!r}; expected one of {', '.join(estimators())}.")
    network = network_from(document["network"])
    theta = theta_from(network, arrays)
    estimator = _unfitted(kind, document["parameters"])
    views = network.views(theta)
    estimator.coefs_, estimator.intercepts_ = list(views.W), list(views.b)
    estimator.out_activation_ = network.layers[-1].function.name
    _restore_values(estimator, network, document["values"])
    for name in _checked_list(document["curves"], str, "curves"):
        if name not in CURVES:
            raise ValueError(f"estimator: curve {name!r} is unknown.")
        setattr(estimator, name, arrays[f"curve.{name}"].tolist())
    if document["features"] is not None:
        names = _checked_list(document["features"], str, "features")
        if len(names) != network.inputs:
            raise ValueError(f"estimator: {len(names)} feature names for {network.inputs} inputs.")
        estimator.feature_names_in_ = np.array(names, dtype=object)
    if kind == CLASSIFIER:
        _restore_classes(estimator, network, document["classes"], document["labels"])
    return estimator


def network_from(data: Any) -> Network:
    """A network from plain data of which nothing is believed."""
    if not isinstance(data, dict) or sorted(data) != ["inputs", "layers", "loss"]:
        raise ValueError("network: expected an object with inputs, layers and loss.")
    layers = _checked_list(data["layers"], dict, "network.layers")
    if any(sorted(layer) != ["activation", "units"] or type(layer["units"]) is not int for layer in layers):
        raise ValueError("network: each layer needs units (a whole number) and activation.")
    texts = [data["loss"], *(layer["activation"] for layer in layers)]
    if type(data["inputs"]) is not int or not all(isinstance(text, str) for text in texts):
        raise ValueError("network: inputs must be a whole number, loss and activations names.")
    return Network.from_dict(data)


def theta_from(network: Network, arrays: Arrays) -> NDArray[Any]:
    """The parameters, of the length the network asks for, all finite."""
    theta = arrays.get("theta")
    if theta is None or theta.shape != (network.n_parameters,) or theta.dtype.kind != "f":
        found = "no array theta" if theta is None else f"theta of shape {theta.shape} and type {theta.dtype}"
        raise ValueError(f"found {found}; the network has {network.n_parameters:,} floating-point parameters.")
    wrong = np.flatnonzero(~np.isfinite(theta))
    if wrong.size:
        raise ValueError(f"theta[{wrong[0]}] is {theta[wrong[0]]}; weights must be finite.")
    return theta


def _unfitted(kind: str, parameters: Any) -> Any:
    estimator = estimators()[kind]()
    known = set(estimator.get_params(deep=False))
    if not isinstance(parameters, dict) or not set(parameters) <= known:
        odd = sorted(set(parameters) - known) if isinstance(parameters, dict) else parameters
        raise ValueError(f"estimator: unknown parameters {odd}.")
    estimator.set_params(**{name: from_plain(value, name) for name, value in parameters.items()})
    estimator._validate_params()
    return estimator


def _restore_values(estimator: Any, network: Network, values: Any) -> None:
    if not isinstance(values, dict) or not set(values) <= {*INTEGERS, *NUMBERS}:
        raise ValueError("estimator: unknown values.")
    for name, value in values.items():
        plain = from_plain(value, name)
        fits = type(plain) is int and plain >= 0 if name in INTEGERS else type(plain) in (type(None), int, float)
        if not fits:
            raise ValueError(f"estimator: {name} is {plain!r}.")
        setattr(estimator, name, plain)
    expected = {"n_features_in_": network.inputs, "n_outputs_": network.outputs, "n_layers_": len(network.layers) + 1}
    for name, number in expected.items():
        if getattr(estimator, name, None) != number:
            raise ValueError(f"estimator: {name} is {getattr(estimator, name, None)}; the network has {number}.")


def _restore_classes(estimator: Any, network: Network, classes: Any, labels: Any) -> None:
    estimator.classes_ = labels_from_plain(classes)
    outputs = 1 if labels == "binary" else estimator.classes_.size
    if labels not in ("binary", "multiclass", "multilabel-indicator") or outputs != network.outputs:
        raise ValueError(f"estimator: {estimator.classes_.size} classes ({labels}) for {network.outputs} outputs.")
    binarizer = LabelBinarizer()
    binarizer.classes_, binarizer.y_type_, binarizer.sparse_input_ = estimator.classes_, labels, False
    estimator._label_binarizer = binarizer


def labels_to_plain(labels: NDArray[Any]) -> dict[str, Any]:
    """Class labels with their type."""
    kind = labels.dtype.kind
    plain = labels.tolist()
    if kind not in LABEL_KINDS or not all(type(label) in (str, int, float, bool) for label in plain):
        raise TypeError(f"class labels of type {labels.dtype} cannot be written as plain data.")
    return {"dtype": "U" if kind == "U" else labels.dtype.str, "values": plain}


def labels_from_plain(data: Any) -> NDArray[Any]:
    """Class labels of the type they had."""
    if not isinstance(data, dict) or sorted(data) != ["dtype", "values"] or not isinstance(data["dtype"], str):
        raise ValueError("classes: expected dtype and values.")
    values = data["values"]
    dtype = np.dtype(data["dtype"])
    if dtype.kind not in LABEL_KINDS or dtype.itemsize > 16 or not isinstance(values, list) or len(values) < 1:
        raise ValueError(f"classes: {data['dtype']!r} is not a type of labels, or there are none.")
    wanted = LABEL_KINDS[dtype.kind]
    if not all(type(value) is wanted if wanted else type(value) in (str, int, float, bool) for value in values):
        raise ValueError(f"classes: the labels are not of type {data['dtype']}.")
    if dtype.kind == "U" and len(values) * max(len(value) for value in values) > MAX_LABEL_CELLS:
        raise ValueError("classes: the labels are too long.")
    return np.array(values, dtype=dtype)


def to_plain(value: Any, place: str) -> Any:
    """A parameter as JSON data."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else {"float": str(float(value))}
    if isinstance(value, tuple):
        return {"tuple": [to_plain(item, place) for item in value]}
    if isinstance(value, (list, np.ndarray)):
        return [to_plain(item, place) for item in value]
    if isinstance(value, np.random.RandomState):
        # The stream's position is not part of the model; a fresh fit would have moved it anyway.
        return None
    raise TypeError(f"parameter {place}: {type(value).__name__} objects cannot be written as plain data.")


def from_plain(value: Any, place: str) -> Any:
    """The parameter that `to_plain` wrote."""
    if isinstance(value, list):
        return [from_plain(item, place) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["tuple"]:
        return tuple(_checked_list([from_plain(item, place) for item in value["tuple"]], object, place))
    if list(value) == ["float"] and value["float"] in ("inf", "-inf", "nan"):
        return float(value["float"])
    raise ValueError(f"{place}: {sorted(value)} is not a value.")


def _checked_list(data: Any, item: type, place: str) -> list[Any]:
    if not isinstance(data, list) or not all(isinstance(entry, item) for entry in data):
        raise ValueError(f"{place}: expected a list of {item.__name__}.")
    return data
