"""Activations: value and slope side by side, one table entry each.

Conventions: `z` is the pre-activation (any shape, units in the last axis), `a = value(z)`. The slope may use both, so that
cheap forms are possible (a * (1 - a) for the logistic). To add an activation, append one entry to `ACTIVATIONS`; for native
speed, add the twin that `tests/test_engines_agree.py` then asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from chainrule.formulas.lookup import Array, lookup


@dataclass(frozen=True)
class Activation:
    """One activation function.

    Parameters
    ----------
    name : str
        The name users type.
    value : callable
        ``z -> a``, elementwise unless `pullback` is given.
    slope : callable or None
        ``(z, a) -> da/dz``; None for activations that act on the whole layer at once.
    latex : str
        The formula, for explanations.
    gain : float
        Scale of the initial weights that keeps the variance of a deep stack steady (He et al. 2015, arXiv 1502.01852).
    pullback : callable or None
        ``(a, upstream) -> delta`` for activations whose units depend on each other (softmax): the product of `upstream`
        with the Jacobian.
    hidden : bool
        Whether hidden layers may use it.
    """

    name: str
    value: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array] | None
    latex: str
    gain: float = 1.0
    pullback: Callable[[Array, Array], Array] | None = None
    hidden: bool = True

    def backward(self, z: Array, a: Array, upstream: Array) -> Array:
        """``dL/dz`` from ``upstream = dL/da`` (chain rule)."""
        if self.pullback is not None:
            return self.pullback(a, upstream)
        assert self.slope is not None
        product: Array = upstream * self.slope(z, a)
        return product


def _softmax(z: Array) -> Array:
    shifted = np.exp(z - z.max(axis=-1, keepdims=True))
    quotient: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return quotient


def _softmax_pullback(a: Array, upstream: Array) -> Array:
    product: Array = a * (upstream - (upstream * a).sum(axis=-1, keepdims=True))
    return product


def _exp(z: Array) -> Array:
    with np.errstate(over="ignore"):
        value: Array = np.exp(z)
    return value


ACTIVATIONS: dict[str, Activation] = {
    entry.name: entry
    for entry in (
        Activation("identity", lambda z: z.copy(), lambda z, a: np.ones_like(a), r"z"),
        Activation("logistic", expit, lambda z, a: a * (1 - a), r"\frac{1}{1 + e^{-z}}"),
        Activation("tanh", np.tanh, lambda z, a: 1 - a * a, r"\tanh z", gain=5 / 3),
        Activation(
            "relu",
            lambda z: np.maximum(z, 0),
            lambda z, a: (a > 0).astype(a.dtype),
            r"\max(0, z)",
            gain=2**0.5,
        ),
        Activation("exp", _exp, lambda z, a: a, r"e^{z}", hidden=False),
        Activation(
            "softmax", _softmax, None, r"\frac{e^{z_k}}{\sum_j e^{z_j}}", pullback=_softmax_pullback, hidden=False
        ),
    )
}

ALIASES = {"linear": "identity", "sigmoid": "logistic"}


def get_activation(activation: str | Activation) -> Activation:
    """Return the table entry of that name, or the user's own object as it is."""
    return lookup("activation", activation, ACTIVATIONS, Activation, ALIASES)
