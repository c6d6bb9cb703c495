"""What a classifier's outputs mean: which activation they get, whether they are probabilities, and where the border lies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.formulas.activations import OutputFamily, get_activation
from chainrule.formulas.heads import Heads
from chainrule.formulas.lookup import Array
from chainrule.formulas.losses import Loss, LossFamily, get_loss
from chainrule.network import Dense, Network

PROBABILITIES = {"multiclass": "softmax", "binary": "logistic", "multilabel-indicator": "logistic"}


def default_output(loss: str | Loss | LossFamily) -> Any:
    """The output activation that a loss has for targets that are numbers."""
    found = get_loss(loss)
    return found.origin if isinstance(found.origin, OutputFamily) else found.default_output


def class_output(given: Any, loss: str | Loss | LossFamily, kind: str) -> Any:
    """The output activation of a classifier: what was asked for, else probabilities where the loss allows them.

    Raises
    ------
    ValueError
        If softmax is asked for where the outputs do not exclude each other.
    """
    if given is not None:
        if get_activation(given).name == "softmax" and kind != "multiclass":
            raise ValueError(
                f"output_activation='softmax' is for three classes or more, which exclude each other; for {kind} targets "
                "take 'logistic'."
            )
        return given
    natural = PROBABILITIES[kind]
    try:
        get_loss(loss).check_output(get_activation(natural))
    except ValueError:
        return default_output(loss)
    return natural


def heads_of(network: Network) -> list[Network]:
    """The network itself; or for each of its output heads a network that has that output layer and loss."""
    output: Any = network.layers[-1].activation
    if not isinstance(output, Heads):
        return [network]
    heads: Any = output.heads
    return [Network(network.inputs, (Dense(head.units, head.activation),), head.loss) for head in heads]


def gives_probabilities(network: Network) -> bool:
    """Whether the outputs are probabilities."""
    return all(head.layers[-1].function.name in PROBABILITIES.values() for head in heads_of(network))


def probabilities(network: Network, kind: str, outputs: Array) -> Array:
    """Probabilities of the classes (of each label, if there are several) from one head's outputs."""
    if kind == "binary":
        both: Array = np.concatenate((1 - outputs, outputs), axis=1)
        return both
    exclusive = kind == "multiclass" and network.layers[-1].function.name != "softmax"
    return shares(outputs) if exclusive else outputs


def decision(network: Network, kind: str, outputs: Array) -> Array:
    """Scores of the classes from one head's outputs: positive for a class or label that stands alone, else the largest."""
    if kind == "multiclass":
        return outputs
    above: Array = outputs - outputs.dtype.type(border(network))
    return above[:, 0] if kind == "binary" else above


def shares(outputs: Array) -> Array:
    """Outputs between 0 and 1 that do not sum to one, as probabilities that do; all alike where all are zero."""
    total = outputs.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        quotient: Array = np.where(total > 0, outputs / total, outputs.dtype.type(1 / outputs.shape[1]))
    return quotient


def border(network: Network) -> float:
    """The output above which a single label is predicted: 0 where the loss treats 0 alike for both classes, else 1/2.

    The targets are 0 and 1, so squared errors have their border in the middle; margins (hinge, perceptron) have it at 0.
    """
    if gives_probabilities(network):
        return 0.5
    at, function, loss = np.zeros((1, network.outputs)), network.layers[-1].function, network.objective
    losses = [loss.rows(y, at, function.value(at), function)[0] for y in (at, at + 1)]
    return 0.0 if losses[0] == losses[1] else 0.5


def scoring_network(network: Network) -> Network:
    """The network whose outputs can be compared: steps tell nothing beyond their sign, so they are left out."""
    last = network.layers[-1]
    output: Any = last.activation
    if isinstance(output, Heads):
        heads = output.heads
        if all(head.function.name != "step" for head in heads):
            return network
        plain: Any = Heads(tuple(replace(h, activation="identity") if h.function.name == "step" else h for h in heads))
        return replace(network, layers=(*network.layers[:-1], replace(last, activation=plain)), loss=plain)
    if last.function.name != "step":
        return network
    return replace(network, layers=(*network.layers[:-1], Dense(network.outputs, "identity")), loss="squared_error")
