"""Saying that a training diverged: what, when, and what to change."""

from __future__ import annotations

from typing import Any

import numpy as np

# The sentence scikit-learn's users know and search for.
SENTENCE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


def largest(values: Any) -> float:
    """Largest magnitude, without a copy of the array; sparse matrices too."""
    stored = values.data if hasattr(values, "tocsr") else values
    return float(max(stored.max(), -stored.min())) if stored.size else 0.0


def message(what: str, number: int, rate: float, X: Any, Y: Any) -> str:
    """The whole message.

    Parameters
    ----------
    what : str
        What became non-finite, with its value.
    number : int
        The epoch, counted from 1.
    rate : float
        Its learning rate; nan where there is none.
    X, Y : array
        The training data.
    """
    speed = "" if np.isnan(rate) else f" at learning rate {rate:g}"
    x, y = largest(X), largest(Y)
    advice = []
    if not x <= 100:
        advice.append("scale the inputs (for example with StandardScaler)")
    if not y <= 100:
        advice.append("scale the targets (for example with TransformedTargetRegressor)")
    advice.append("lower learning_rate_init" if speed else "increase alpha")
    return (
        f"{SENTENCE} {what} in epoch {number}{speed}; the largest input magnitude is {x:.3g}, the largest target "
        f"magnitude {y:.3g}. To change: {'; '.join(advice)}."
    )
