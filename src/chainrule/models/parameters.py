"""The constructor parameters of an estimator in a model file, among them where its training started.

An `init` that is arrays is kept as arrays; of a `Pretrained` the network and its parameters are kept, not the estimator.
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import count
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.estimators.architecture import hidden_of
from chainrule.estimators.starting import Pretrained
from chainrule.formulas.initializers import INITIALIZERS, Normal
from chainrule.models.network import network_from, theta_from
from chainrule.models.plain import checked_dict, from_plain, refused, to_plain
from chainrule.network import Network

Arrays = dict[str, NDArray[Any]]
START, MATRICES, VECTORS = "init.theta", "init.coefs.", "init.intercepts."


def describe_parameters(estimator: Any) -> tuple[dict[str, Any], Arrays]:
    """All constructor parameters as plain data, and the arrays among them.

    Raises
    ------
    TypeError
        One of them is an object that plain data cannot describe; the message names it.
    ValueError
        `init` holds no numbers.
    """
    given = estimator.get_params(deep=False)
    arrays: Arrays = {}
    document = {name: _parameter(value, name) for name, value in given.items() if name != "init"}
    if "init" in given:
        document["init"] = _describe_init(given["init"], arrays)
    return document, arrays


def restore_parameters(estimator: Any, document: Any, arrays: Arrays) -> None:
    """Set the parameters that `describe_parameters` described; ValueError for anything else."""
    given = checked_dict(document, "parameters")
    unknown = sorted(set(given) - set(estimator.get_params(deep=False)))
    if unknown:
        raise ValueError(f"estimator: unknown parameters {unknown}.")
    found = {name: from_plain(value, name) for name, value in given.items() if name != "init"}
    if "init" in given:
        found["init"] = _restore_init(given["init"], arrays)
    estimator.set_params(**found)
    estimator._validate_params()


def check_described(estimator: Any, network: Network) -> None:
    """Check that the parameters describe the hidden layers there are: otherwise they could not be trained further.

    Raises
    ------
    ValueError
        They describe others.
    """
    wanted, found = (
        [(layer.units, layer.function.name, *(("batch_norm",) if layer.batch_norm else ())) for layer in layers]
        for layers in (hidden_of(estimator), network.layers[:-1])
    )
    if wanted != found:
        raise ValueError(
            "the parameters hidden_layer_sizes, activation and batch_norm describe the hidden layers "
            f"{wanted}, but the fitted network has {found}; set them to what was fitted, or fit again."
        )


def _parameter(value: Any, name: str) -> Any:
    # A generator's position is not part of a fitted model: the file keeps seeds only.
    return None if isinstance(value, np.random.RandomState) else to_plain(value, name)


def _describe_init(given: Any, arrays: Arrays) -> Any:
    if isinstance(given, Pretrained):
        network, theta = given.source()
        arrays[START] = _floats(theta)
        kept = {"network": network.to_dict(), "layers": to_plain(given.layers, "init")}
        return {"pretrained": {**kept, "rest": _describe_draw(given.rest)}}
    if isinstance(given, str) or callable(given):
        return _describe_draw(given)
    # As `estimators.starting` tells a vector from (coefs, intercepts).
    if isinstance(given, np.ndarray) or len(given) != 2 or isinstance(given[0], Real):
        arrays[START] = _floats(given)
        return {"arrays": "theta"}
    for prefix, parts in zip((MATRICES, VECTORS), given, strict=True):
        arrays.update({f"{prefix}{place}": _floats(part) for place, part in enumerate(parts)})
    return {"arrays": "layers"}


def _describe_draw(given: Any) -> Any:
    """A name, or ``{"normal": {"std": ...}}``."""
    if isinstance(given, str):
        return given
    names = [name for name, entry in INITIALIZERS.items() if entry == given]
    if names:
        return names[0]
    if type(given) is Normal:
        return {"normal": to_plain(asdict(given)["std"], "init")}
    raise refused(given, "init")


def _floats(given: Any) -> NDArray[Any]:
    try:
        array = np.asarray(given)
        return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"init holds no numbers, and cannot be saved: {error}") from None


def _restore_init(data: Any, arrays: Arrays) -> Any:
    if data == {"arrays": "theta"}:
        return _numbers(arrays, START)
    if data == {"arrays": "layers"}:
        return tuple(_listed(arrays, prefix) for prefix in (MATRICES, VECTORS))
    if not isinstance(data, dict) or list(data) != ["pretrained"]:
        return _restore_draw(data)
    fields = checked_dict(data["pretrained"], "init", ("layers", "network", "rest"))
    network = network_from(fields["network"])
    theta = theta_from(network, arrays, START)
    found = Pretrained((network, theta), from_plain(fields["layers"], "init"), _restore_draw(fields["rest"]))
    found.taken(network)
    return found


def _restore_draw(data: Any) -> Any:
    if isinstance(data, str) and data in INITIALIZERS:
        return data
    if isinstance(data, dict) and list(data) == ["normal"]:
        return Normal(from_plain(data["normal"], "init"))
    raise ValueError(f"init: {data!r} is no initializer.")


def _listed(arrays: Arrays, prefix: str) -> list[NDArray[Any]]:
    found: list[NDArray[Any]] = []
    for place in count():
        if f"{prefix}{place}" not in arrays:
            return found
        found.append(_numbers(arrays, f"{prefix}{place}"))
    raise AssertionError


def _numbers(arrays: Arrays, name: str) -> NDArray[Any]:
    if arrays[name].dtype.kind != "f":
        raise ValueError(f"{name} has type {arrays[name].dtype}; expected floating-point numbers.")
    return arrays[name]
