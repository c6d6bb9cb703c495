"""Activations as formulas: value and slope; one that is not listed is written by its name."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.trace.phrases.base import Terms, exponential, name_of
from chainrule.trace.writing import expressions as e

Value = Callable[[e.Expression], e.Expression]
Slope = Callable[[e.Expression, e.Expression], e.Expression]
ONE = e.number(1)


def _logistic(z: e.Expression) -> e.Expression:
    return e.Quotient(ONE, e.plus(ONE, exponential(e.Minus(z))))


def _elu(z: e.Expression) -> e.Expression:
    negative = e.call("min", e.number(0), e.minus(exponential(z), ONE))
    return e.plus(e.call("max", e.number(0), z), negative)


# As in the tables of `formulas/activations.py`; a test compares them with those.
VALUES: dict[str, Value] = {
    "identity": lambda z: z,
    "logistic": _logistic,
    "tanh": lambda z: e.call("tanh", z),
    "relu": lambda z: e.call("max", e.number(0), z),
    "leaky_relu": lambda z: e.call("max", z, e.Quotient(z, e.number(100))),
    "elu": _elu,
    "softplus": lambda z: e.call("log", e.plus(ONE, exponential(z))),
    "mish": lambda z: e.times(z, e.call("tanh", e.call("log", e.plus(ONE, exponential(z))))),
    "silu": lambda z: e.Quotient(z, e.plus(ONE, exponential(e.Minus(z)))),
    "gelu": lambda z: e.times(z, e.call("Φ", z)),
    "exp": exponential,
}

SLOPES: dict[str, Slope] = {
    "identity": lambda z, a: ONE,
    "logistic": lambda z, a: e.times(a, e.minus(ONE, a)),
    "tanh": lambda z, a: e.minus(ONE, e.squared(a)),
    "softplus": lambda z, a: _logistic(z),
    "exp": lambda z, a: a,
}

# How they are called where the argument is a whole layer.
GREEK = {"logistic": "σ"}


def value(terms: Terms) -> e.Expression:
    """``f(z)``."""
    name = name_of(terms.settings["activation"])
    if terms.arrays or name not in VALUES:
        return terms[0] if name == "identity" else e.call(GREEK.get(name, name), *terms.items)
    return VALUES[name](terms[0])


def slope(terms: Terms) -> e.Expression:
    """``f'(z)``."""
    name = name_of(terms.settings["activation"])
    if terms.arrays or name not in SLOPES:
        return e.call(f"{GREEK.get(name, name)}′", terms[0])
    return SLOPES[name](terms[0], terms[1])
