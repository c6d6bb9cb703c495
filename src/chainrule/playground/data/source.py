"""The user's own data: a table, arrays, data frames, a fitted model. They never stand in an address, only their digest."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import TableError
from chainrule.playground.settings.limits import LIMITS

DIGEST = 16


@dataclass(frozen=True, eq=False)
class Source:
    """Own data.

    Parameters
    ----------
    name : str
        Name of the file, or what the data are called.
    digest : str
        Of the content.
    table : Table or None
        Rows and named columns.
    X, y : ndarray or None
        Rows of numbers as they are, and labels or numbers, where there is no table.
    names : tuple of str
        Names of the columns of X.
    model : object
        A fitted estimator to begin with; None if there is none.
    labels : tuple
        Its classes, in order.
    given : {"a file", "arrays", "a model"}
        What it was made of: code that does the run again asks for the same.
    invented : bool
        Whether the rows were drawn, because the model came without any: they say nothing of the user's own.
    """

    name: str
    digest: str
    table: Any = None
    X: NDArray[np.float64] | None = None
    y: NDArray[Any] | None = None
    names: tuple[str, ...] = ()
    model: Any = None
    labels: tuple[Any, ...] = ()
    given: str = "a file"
    invented: bool = False

    @classmethod
    def from_bytes(cls, raw: bytes, name: str = "pasted.csv") -> Source:
        """A table as it was uploaded, dropped or pasted: CSV (gzip allowed) or Parquet.

        Raises
        ------
        TableError
            If it cannot be read, or is too large; the message names file, row and column.
        """
        from chainrule.tables.reading import table_of  # here: tables are an extra

        name = os.path.basename(name.replace("\\", "/"))[:100] or "table"
        if len(raw) > LIMITS.bytes:
            raise TableError(
                f"{name} has {len(raw):,} bytes; at most {LIMITS.bytes:,} are read here. For larger tables there is "
                "`chainrule train`."
            )
        return cls(name, _digest(raw), _checked(table_of(raw, name)))

    @classmethod
    def from_path(cls, path: str | os.PathLike[str]) -> Source:
        """A file of a table.

        Raises
        ------
        TableError
            If it cannot be read.
        """
        try:
            size = Path(path).stat().st_size
            raw = Path(path).read_bytes() if size <= LIMITS.bytes else b"\0" * (LIMITS.bytes + 1)
        except OSError as error:
            raise TableError(f"{os.fspath(path)}: {error.strerror or error}.") from None
        return cls.from_bytes(raw, os.path.basename(os.fspath(path)))

    @classmethod
    def from_arrays(cls, X: Any, y: Any, names: Any = None) -> Source:
        """Rows and targets: arrays are taken as they are, data frames are read as tables.

        Raises
        ------
        ValueError
            If they are no rows of numbers with one target each, or too many.
        """
        if hasattr(X, "columns"):
            return cls._from_frame(X, y)
        rows = np.asarray(X.toarray() if hasattr(X, "toarray") else X)
        rows = rows[:, None] if rows.ndim == 1 else rows
        try:
            rows = np.ascontiguousarray(rows, np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"X must hold numbers; a data frame may hold other columns: {error}") from None
        targets = np.asarray(y)
        _check_arrays(rows, targets)
        targets = targets.reshape(-1)
        named = (
            tuple(map(str, names)) if names is not None else tuple(f"x{place + 1}" for place in range(rows.shape[1]))
        )
        if len(named) != rows.shape[1]:
            raise ValueError(f"names must name all {rows.shape[1]} columns, got {len(named)}.")
        digest = _digest(rows.tobytes() + repr(targets.tolist()).encode())
        return cls("arrays", digest, None, rows, targets, named, given="arrays")

    @classmethod
    def _from_frame(cls, X: Any, y: Any) -> Source:
        from chainrule.tables.table import Table  # here: tables are an extra

        table = Table.from_frame(X, "data frame")
        frame = table.frame
        name = "target"
        while name in frame.columns:
            name += "_"
        values = frame.select(frame.columns[0]).to_series().__class__(name, list(np.asarray(y).reshape(-1).tolist()))
        if len(values) != frame.height:
            raise ValueError(f"X has {frame.height} rows, y has {len(values)}.")
        whole = Table(frame.with_columns(values), "data frame")
        return cls("data frame", _digest(repr(whole.frame.rows()[:1000]).encode()), _checked(whole), given="arrays")

    @classmethod
    def from_model(cls, model: Any, X: Any = None, y: Any = None) -> Source:
        """A fitted estimator, or the path of a model file, with the rows it is to be looked at on.

        Without rows, some are drawn from a normal distribution, labelled by the model itself.

        Raises
        ------
        ValueError, ModelFileError
            If it is no fitted classifier or regressor with one target, or larger than a page can show.
        """
        if isinstance(model, (str, os.PathLike)):
            from chainrule.models import load

            model = load(model)
        estimator = getattr(model, "estimator", model)
        if not hasattr(estimator, "network_") or not hasattr(estimator, "coefs_") or hasattr(estimator, "tasks_"):
            raise ValueError(
                f"the playground opens a fitted MLPClassifier or MLPRegressor, found {type(estimator).__name__}."
            )
        network = estimator.network_
        _check_network(network)
        if hasattr(model, "schema"):
            return cls._from_table_model(model, X)
        if getattr(estimator, "preparation_", None) is not None:
            raise ValueError(
                "this estimator prepares its columns itself; open its table with `chainrule play` instead."
            )
        rows = (
            np.random.default_rng(0).standard_normal((500, network.inputs)) if X is None else np.asarray(X, np.float64)
        )
        targets = estimator.predict(rows) if y is None else np.asarray(y)
        if y is None and targets.ndim == 2:
            # Of several quantiles the middle one.
            targets = targets[:, targets.shape[1] // 2]
        own = cls.from_arrays(rows, targets, getattr(estimator, "feature_names_in_", None))
        labels = tuple(np.asarray(getattr(estimator, "classes_", ())).tolist())
        strange = sorted(set(targets.reshape(-1).tolist()) - set(labels), key=str) if labels else []
        if strange:
            raise ValueError(f"y holds {strange[0]!r}, which is none of the model's classes: {list(labels)!s:.200}.")
        name = type(estimator).__name__
        return replace(own, name=name, model=estimator, labels=labels, given="a model", invented=X is None)

    @classmethod
    def _from_table_model(cls, model: Any, X: Any) -> Source:
        """The network inside a model of a table, on the rows of a table."""
        if X is None:
            raise ValueError(
                "the model of a table is looked at on rows of a table; give it too: chainrule play TABLE --model MODEL."
            )
        from chainrule.tables import target as targets
        from chainrule.tables.encoding import Encoder
        from chainrule.tables.table import Table

        table, goal = Table.from_frame(X), model.schema.target
        known = table.take(targets.known_rows(table, goal))
        own = cls.from_arrays(
            Encoder(model.schema).encode(known, []), targets.targets(known, goal), model.schema.inputs
        )
        return replace(own, name=goal.name, model=model.estimator, labels=tuple(goal.classes), given="a model")


def _digest(raw: bytes) -> str:
    return sha256(raw).hexdigest()[:DIGEST]


def _checked(table: Any) -> Any:
    if len(table) > LIMITS.rows or len(table.names) > LIMITS.columns:
        raise TableError(
            f"{table.path} has {len(table):,} rows and {len(table.names):,} columns; at most {LIMITS.rows:,} and "
            f"{LIMITS.columns:,} are shown here. For larger tables there is `chainrule train`."
        )
    return table


def _check_network(network: Any) -> None:
    """A model is opened as it is or not at all."""
    found = {
        "inputs": (network.inputs, LIMITS.inputs),
        "hidden layers": (len(network.layers) - 1, LIMITS.layers),
        "units in one hidden layer": (max(network.widths[1:-1], default=0), LIMITS.units),
        "parameters": (network.n_parameters, LIMITS.parameters),
    }
    for what, (count, most) in found.items():
        if count > most:
            raise ValueError(
                f"this model has {count:,} {what}; the playground shows at most {most:,}. Train a smaller one for it; "
                "`chainrule explain` and chainrule.diagnose take models of every size."
            )


def _check_arrays(X: NDArray[np.float64], y: NDArray[Any]) -> None:
    if X.ndim != 2 or y.ndim > 2 or (y.ndim == 2 and y.shape[1] != 1) or len(X) != len(y):
        raise ValueError(f"X must have shape (n, columns) and y (n,); got {X.shape} and {y.shape}.")
    if not 2 <= len(X) <= LIMITS.rows or not 1 <= X.shape[1] <= LIMITS.inputs:
        raise ValueError(
            f"X has {len(X):,} rows and {X.shape[1]:,} columns; from 2 to {LIMITS.rows:,} rows and at most {LIMITS.inputs:,} "
            "columns are shown here."
        )
    if not np.isfinite(X).all():
        row, column = np.argwhere(~np.isfinite(X))[0]
        raise ValueError(f"X must be finite; row {row}, column {column} holds {X[row, column]}.")
