"""The network that the constructor parameters describe: hidden layers with dropout and batch normalisation, and outputs."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

from chainrule.formulas.activations import Activation
from chainrule.network import Dense, Network

MOST_UNITS = 2**31 - 1
# What no machine of today has.
MOST_BYTES = 2**46


def hidden_layers(sizes: Any, activation: Any, dropout: Any = 0.0, batch_norm: Any = False) -> tuple[Dense, ...]:
    """The hidden layers that the parameters of these names describe.

    Raises
    ------
    ValueError
        If a size is not a positive whole number, or a list has not one entry per hidden layer.
    """
    units = _units(sizes)
    names = list(activation) if isinstance(activation, (list, tuple)) else [activation] * len(units)
    if len(names) != len(units):
        raise ValueError(
            f"activation, as a list, needs one entry per hidden layer: {len(units)} layers {units}, got {names}."
        )
    _, left_out = dropouts(dropout, units)
    normalised = _per_layer("batch_norm", batch_norm, units)
    if not all(isinstance(one, (bool, np.bool_)) for one in normalised):
        raise ValueError(f"batch_norm must be True or False, or a list of them, got {batch_norm!r}.")
    columns = zip(units, names, left_out, map(bool, normalised), strict=True)
    return tuple(Dense(width, name, share, norm) for width, name, share, norm in columns)


def _units(sizes: Any) -> list[Any]:
    units = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
    if any(isinstance(width, bool) or not isinstance(width, Integral) for width in units):
        raise ValueError(f"hidden_layer_sizes must be whole numbers, the units of each hidden layer; got {units}.")
    if any(width <= 0 for width in units):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {units}.")
    if any(width > MOST_UNITS for width in units):
        raise ValueError(f"hidden_layer_sizes must be at most {MOST_UNITS} each, got {units}.")
    return units


def _listed(given: Any) -> list[Any] | None:
    """The entries of a parameter that may be a list; None if it is a single value."""
    return list(given) if hasattr(given, "__iter__") else None


def _per_layer(name: str, given: Any, units: list[Any]) -> list[Any]:
    entries = _listed(given)
    if entries is None:
        return [given] * len(units)
    if len(entries) != len(units):
        raise ValueError(
            f"{name}, as a list, needs one entry per hidden layer: {len(units)} layers {units}, got {entries}."
        )
    return entries


def dropouts(dropout: Any, units: list[Any]) -> tuple[float, list[float]]:
    """Shares left out of the inputs and of each hidden layer.

    Raises
    ------
    ValueError
        If there are more or fewer than the layers, or one is not a share.
    """
    entries = _listed(dropout)
    if entries is None:
        entries = [dropout] * len(units)
    elif len(entries) not in (len(units), len(units) + 1):
        raise ValueError(
            f"dropout, as a list, needs one entry per hidden layer ({len(units)} layers {units}), or one more with the "
            f"inputs' first; got {entries}."
        )
    if not all(isinstance(share, Real) and not isinstance(share, bool) and 0 <= float(share) < 1 for share in entries):
        raise ValueError(f"dropout must be numbers from 0 to below 1, the share that is left out; got {entries}.")
    shares = [float(share) for share in entries]
    return (shares[0], shares[1:]) if len(shares) > len(units) else (0.0, shares)


def network_of(
    estimator: Any, hidden: tuple[Dense, ...], inputs: int, outputs: int, output_activation: Any, loss: Any
) -> Network:
    """The network of an estimator with its hidden layers (`hidden_of`), that many inputs and outputs, this output and loss."""
    input_dropout, _ = dropouts(estimator.dropout, [layer.units for layer in hidden])
    return Network(inputs, (*hidden, Dense(outputs, output_activation)), loss, input_dropout)


def hidden_of(estimator: Any) -> tuple[Dense, ...]:
    """The hidden layers of an estimator."""
    given = estimator
    return hidden_layers(given.hidden_layer_sizes, given.activation, given.dropout, given.batch_norm)


def refuse_too_many(network: Network, dtype: Any) -> None:
    """Check that the parameters can be addressed at all.

    Raises
    ------
    ValueError
        If they cannot.
    """
    size = network.n_parameters * np.dtype(dtype).itemsize
    if size > MOST_BYTES:
        raise ValueError(
            f"hidden_layer_sizes asks for layers {'-'.join(map(str, network.widths))}: {network.n_parameters} parameters "
            f"in {size / 2**40:.0f} TiB. Take fewer units."
        )


def drawn_for(activation: Any, network: Network) -> str:
    """The activation for which scikit-learn draws the output layer's weights: the hidden one."""
    if len(network.layers) > 1:
        return network.layers[-2].function.name
    given = activation if isinstance(activation, (str, Activation)) else "identity"
    return Dense(1, given).function.name
