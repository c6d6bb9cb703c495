"""A network and its parameters from a file of which nothing is believed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.models.plain import checked_dict, checked_list
from chainrule.network import Network

LAYER, OPTIONAL = ("activation", "units"), ("batch_norm", "dropout")


def network_from(data: Any) -> Network:
    """The network that `Network.to_dict` described; ValueError for anything else."""
    fields = checked_dict(data, "network", ("inputs", "layers", "loss"), ("input_dropout",))
    layers = checked_list(fields["layers"], dict, "network.layers")
    for place, layer in enumerate(layers):
        checked_dict(layer, f"network, layer {place}", LAYER, OPTIONAL)
        if type(layer["units"]) is not int or type(layer.get("batch_norm", True)) is not bool:
            raise ValueError(f"network, layer {place}: units must be a whole number, batch_norm true or false.")
    formulas = [fields["loss"], *(layer["activation"] for layer in layers)]
    shares = [fields.get("input_dropout", 0.0), *(layer.get("dropout", 0.0) for layer in layers)]
    if type(fields["inputs"]) is not int or not all(isinstance(formula, (str, dict)) for formula in formulas):
        raise ValueError("network: inputs must be a whole number, loss and activations names or hyper-parameters.")
    if not all(type(share) is float for share in shares):
        raise ValueError(f"network: dropout must be numbers, found {shares}.")
    return Network.from_dict(fields)


def theta_from(network: Network, arrays: dict[str, NDArray[Any]], name: str = "theta") -> NDArray[Any]:
    """The parameters, of the length the network asks for, all finite, no variance negative."""
    theta = arrays.get(name)
    if theta is None or theta.shape != (network.n_parameters,) or theta.dtype.kind != "f":
        found = f"no array {name}" if theta is None else f"{name} of shape {theta.shape} and type {theta.dtype}"
        raise ValueError(f"found {found}; the network has {network.n_parameters:,} floating-point parameters.")
    wrong = np.flatnonzero(~np.isfinite(theta))
    if wrong.size:
        raise ValueError(f"{name}[{wrong[0]}] is {theta[wrong[0]]}; weights must be finite.")
    # Zero is what the running variance of a unit that is always the same ends at, in float32 after a thousand steps.
    for place, variance in enumerate(network.views(theta).variance):
        if variance is not None and (variance < 0).any():
            raise ValueError(f"{name}: a running variance of layer {place} is {variance.min()}; it cannot be negative.")
    return theta
