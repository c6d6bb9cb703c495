"""Functions of several numbers as one node each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainrule.graph.checks import checked_function
from chainrule.graph.operations import OPERATIONS, own_operation
from chainrule.graph.value import Value, as_value


def add(*values: Any) -> Value:
    """The sum of several nodes or numbers as one node, where ``a + b + c`` makes two."""
    if not values:
        raise ValueError("add() needs at least one value.")
    return Value.computed(OPERATIONS["add"], [as_value(each, "add()") for each in values])


def log_sum_exp(*values: Any) -> Value:
    """``log sum_k e**z_k`` as one node; its local derivatives are the softmax of z."""
    if not values:
        raise ValueError("log_sum_exp() needs at least one value.")
    return Value.computed(OPERATIONS["log_sum_exp"], [as_value(each, "log_sum_exp()") for each in values])


def function(
    name: str, inputs: Sequence[Value], value: Callable[..., float], slopes: Callable[..., Sequence[float]]
) -> Value:
    """Any function of several numbers as one node.

    Parameters
    ----------
    name : str
        What to call it.
    inputs : sequence of Value
        Its arguments.
    value : callable
        ``(*numbers) -> number``.
    slopes : callable
        ``(*numbers) -> sequence`` of the partial derivatives, one for each input.
    """
    checked_function(name, value=value, slopes=slopes)
    own = own_operation(name, value, lambda k, v, *x: slopes(*x)[k])
    return Value.computed(own, [as_value(each, f"function {name!r}") for each in inputs])
