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

from chainrule.formulas.schedules import SCHEDULES
from chainrule.formulas.solvers import SOLVERS

LABEL_KINDS = {"b": bool, "i": int, "u": int, "f": float, "U": str, "O": None}
MAX_LABEL_CELLS = 10_000_000
FORMULAS: dict[str, dict[str, Any]] = {"solver": dict(SOLVERS), "learning_rate": dict(SCHEDULES)}


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
    if isinstance(value, type) and issubclass(value, np.floating):
        return np.dtype(value).name
    for parameter, table in FORMULAS.items():
        if type(value) in table.values():
            name: str = value.name
            return {parameter: name, "fields": {k: to_plain(v, k) for k, v in dataclasses.asdict(value).items()}}
    raise TypeError(f"parameter {place}: {type(value).__name__} objects cannot be written as plain data.")


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
    for parameter, table in FORMULAS.items():
        if list(value) == [parameter, "fields"] and isinstance(value[parameter], str) and value[parameter] in table:
            fields = checked_dict(value["fields"], place)
            return table[value[parameter]](**{key: from_plain(item, key) for key, item in fields.items()})
    raise ValueError(f"{place}: {sorted(value)} is not a value.")


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


def checked_dict(data: Any, place: str, fields: tuple[str, ...] | None = None) -> dict[str, Any]:
    """``data`` if it is an object with exactly those fields; ValueError otherwise."""
    if not isinstance(data, dict) or (fields is not None and sorted(data) != sorted(fields)):
        found = sorted(data) if isinstance(data, dict) else type(data).__name__
        raise ValueError(f"{place}: found {found}; expected " + (", ".join(fields) if fields else "an object") + ".")
    return data
