"""The columns of targets of an `MLPMultiTask` in a model file: names, data types, classes or scales, losses."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from chainrule.estimators.columns import LIBRARIES
from chainrule.estimators.tasks import Task, labels_with
from chainrule.formulas.heads import Heads
from chainrule.formulas.plain import loss_to_plain
from chainrule.models.plain import checked_dict, checked_list, from_plain, labels_from_plain, labels_to_plain, to_plain
from chainrule.network import Network

FIELDS = ("centre", "classes", "loss", "name", "scale", "type", "weight")
POLARS = (
    "Boolean", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64", "String",
    "Categorical",
)  # fmt: skip
PANDAS_NAME = re.compile(r"[A-Za-z0-9_]{1,30}(\[[A-Za-z0-9_]{1,30}\])?")


def describe_tasks(estimator: Any) -> dict[str, Any]:
    """The tasks of a fitted `MLPMultiTask`.

    Raises
    ------
    TypeError
        A name, a data type, a class or a loss cannot be written as plain data.
    """
    library: str = estimator._library
    return {"library": library, "columns": [_describe(task, library) for task in estimator.tasks_]}


def restore_tasks(estimator: Any, data: Any, network: Network) -> None:
    """Give the estimator the tasks that `describe_tasks` described; ValueError for anything else."""
    fields = checked_dict(data, "tasks", ("columns", "library"))
    library, columns = fields["library"], checked_list(fields["columns"], dict, "tasks")
    if not isinstance(library, str) or library not in LIBRARIES or not columns:
        raise ValueError(f"tasks: {len(columns)} columns of {library!r}; expected one of {', '.join(LIBRARIES)}.")
    tasks = tuple(_restore(column, library) for column in columns)
    if loss_to_plain(Heads(tuple(task.head for task in tasks))) != loss_to_plain(network.loss):
        raise ValueError("tasks: the columns are not those of the network's heads.")
    if len({task.name for task in tasks}) < len(tasks):
        raise ValueError("tasks: two columns have one name.")
    estimator.tasks_, estimator._library = tasks, library
    estimator.classes_ = [task.classes for task in tasks]


def _describe(task: Task, library: str) -> dict[str, Any]:
    if isinstance(task.name, bool) or not isinstance(task.name, (str, int)):
        raise TypeError(f"column {task.name!r}: names of columns must be text or whole numbers to be written.")
    return {
        "name": task.name,
        "type": _type_to_plain(task.type, library, task.name),
        "loss": to_plain(task.loss, "losses"),
        "weight": float(task.weight),
        "classes": None if task.labels is None else labels_to_plain(task.labels.classes_),
        "centre": float(task.centre),
        "scale": None if task.scale is None else float(task.scale),
    }


def _restore(data: Any, library: str) -> Task:
    fields = checked_dict(data, "task", FIELDS)
    name, scale, numbers = fields["name"], fields["scale"], (fields["weight"], fields["centre"])
    if type(name) not in (str, int) or not all(type(one) is float and math.isfinite(one) for one in numbers):
        raise ValueError(f"task {name!r}: a name or number is wrong.")
    if scale is not None and (type(scale) is not float or not 0 < scale < float("inf")):
        raise ValueError(f"task {name!r}: scale is {scale!r}; expected a number above 0.")
    labels = None if fields["classes"] is None else labels_with(labels_from_plain(fields["classes"]))
    dtype, loss = _type_from_plain(fields["type"], library), from_plain(fields["loss"], "loss")
    return Task(name, dtype, loss, fields["weight"], labels, fields["centre"], scale)


def _type_to_plain(dtype: Any, library: str, name: Any) -> Any:
    found: Any = None
    if isinstance(dtype, np.dtype):
        found = {"numpy": dtype.str} if dtype.kind in "biufUO" else None
    elif library == "pandas" and hasattr(dtype, "categories"):
        found = {"categories": labels_to_plain(np.asarray(dtype.categories)), "ordered": bool(dtype.ordered)}
    elif library == "pandas":
        found = {"pandas": str(dtype)}
    elif library == "polars" and hasattr(dtype, "categories") and str(dtype).startswith("Enum"):
        found = {"enum": [str(one) for one in dtype.categories]}
    elif library == "polars":
        found = {"polars": str(dtype.base_type())}
    try:
        same = found is not None and _type_from_plain(found, library) == dtype
    except (TypeError, ValueError):
        same = False
    if not same:
        raise TypeError(f"column {name!r}: the data type {dtype} of {library} cannot be written to a model file.")
    return found


def _type_from_plain(data: Any, library: str) -> Any:
    kind = next(iter(data), "") if isinstance(data, dict) else ""
    if kind == "numpy" and len(data) == 1 and library != "polars":
        dtype = np.dtype(_text(data[kind]))
        if dtype.kind in "biufUO" and dtype.fields is None:
            return dtype
    elif library == "pandas":
        return _of_pandas(data)
    elif library == "polars":
        return _of_polars(data)
    raise ValueError(f"task: {data!r} is no data type of {library}.")


def _of_pandas(data: Any) -> Any:
    import pandas as pd

    if isinstance(data, dict) and list(data) == ["pandas"] and PANDAS_NAME.fullmatch(_text(data["pandas"])):
        return pd.api.types.pandas_dtype(data["pandas"])
    fields = checked_dict(data, "task: type", ("categories", "ordered"))
    return pd.CategoricalDtype(labels_from_plain(fields["categories"]), fields["ordered"] is True)


def _of_polars(data: Any) -> Any:
    import polars as pl

    if isinstance(data, dict) and list(data) == ["enum"]:
        return pl.Enum(checked_list(data["enum"], str, "task: type"))
    name = _text(checked_dict(data, "task: type", ("polars",))["polars"])
    if name not in POLARS:
        raise ValueError(f"task: {name!r} is no data type of polars that is known here; known are {', '.join(POLARS)}.")
    return getattr(pl, name)()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"task: expected a name, found {value!r}.")
    return value
