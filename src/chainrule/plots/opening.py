"""From what users fit to the network inside: estimators, pipelines that end in one, models of tables."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.estimators import looking
from chainrule.formulas.lookup import Array
from chainrule.network import Network


class Opened(NamedTuple):
    """The network inside a fitted model, and the names of its inputs: the data's own, or x0, x1, ... if they are not `named`."""

    estimator: Any
    network: Network
    theta: Array
    input_names: list[str]
    named: bool


def at_least(name: str, value: Any, least: int) -> int:
    """A whole number from `least` on.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number, at least {least}; got {value!r}.")
    return int(value)


def opened(model: Any) -> Opened:
    """The network inside a fitted model.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor, Pipeline that ends in one, or TableModel
        Fitted.

    Raises
    ------
    TypeError
        If it is something else.
    ValueError
        If it is not fitted.
    """
    estimator = _last(model)
    if not hasattr(estimator, "_parameters"):
        raise TypeError(
            f"expected a fitted MLPClassifier or MLPRegressor, a pipeline that ends in one, or a TableModel; got "
            f"{type(model).__name__}."
        )
    if not hasattr(estimator, "coefs_"):
        raise ValueError(f"this {type(estimator).__name__} is not fitted yet; fit it before drawing it.")
    network, theta = estimator._parameters()
    names = model.schema.inputs if hasattr(model, "schema") else estimator.get_encoded_feature_names_out()
    named = any(
        hasattr(*pair) for pair in ((model, "schema"), (estimator, "feature_names_in_"), (estimator, "preparation_"))
    )
    return Opened(estimator, network, theta, [str(name) for name in names], named)


def _last(model: Any) -> Any:
    return model.estimator if hasattr(model, "schema") else looking.unwrapped(model)[1]


def network_rows(model: Any, X: Any) -> Any:
    """Rows of `X` as the network inside the model gets them."""
    X = model._inputs(X) if hasattr(model, "schema") else looking.passed_through(looking.unwrapped(model)[0], X)
    return _last(model)._ready(X)[2]


def network_data(model: Any, X: Any, y: Any) -> tuple[Any, NDArray[Any]]:
    """Rows and targets as the network inside the model is trained on them.

    A table has its own targets, so `y` is None for its model; rows whose target is missing are left out.

    Raises
    ------
    ValueError
        If a model other than a table's is given no targets, or a table some.
    """
    estimator = _last(model)
    if hasattr(model, "schema"):
        if y is not None:
            raise ValueError("the model of a table finds the targets in its table; leave out y.")
        X, y = _known(model, X)
    elif y is None:
        raise ValueError("y is None; give the targets of the rows of X.")
    read = getattr(estimator, "_read_targets", None)
    columns = np.asarray(y) if read is None else read(y, False, "y")
    encoded: NDArray[Any] = estimator._encode(columns, estimator.theta_.dtype)
    return network_rows(model, X), encoded.reshape(len(encoded), -1)


def _known(model: Any, X: Any) -> tuple[Any, NDArray[Any]]:
    # Who has the model of a table has what reading tables needs; other pictures do without.
    from chainrule.tables.table import Table
    from chainrule.tables.target import known_rows, targets

    table, goal = Table.from_frame(X), model.schema.target
    known = table.take(known_rows(table, goal))
    return known, targets(known, goal)
