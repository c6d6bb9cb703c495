"""Looking inside a network that predicts: activations of every layer, and gradients with respect to the inputs.

As in predictions, nothing is dropped out and batch normalisation uses its running statistics. Gradients take the chain rule one
step further down than training does: from the first layer's pre-activations to x (lecture 002, 'Backpropagation').
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from numbers import Integral
from typing import Any

import numpy as np

from chainrule.engines.arrays import checked_inputs, checked_theta
from chainrule.engines.normalization import folded_layers, running_scale
from chainrule.engines.reference import forward
from chainrule.formulas.heads import Heads
from chainrule.formulas.lookup import Array
from chainrule.network import Network

Forward = tuple[list[Array], list[Array]]


def activations(network: Network, theta: Array, X: Any) -> list[Array]:
    """What every layer puts out for each row of `X`.

    Parameters
    ----------
    network : Network
        The network.
    theta : ndarray of shape (P,)
        Its parameters; their precision is the result's.
    X : array or scipy sparse matrix of shape (n, inputs)
        Inputs.

    Returns
    -------
    list of ndarray of shape (n, O_k)
        One array for each layer, the output layer last.
    """
    theta = checked_theta(network, theta)
    with np.errstate(over="ignore", invalid="ignore"):
        return forward(network, theta, checked_inputs(network, X, theta.dtype))[1][1:]


def input_gradient(network: Network, theta: Array, X: Any, output: int | None = None) -> Array:
    """Derivatives of the outputs with respect to the inputs, row by row (saliency, Simonyan et al. 2014, arXiv 1312.6034).

    Parameters
    ----------
    network : Network
        The network.
    theta : ndarray of shape (P,)
        Its parameters; their precision is the result's.
    X : array or scipy sparse matrix of shape (n, inputs)
        Inputs.
    output : int or None
        Which output, negative numbers from the end; None for all of them.

    Returns
    -------
    ndarray of shape (n, inputs), or (n, K, inputs) for all outputs
        ``d a_K[output] / d x``.

    Raises
    ------
    ValueError
        If there is no such output, or an activation on the way has no useful slope (step).
    """
    chosen = range(network.outputs) if output is None else [_place(output, network.outputs)]
    _check_slopes(network, chosen)
    theta = checked_theta(network, theta)
    with np.errstate(over="ignore", invalid="ignore"):
        z, a = forward(network, theta, checked_inputs(network, X, theta.dtype))
        found = [_of_output(network, theta, (z, a), k) for k in chosen]
    return found[0] if output is not None else np.stack(found, axis=1)


def first_layers(network: Network, theta: Array, count: int) -> tuple[Network, Array]:
    """The first `count` layers, from 1 to all, as a network of their own, which every engine can run.

    Batch normalisation with fixed statistics becomes part of weights and biases, as `folded_layers` does it.

    Raises
    ------
    ValueError
        If there are not that many layers.
    """
    depth = len(network.layers)
    if not isinstance(count, Integral) or isinstance(count, bool) or not 1 <= count <= depth:
        raise ValueError(
            f"count must be a whole number from 1 to {depth}, as the network has {depth} layers; got {count!r}."
        )
    weights, biases = zip(*islice(folded_layers(network, theta), int(count)), strict=True)
    layers = tuple(replace(layer, dropout=0.0, batch_norm=False) for layer in network.layers[:count])
    # Output-only activations such as `ordered` or heads go with their own loss only.
    part = Network(network.inputs, layers, network.loss if count == depth else "squared_error")
    return part, part.pack(weights, biases)


def _of_output(network: Network, theta: Array, done: Forward, k: int) -> Array:
    z, a = done
    upstream = np.zeros_like(a[-1])
    upstream[:, k] = 1
    return _to_inputs(network, theta, done, network.layers[-1].function.backward(z[-1], a[-1], upstream))


def _to_inputs(network: Network, theta: Array, done: Forward, delta: Array) -> Array:
    """``dl/dx`` from ``delta = dl/dz`` of the last layer."""
    (z, a), views = done, network.views(theta)
    for k in range(len(network.layers) - 1, -1, -1):
        gamma, variance = views.gamma[k], views.variance[k]
        if gamma is not None and variance is not None:
            delta = delta * running_scale(gamma, variance)
        upstream: Array = delta @ views.W[k].T
        delta = network.layers[k - 1].function.backward(z[k - 1], a[k], upstream) if k > 0 else upstream
    return delta


def _place(output: Any, outputs: int) -> int:
    if not isinstance(output, Integral) or isinstance(output, bool) or not -outputs <= int(output) < outputs:
        raise ValueError(
            f"output must be None or a whole number from {-outputs} to {outputs - 1}, as the network has {outputs} "
            f"output(s); got {output!r}."
        )
    return int(output) % outputs


def _check_slopes(network: Network, outputs: Iterable[int]) -> None:
    """Raise ValueError if an activation on the way to these outputs has no useful slope."""
    *hidden, last = network.layers
    functions = [(f"layer {place}", layer.function) for place, layer in enumerate(hidden)]
    if isinstance(last.activation, Heads):
        heads = np.repeat(np.arange(len(last.activation.heads)), [head.units for head in last.activation.heads])
        wanted = sorted({int(heads[k]) for k in outputs})
        functions += [(f"layer {len(hidden)}, head {k}", last.activation.heads[k].function) for k in wanted]
    else:
        functions.append((f"layer {len(hidden)}", last.function))
    for place, function in functions:
        if function.untrainable:
            raise ValueError(f"{place}: activation {function.name!r} passes no gradient on: {function.untrainable}")
