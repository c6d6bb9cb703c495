"""What the documents of all estimators have in common: finite weights, the engine, the names of the features."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import ENGINES
from chainrule.models.plain import checked_list


def refuse_non_finite(theta: NDArray[Any]) -> None:
    """Raise ValueError if weights that are to be saved are not finite."""
    if not np.isfinite(theta).all():
        raise ValueError("the weights are not finite; a model that diverged is not saved.")


def engine_from(name: Any) -> str:
    """The engine of that name; the reference, which knows every formula, where there is none."""
    return name if isinstance(name, str) and name in ENGINES else "reference"


def describe_names(estimator: Any) -> list[str] | None:
    """Names of the features, None where they have none."""
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def restore_names(estimator: Any, features: Any, counted: str = "features") -> None:
    """Give an estimator that knows how many features it has the names that `describe_names` described.

    Raises
    ------
    ValueError
        If they are no names, or not as many; the message calls features what is `counted`.
    """
    if features is None:
        return
    names, count = checked_list(features, str, "features"), estimator.n_features_in_
    if len(names) != count:
        raise ValueError(f"estimator: {len(names)} feature names for {count} {counted}.")
    estimator.feature_names_in_ = np.array(names, dtype=object)
