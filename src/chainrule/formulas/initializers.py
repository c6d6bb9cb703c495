"""Initializers: how the weights and biases of a layer are drawn before training.

Each entry draws one layer: ``(rng, fan_in, fan_out, activation name) -> W (fan_in, fan_out), b (fan_out,)`` in
float64. The order of the draws is part of the contract: the same seed gives scikit-learn's numbers for `glorot_uniform`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule.formulas.lookup import Array, lookup

Initializer = Callable[[np.random.RandomState, int, int, str], tuple[Array, Array]]


def glorot_uniform(rng: np.random.RandomState, fan_in: int, fan_out: int, activation: str) -> tuple[Array, Array]:
    """Uniform in +-sqrt(6 / (fan_in + fan_out)), biases too (Glorot & Bengio 2010, eq. 16; as scikit-learn draws it).

    The factor is 2 instead of 6 for logistic layers, as in scikit-learn.
    """
    bound = np.sqrt((2.0 if activation == "logistic" else 6.0) / (fan_in + fan_out))
    weights = rng.uniform(-bound, bound, (fan_in, fan_out))
    return weights, rng.uniform(-bound, bound, fan_out)


INITIALIZERS: dict[str, Initializer] = {"glorot_uniform": glorot_uniform}


def get_initializer(initializer: str | Initializer) -> Initializer:
    """Return the table entry of that name, or the user's own callable as it is."""
    if callable(initializer):
        return initializer
    return lookup("initializer", initializer, INITIALIZERS, (), {})
