"""A fitted `Perceptron` as plain data and arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.estimators.perceptron import Perceptron
from chainrule.models.common import describe_names, engine_from, refuse_non_finite, restore_names
from chainrule.models.learning import MOST
from chainrule.models.network import network_from, theta_from
from chainrule.models.parameters import describe_parameters, restore_parameters
from chainrule.models.plain import checked_dict, checked_list, labels_from_plain, labels_to_plain

Arrays = dict[str, NDArray[Any]]
NAME = "Perceptron"
FIELDS = ("class", "classes", "engine", "features", "mistakes", "network", "parameters")


def describe(model: Perceptron) -> tuple[dict[str, Any], Arrays]:
    """Document and arrays of a fitted perceptron.

    Raises
    ------
    TypeError
        A parameter or the class labels cannot be written as plain data.
    ValueError
        It is not fitted, or its weights are not finite numbers of the shapes that they had.
    """
    if not hasattr(model, "coef_"):
        raise ValueError("this Perceptron is not fitted yet: there is nothing to save.")
    theta = model.network_.pack([np.asarray(model.coef_, np.float64).T], [np.asarray(model.intercept_, np.float64)])
    refuse_non_finite(theta)
    parameters, arrays = describe_parameters(model)
    document = {
        "class": NAME,
        "parameters": parameters,
        "network": model.network_.to_dict(),
        "engine": model.engine_,
        "classes": labels_to_plain(np.asarray(model.classes_)),
        "features": describe_names(model),
        "mistakes": {"passes": int(model.n_iter_), "counts": [int(count) for count in model.mistakes_]},
    }
    return document, {"theta": theta, **arrays}


def restore(document: Mapping[str, Any], arrays: Arrays) -> Perceptron:
    """The perceptron that `describe` described; ValueError, TypeError or KeyError for anything else."""
    data = checked_dict(document, "estimator", FIELDS)
    model, network = Perceptron(), network_from(data["network"])
    if len(network.layers) != 1 or network.loss != "perceptron" or network.layers[0].function.name != "identity":
        raise ValueError(f"estimator: a {NAME} has one layer, identity, and the loss perceptron.")
    weights = network.views(theta_from(network, arrays))
    restore_parameters(model, data["parameters"], arrays)
    model.network_, model.n_features_in_ = network, network.inputs
    model.coef_, model.intercept_ = np.ascontiguousarray(weights.W[0].T), weights.b[0].copy()
    model.engine_ = engine_from(data["engine"])
    model.classes_ = labels_from_plain(data["classes"])
    if (1 if model.classes_.size == 2 else model.classes_.size) != network.outputs or model.classes_.size < 2:
        raise ValueError(f"estimator: {model.classes_.size} classes for {network.outputs} outputs.")
    mistakes = checked_dict(data["mistakes"], "mistakes", ("counts", "passes"))
    model.mistakes_, model.n_iter_ = checked_list(mistakes["counts"], int, "mistakes"), mistakes["passes"]
    if not all(type(count) is int and 0 <= count <= MOST for count in (*model.mistakes_, model.n_iter_)):
        raise ValueError(f"mistakes: expected whole numbers from 0 to {MOST}.")
    restore_names(model, data["features"], counted="inputs")
    return model
