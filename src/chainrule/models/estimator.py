"""A fitted estimator as plain data and arrays, and back.

The document holds names, numbers and strings; a file names no class but one of `estimators()`. Everything read is
checked against the network before an estimator is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import LabelBinarizer

from chainrule.estimators.parameters import hidden_layers
from chainrule.models.learning import MOST, describe_history, describe_state, restore_history, restore_state, vector
from chainrule.models.plain import checked_dict, checked_list, from_plain, labels_from_plain, labels_to_plain, to_plain
from chainrule.network import Network

Arrays = dict[str, NDArray[Any]]
CLASSIFIER = "MLPClassifier"
INTEGERS = ("n_iter_", "n_layers_", "n_outputs_", "n_features_in_", "t_", "_no_improvement_count")
NUMBERS = ("loss_", "best_loss_", "best_validation_score_")
CURVES = ("loss_curve_", "validation_loss_curve_", "validation_scores_")
FIELDS = (
    "class", "classes", "curves", "engine", "features", "history", "labels", "network", "parameters", "state", "values",
)  # fmt: skip
LABELS = ("binary", "multiclass", "multilabel-indicator")


def estimators() -> dict[str, Any]:
    """The classes a model file may name."""
    from chainrule.estimators import MLPClassifier, MLPRegressor

    return {CLASSIFIER: MLPClassifier, "MLPRegressor": MLPRegressor}


def describe(estimator: Any) -> tuple[dict[str, Any], Arrays]:
    """Document and arrays of a fitted estimator.

    Raises
    ------
    TypeError
        It is not one of chainrule's, or a parameter cannot be written as plain data.
    ValueError
        It is not fitted, its weights are not finite, or its parameters describe another network than it has.
    """
    kind = type(estimator).__name__
    if type(estimator) is not estimators().get(kind):
        raise TypeError(f"only {', '.join(estimators())} and TableModel can be saved; got {kind}.")
    if not hasattr(estimator, "coefs_"):
        raise ValueError(f"this {kind} is not fitted yet: there is nothing to save.")
    network, theta = estimator._parameters()
    if not np.isfinite(theta).all():
        raise ValueError("the weights are not finite; a model that diverged is not saved.")
    arrays: Arrays = {"theta": theta}
    if getattr(estimator, "_last", None) is not None:
        arrays["last_theta"] = estimator._last
    state, history = _learned(estimator, arrays)
    curves = [name for name in CURVES if getattr(estimator, name, None) is not None]
    arrays.update({f"curve.{name}": np.asarray(getattr(estimator, name), dtype=np.float64) for name in curves})
    names = getattr(estimator, "feature_names_in_", None)
    _check_parameters(estimator, network)
    document = {
        "class": kind,
        "parameters": {name: _parameter(value, name) for name, value in estimator.get_params(deep=False).items()},
        "network": network.to_dict(),
        "engine": estimator.engine_,
        "classes": labels_to_plain(estimator.classes_) if kind == CLASSIFIER else None,
        "labels": _label_kind(estimator._label_binarizer) if kind == CLASSIFIER else None,
        "features": None if names is None else [str(name) for name in names],
        "curves": curves,
        "values": _values(estimator),
        "state": state,
        "history": history,
    }
    return document, arrays


def _learned(estimator: Any, arrays: Arrays) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    documents: list[dict[str, Any] | None] = []
    for describer, name in ((describe_state, "_state"), (describe_history, "history_")):
        value: Any = getattr(estimator, name, None)
        document, more = (None, {}) if value is None else describer(value)
        documents.append(document)
        arrays.update(more)
    return documents[0], documents[1]


def _label_kind(binarizer: LabelBinarizer) -> dict[str, Any]:
    return {"kind": binarizer.y_type_, "sparse": bool(binarizer.sparse_input_)}


def _parameter(value: Any, name: str) -> Any:
    # A generator's position is not part of a fitted model: the file keeps seeds only.
    return None if isinstance(value, np.random.RandomState) else to_plain(value, name)


def _values(estimator: Any) -> dict[str, Any]:
    known = {name: getattr(estimator, name) for name in (*INTEGERS, *NUMBERS) if hasattr(estimator, name)}
    return {name: to_plain(value, name) for name, value in known.items()}


def restore(document: Mapping[str, Any], arrays: Arrays) -> Any:
    """The estimator that `describe` described; ValueError, TypeError or KeyError for anything else."""
    data = checked_dict(document, "estimator", FIELDS)
    kind = data["class"]
    if not isinstance(kind, str) or kind not in estimators():
        raise ValueError(f"estimator: class {kind!r}; expected one of {', '.join(estimators())}.")
    network = network_from(data["network"])
    theta = theta_from(network, arrays)
    estimator = _unfitted(kind, data["parameters"])
    _check_parameters(estimator, network)
    estimator._set_parameters(network, theta)
    estimator.engine_ = data["engine"] if data["engine"] in ("native", "reference") else "reference"
    _restore_values(estimator, network, data["values"])
    _restore_learned(estimator, network, data, arrays)
    if data["features"] is not None:
        names = checked_list(data["features"], str, "features")
        if len(names) != network.inputs:
            raise ValueError(f"estimator: {len(names)} feature names for {network.inputs} inputs.")
        estimator.feature_names_in_ = np.array(names, dtype=object)
    if kind == CLASSIFIER:
        _restore_classes(estimator, network, data["classes"], data["labels"])
    elif data["classes"] is not None or data["labels"] is not None:
        raise ValueError(f"estimator: a {kind} has no classes.")
    return estimator


def network_from(data: Any) -> Network:
    """A network from plain data of which nothing is believed."""
    fields = checked_dict(data, "network", ("inputs", "layers", "loss"))
    layers = checked_list(fields["layers"], dict, "network.layers")
    if any(sorted(layer) != ["activation", "units"] or type(layer["units"]) is not int for layer in layers):
        raise ValueError("network: each layer needs units (a whole number) and activation.")
    texts = [fields["loss"], *(layer["activation"] for layer in layers)]
    if type(fields["inputs"]) is not int or not all(isinstance(text, str) for text in texts):
        raise ValueError("network: inputs must be a whole number, loss and activations names.")
    return Network.from_dict(fields)


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
    given = checked_dict(parameters, "parameters")
    unknown = sorted(set(given) - set(estimator.get_params(deep=False)))
    if unknown:
        raise ValueError(f"estimator: unknown parameters {unknown}.")
    estimator.set_params(**{name: from_plain(value, name) for name, value in given.items()})
    estimator._validate_params()
    return estimator


def _check_parameters(estimator: Any, network: Network) -> None:
    """hidden_layer_sizes and activation must describe the network there is, or it could not be trained further."""
    asked = hidden_layers(estimator.hidden_layer_sizes, estimator.activation)
    wanted, found = (
        [(layer.units, layer.function.name) for layer in layers] for layers in (asked, network.layers[:-1])
    )
    if wanted != found:
        raise ValueError(
            f"the parameters hidden_layer_sizes and activation describe the hidden layers {wanted}, but the fitted network "
            f"has {found}; set them to what was fitted, or fit again."
        )


def _restore_values(estimator: Any, network: Network, values: Any) -> None:
    for name, value in checked_dict(values, "values").items():
        plain = from_plain(value, name)
        whole = type(plain) is int and 0 <= plain <= MOST
        if not (whole if name in INTEGERS else name in NUMBERS and type(plain) in (type(None), int, float)):
            raise ValueError(f"estimator: {name} is {plain!r}.")
        setattr(estimator, name, plain)
    expected = {"n_features_in_": network.inputs, "n_outputs_": network.outputs, "n_layers_": len(network.layers) + 1}
    for name, number in expected.items():
        if getattr(estimator, name, None) != number:
            raise ValueError(f"estimator: {name} is {getattr(estimator, name, None)}; the network has {number}.")


def _restore_learned(estimator: Any, network: Network, data: Mapping[str, Any], arrays: Arrays) -> None:
    estimator._last = vector(arrays, "last_theta", arrays["theta"]) if "last_theta" in arrays else None
    if data["state"] is not None:
        estimator._state = restore_state(data["state"], arrays, arrays["theta"])
    if data["history"] is not None:
        estimator.history_ = restore_history(data["history"], arrays, len(network.layers))
    given = checked_list(data["curves"], str, "curves")
    if not set(given) <= set(CURVES):
        raise ValueError(f"estimator: curves {given}; known are {', '.join(CURVES)}.")
    for name in CURVES:
        curve = arrays[f"curve.{name}"] if name in given else None
        if curve is not None and curve.ndim != 1:
            raise ValueError(f"estimator: {name} has shape {curve.shape}.")
        setattr(estimator, name, None if curve is None else curve.tolist())


def _restore_classes(estimator: Any, network: Network, classes: Any, labels: Any) -> None:
    estimator.classes_ = labels_from_plain(classes)
    kind, sparse = (checked_dict(labels, "labels", ("kind", "sparse"))[name] for name in ("kind", "sparse"))
    outputs = 1 if kind == "binary" else estimator.classes_.size
    if kind not in LABELS or type(sparse) is not bool or outputs != network.outputs:
        raise ValueError(f"estimator: {estimator.classes_.size} classes ({kind}) for {network.outputs} outputs.")
    binarizer = LabelBinarizer()
    binarizer.classes_, binarizer.y_type_, binarizer.sparse_input_ = estimator.classes_, kind, sparse
    estimator._label_binarizer = binarizer
