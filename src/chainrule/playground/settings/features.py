"""Functions of the inputs that the network may see: TensorFlow Playground's seven, and cosines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Feature:
    """One function of the inputs.

    Parameters
    ----------
    name : str
        As it is shown.
    inputs : int
        The least number of inputs it needs.
    value : callable
        ``X (n, d) -> (n,)``.
    link : str
        Its key in links of playground.tensorflow.org; empty if it has none.
    """

    name: str
    inputs: int
    value: Callable[[Points], Points]
    link: str = ""


def _product(X: Points) -> Points:
    value: Points = X[:, 0] * X[:, 1]
    return value


# In the order of TensorFlow Playground's, on which the order of the start weights depends.
FEATURES: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        Feature("x1", 1, lambda X: X[:, 0], "x"),
        Feature("x2", 2, lambda X: X[:, 1], "y"),
        Feature("x1^2", 1, lambda X: X[:, 0] ** 2, "xSquared"),
        Feature("x2^2", 2, lambda X: X[:, 1] ** 2, "ySquared"),
        Feature("x1*x2", 2, _product, "xTimesY"),
        Feature("sin(x1)", 1, lambda X: np.sin(X[:, 0]), "sinX"),
        Feature("sin(x2)", 2, lambda X: np.sin(X[:, 1]), "sinY"),
        Feature("cos(x1)", 1, lambda X: np.cos(X[:, 0])),
        Feature("cos(x2)", 2, lambda X: np.cos(X[:, 1])),
    )
}


def features_for(inputs: int) -> tuple[str, ...]:
    """The features that data with that many inputs allow; none beyond the plane, where the columns are taken as they are."""
    return tuple(name for name, one in FEATURES.items() if one.inputs <= inputs) if inputs <= 2 else ()


def plain_features(inputs: int) -> tuple[str, ...]:
    """The inputs themselves."""
    return ("x1", "x2")[:inputs] if inputs <= 2 else ()


def apply(names: tuple[str, ...], X: Points) -> Points:
    """The chosen features of every row, shape (n, features); X itself where none are chosen."""
    if not names:
        return X
    return np.column_stack([FEATURES[name].value(X) for name in names])
