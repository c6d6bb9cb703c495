"""Parameters, labels and numbers as JSON data, and back: the vocabulary of the documents in model files.

A file can name a formula of the tables in `formulas/`; it can never name a class, a function or a module.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.formulas import plain
from chainrule.formulas.activations import Activation
from chainrule.formulas.losses import Loss, LossFamily
from chainrule.formulas.schedules import SCHEDULES
from chainrule.formulas.solvers import SOLVERS

LABEL_KINDS = {"b": bool, "i": int, "u": int, "f": float, "U": str, "O": None}
MAX_LABEL_CELLS = 10_000_000
FORMULAS: dict[str, dict[str, Any]] = {"solver": dict(SOLVERS), "learning_rate": dict(SCHEDULES)}
ADVICE = {
    "scoring": "give the name of one of scikit-learn's scorers",
    "init": "the weights are drawn already: set_params(init='glorot_uniform') and save again",
}


def refused(value: Any, place: str) -> TypeError:
    """The error for an object that plain data cannot describe."""
    called = f" {value.name!r}" if isinstance(getattr(value, "name", None), str) else ""
    advice = ADVICE.get(place, "a pickle can hold it, where its class can be imported")
    return TypeError(
        f"parameter {place}: {type(value).__name__} objects of your own{called} cannot be written to a model file, which "
        f"holds data and no code; {advice}."
    )


def to_plain(value: Any, place: str) -> Any:
    """A parameter as JSON data.

    Raises
    ------
    TypeError
        It is an object that plain data cannot describe.
    """
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
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.floating)):
        return np.dtype(value).name
    if isinstance(value, dict):
        return {"dict": [[_key(key, place), to_plain(item, place)] for key, item in value.items()]}
    return _formula_to_plain(value, place)


def _key(key: Any, place: str) -> Any:
    plain_key = to_plain(key, place)
    if not isinstance(plain_key, (str, int, float)):
        raise TypeError(
            f"parameter {place}: the key {key!r} is no text, number or truth value; a model file holds no other."
        )
    return plain_key


def _formula_to_plain(value: Any, place: str) -> Any:
    for parameter, table in FORMULAS.items():
        if type(value) in table.values():
            name: str = value.name
            return {parameter: name, "fields": {k: to_plain(v, k) for k, v in dataclasses.asdict(value).items()}}
    try:
        if isinstance(value, Activation):
            return plain.activation_to_plain(value)
        if isinstance(value, (Loss, LossFamily)):
            found = plain.loss_to_plain(value)
            return found if isinstance(found, str) else {"loss": found}
    except ValueError:
        raise refused(value, place) from None
    raise refused(value, place)


def from_plain(value: Any, place: str) -> Any:
    """The parameter that `to_plain` wrote; ValueError for anything else."""
    if isinstance(value, list):
        return [from_plain(item, place) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["tuple"]:
        return tuple(from_plain(item, place) for item in checked_list(value["tuple"], object, place))
    if list(value) == ["float"] and value["float"] in ("inf", "-inf", "nan"):
        return float(value["float"])
    if list(value) == ["dict"]:
        return _dict_from_plain(value["dict"], place)
    if list(value) == ["loss"]:
        return plain.loss_from_plain(value["loss"])
    for parameter, table in FORMULAS.items():
        if list(value) == [parameter, "fields"] and isinstance(value[parameter], str) and value[parameter] in table:
            fields = checked_dict(value["fields"], place)
            return table[value[parameter]](**{key: from_plain(item, key) for key, item in fields.items()})
    raise ValueError(f"{place}: {sorted(value)} is not a value.")


def _dict_from_plain(pairs: Any, place: str) -> dict[Any, Any]:
    """Keys can be numbers or truth values, which the objects of JSON do not know."""
    pairs = checked_list(pairs, list, place)
    if not all(len(pair) == 2 and isinstance(pair[0], (str, int, float)) for pair in pairs):
        raise ValueError(f"{place}: expected pairs of a label and a value.")
    found = {key: from_plain(item, place) for key, item in pairs}
    if len(found) < len(pairs):
        raise ValueError(f"{place}: a key stands twice.")
    return found


def labels_to_plain(labels: NDArray[Any]) -> dict[str, Any]:
    """Class labels with their type; TypeError where plain data cannot hold them."""
    kind = labels.dtype.kind
    plain = labels.tolist()
    if kind not in LABEL_KINDS or not all(type(label) in (str, int, float, bool) for label in plain):
        raise TypeError(f"class labels of type {labels.dtype} cannot be written as plain data.")
    return {"dtype": "U" if kind == "U" else labels.dtype.str, "values": plain}


def labels_from_plain(data: Any) -> NDArray[Any]:
    """Class labels of the type they had; ValueError for anything else."""
    if not isinstance(data, dict) or sorted(data) != ["dtype", "values"] or not isinstance(data["dtype"], str):
        raise ValueError("classes: expected dtype and values.")
    values, dtype = checked_list(data["values"], object, "classes"), np.dtype(data["dtype"])
    if dtype.kind not in LABEL_KINDS or dtype.itemsize > 16 or dtype.fields is not None or not values:
        raise ValueError(f"classes: {data['dtype']!r} is not a type of labels, or there are none.")
    wanted = LABEL_KINDS[dtype.kind]
    if not all(type(value) is wanted if wanted else type(value) in (str, int, float, bool) for value in values):
        raise ValueError(f"classes: the labels are not of type {data['dtype']}.")
    if dtype.kind == "U" and len(values) * max(len(value) for value in values) > MAX_LABEL_CELLS:
        raise ValueError("classes: the labels are too long.")
    return np.array(values, dtype=dtype)


def checked_list(data: Any, item: type, place: str) -> list[Any]:
    """``data`` if it is a list of ``item``; ValueError otherwise."""
    if not isinstance(data, list) or not all(isinstance(entry, item) for entry in data):
        raise ValueError(f"{place}: expected a list of {item.__name__}.")
    return data


def checked_dict(
    data: Any, place: str, fields: tuple[str, ...] | None = None, optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    """``data`` if it is an object with those fields and none but them and the optional ones; ValueError otherwise."""
    if not isinstance(data, dict) or (fields is not None and not set(fields) <= set(data) <= {*fields, *optional}):
        found = sorted(data) if isinstance(data, dict) else type(data).__name__
        also = f" (and perhaps {', '.join(optional)})" if optional else ""
        raise ValueError(f"{place}: found {found}; expected {', '.join(fields) if fields else 'an object'}{also}.")
    return data
