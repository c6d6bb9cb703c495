"""Scalar computational graphs: write arithmetic, see every value and every derivative.

The teaching twin of the engines. See `Value`.
"""

from __future__ import annotations

from chainrule.graph.functions import add, function, log_sum_exp
from chainrule.graph.graph import Graph
from chainrule.graph.passes import Backward, Forward
from chainrule.graph.steps import BackwardStep, ForwardStep, Step, Term
from chainrule.graph.value import Value

__all__ = [
    "Backward",
    "BackwardStep",
    "Forward",
    "ForwardStep",
    "Graph",
    "Step",
    "Term",
    "Value",
    "add",
    "function",
    "log_sum_exp",
]
