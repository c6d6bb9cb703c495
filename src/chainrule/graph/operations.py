"""What a node of a graph can compute: value, slope towards each input, and how it is written, one table entry each.

A slope is the *local* derivative of lecture 003, 'The pattern': what the forward pass alone can tell. `slope(k, v, *inputs)` is
the derivative towards input number k; v is the value, so that cheap forms are possible (v * (1 - v) for the sigmoid).
To add an operation, append one entry to `OPERATIONS` and a method to `Value`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from chainrule.graph.names import escaped

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4  # how strongly a term binds: weaker ones go into parentheses


@dataclass(frozen=True)
class Form:
    """How an operation is written in one language.

    Parameters
    ----------
    write : callable
        Written inputs -> written result.
    binds : int
        How strongly the result binds.
    needs : tuple of int
        How strongly each input must bind to go without parentheses; the last counts for all that follow.
    """

    write: Callable[..., str]
    binds: int = ATOM
    needs: tuple[int, ...] = (0,)

    def wants(self, place: int) -> int:
        """How strongly input number `place` must bind."""
        return self.needs[min(place, len(self.needs) - 1)]


@dataclass(frozen=True)
class Operation:
    """One operation on numbers.

    Parameters
    ----------
    name : str
        What users and error messages call it.
    symbol : str
        What stands on a node.
    value : callable
        ``(*inputs) -> number``.
    slope : callable
        ``(k, value, *inputs) -> number``, the derivative towards input k.
    text, latex : Form
        How it is written.
    """

    name: str
    symbol: str
    value: Callable[..., float]
    slope: Callable[..., float]
    text: Form
    latex: Form


def _sigmoid(x: float) -> float:
    """``1 / (1 + e**-x)``, by the form whose exponential cannot overflow."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)


def _power_slope(k: int, v: float, base: float, exponent: float) -> float:
    """``n x**(n - 1)`` and ``x**n log x``."""
    if k == 0:
        return exponent * base ** (exponent - 1) if exponent else 0.0
    return 0.0 if base == 0 and exponent > 0 else v * math.log(base)


def _log_sum_exp(*x: float) -> float:
    """``log sum_j e**x_j``; the largest is taken off first (lecture 004, 'Softmax + Cross Entropy')."""
    top = max(x)
    return top + math.log(sum(math.exp(each - top) for each in x))


def _call(name: str) -> Form:
    return Form(lambda *inputs: f"{name}({', '.join(inputs)})")


def _call_latex(name: str) -> Form:
    return Form(lambda *inputs: rf"{name}\left({', '.join(inputs)}\right)")


OPERATIONS: dict[str, Operation] = {
    entry.name: entry
    for entry in (
        Operation(
            "add",
            "+",
            lambda *x: math.fsum(x),
            lambda k, v, *x: 1.0,
            Form(lambda *x: " + ".join(x), SUM, (SUM, PRODUCT)),
            Form(lambda *x: " + ".join(x), SUM, (SUM, PRODUCT)),
        ),
        Operation(
            "subtract",
            "−",
            lambda a, b: a - b,
            lambda k, v, a, b: (1.0, -1.0)[k],
            Form(lambda a, b: f"{a} − {b}", SUM, (SUM, PRODUCT)),
            Form(lambda a, b: f"{a} - {b}", SUM, (SUM, PRODUCT)),
        ),
        Operation(
            "multiply",
            "×",
            lambda a, b: a * b,
            lambda k, v, a, b: (b, a)[k],
            Form(lambda a, b: f"{a}·{b}", PRODUCT, (PRODUCT,)),
            Form(lambda a, b: rf"{a} \cdot {b}", PRODUCT, (PRODUCT,)),
        ),
        Operation(
            "divide",
            "÷",
            lambda a, b: a / b,
            lambda k, v, a, b: 1 / b if k == 0 else -v / b,
            Form(lambda a, b: f"{a} / {b}", PRODUCT, (PRODUCT, POWER)),
            Form(lambda a, b: rf"\frac{{{a}}}{{{b}}}"),
        ),
        Operation(
            "negate",
            "−",
            lambda a: -a,
            lambda k, v, a: -1.0,
            Form(lambda a: f"−{a}", SUM, (PRODUCT,)),
            Form(lambda a: f"-{a}", SUM, (PRODUCT,)),
        ),
        Operation(
            "power",
            "^",
            lambda a, n: a**n,
            _power_slope,
            Form(lambda a, n: f"{a}^{n}", POWER, (ATOM,)),
            Form(lambda a, n: f"{{{a}}}^{{{n}}}", POWER, (ATOM, 0)),
        ),
        Operation(
            "exp",
            "exp",
            math.exp,
            lambda k, v, x: v,
            _call("exp"),
            Form(lambda x: f"e^{{{x}}}", POWER),
        ),
        Operation("log", "log", math.log, lambda k, v, x: 1 / x, _call("log"), _call_latex(r"\log")),
        Operation("tanh", "tanh", math.tanh, lambda k, v, x: 1 - v * v, _call("tanh"), _call_latex(r"\tanh")),
        Operation("sigmoid", "σ", _sigmoid, lambda k, v, x: v * (1 - v), _call("σ"), _call_latex(r"\sigma")),
        Operation(
            "relu",
            "ReLU",
            lambda x: max(x, 0.0),
            lambda k, v, x: 1.0 if x > 0 else 0.0,
            _call("ReLU"),
            _call_latex(r"\mathrm{ReLU}"),
        ),
        Operation(
            "log_sum_exp",
            "log Σ exp",
            _log_sum_exp,
            lambda k, v, *x: math.exp(x[k] - v),
            _call("log Σ exp"),
            Form(lambda *x: rf"\log\left({' + '.join(f'e^{{{each}}}' for each in x)}\right)"),
        ),
    )
}


def own_operation(name: str, value: Callable[..., float], slope: Callable[..., float]) -> Operation:
    """An operation of the user's: `slope(k, value, *inputs)` as in the table."""
    return Operation(name, name, value, slope, _call(name), _call_latex(rf"\mathrm{{{escaped(name)}}}"))
