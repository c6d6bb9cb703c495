"""Model files: an estimator or a table model as one safetensors file, and back.

The file is data: a JSON document (network, parameters, classes, schema, training summary, versions) and arrays (theta,
curves). Reading it runs nothing from it, tries no other format, and believes nothing before it is checked.
`docs/decisions/model-files.md` describes the format.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import scipy
import sklearn
from numpy.typing import NDArray

import chainrule
from chainrule.errors import ModelFileError
from chainrule.models.container import Arrays, read, write
from chainrule.models.estimator import describe, restore
from chainrule.models.plain import checked_dict

FIELDS = ("estimator", "table", "versions")


def save(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator or table model to a file, atomically and durably.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor, MLPMultiTask, Perceptron or TableModel
        Fitted.
    path : path-like
        The file; one that stands there is replaced once the new one is complete on disk.

    Raises
    ------
    OSError
        The file cannot be written; what stood there is unchanged.
    TypeError, ValueError
        The model cannot be written as plain data, or is not fitted.
    ModelFileError
        Its description is too long to be read again; nothing was written.
    """
    table = hasattr(model, "schema") and hasattr(model, "estimator")
    estimator, arrays = describe(model.estimator if table else model)
    if table:
        arrays["table.test_rows"] = model.test_rows
    document = {
        "versions": {
            "chainrule": chainrule.__version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "estimator": estimator,
        "table": {"schema": model.schema.to_dict(), "summary": model.summary} if table else None,
    }
    write(path, document, arrays)


def load(path: str | os.PathLike[str]) -> Any:
    """Read the estimator or table model that `save` wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    model : MLPClassifier, MLPRegressor, MLPMultiTask, Perceptron or TableModel
        It predicts the same bits as the saved one.

    Raises
    ------
    ModelFileError
        The file is missing, damaged, of a newer format, or no model file at all. Nothing in it was executed.
    """
    return _build(os.fspath(path), *read(path))


def _build(name: str, document: dict[str, Any], arrays: Arrays) -> Any:
    if sorted(document) != sorted(FIELDS):
        raise ModelFileError(f"{name}: the document has {sorted(document)}; expected {sorted(FIELDS)}.")
    try:
        if not all(isinstance(version, str) for version in checked_dict(document["versions"], "versions").values()):
            raise ValueError("versions: expected texts.")
        estimator = restore(checked_dict(document["estimator"], "estimator"), arrays)
        return estimator if document["table"] is None else _table_model(estimator, document["table"], arrays)
    except (ImportError, MemoryError):
        raise
    except Exception as error:
        # Whatever a forged document breaks, and wherever: the caller has one error to expect.
        reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error) or type(error).__name__
        raise ModelFileError(f"{name}: not a valid model ({reason})") from error


def _table_model(estimator: Any, data: Any, arrays: Arrays) -> Any:
    # Here, so that files of bare estimators are read without the table extra installed.
    from chainrule.tables import TableModel, TableSchema
    from chainrule.tables.summary import check_summary

    schema = TableSchema.from_dict(checked_dict(data, "table", ("schema", "summary"))["schema"])
    summary = check_summary(data["summary"])
    inputs = estimator.network_.inputs
    if hasattr(estimator, "preparation_"):
        raise ValueError("table: the schema prepares the columns, and the estimator has a preparation of its own.")
    if len(schema.inputs) != inputs:
        raise ValueError(f"table: the schema feeds {len(schema.inputs)} inputs, the network has {inputs}.")
    if not hasattr(estimator, "n_outputs_") or hasattr(estimator, "tasks_"):
        raise ValueError(f"table: the network is a {type(estimator).__name__}; expected a classifier or regressor.")
    label_kind = getattr(getattr(estimator, "_label_binarizer", None), "y_type_", None)
    if label_kind not in (None, "binary", "multiclass") or (label_kind is None and estimator.n_outputs_ != 1):
        raise ValueError("table: the network predicts several targets, the schema has one.")
    if list(schema.target.classes) != getattr(estimator, "classes_", np.array([])).tolist():
        raise ValueError("table: the classes of the schema are not those of the estimator.")
    return TableModel(schema, estimator, summary, _test_rows(summary, arrays))


def _test_rows(summary: dict[str, Any], arrays: Arrays) -> NDArray[np.int64]:
    # The first files had these numbers in the summary.
    rows = arrays["table.test_rows"] if "table.test_rows" in arrays else np.array(summary.pop("test_rows", []), "i8")
    if rows.dtype != np.int64 or rows.ndim != 1 or (rows.size and not 0 <= rows.min() <= rows.max() < summary["rows"]):
        raise ValueError(f"table: test rows of shape {rows.shape} and type {rows.dtype} are none of the table's.")
    return rows


def inspect_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a model file holds, as plain data, after the same checks as `load`.

    Returns
    -------
    description : dict
        kind, bytes, versions, estimator (class, parameters, network, classes...), n_parameters, dtype, and for a table
        model its schema and training summary.
    """
    document, arrays = read(path)
    _build(os.fspath(path), document, arrays)
    table = document["table"]
    return {
        "kind": "estimator" if table is None else "table",
        "bytes": os.path.getsize(path),
        "versions": document["versions"],
        "estimator": document["estimator"],
        "n_parameters": int(arrays["theta"].size),
        "dtype": arrays["theta"].dtype.name,
        "curves": {name.removeprefix("curve."): arrays[name].tolist() for name in arrays if name.startswith("curve.")},
        "schema": None if table is None else table["schema"],
        "summary": None if table is None else table["summary"],
    }
