"""Every operation that a row of a trace may name: one literal table, by stage.

The builder takes a row's value from the engine where the engine has it; `derive` says the same again from the row's parents, for
the verifier and for the steps between that no engine stores (a path's share, an exponential of the softmax). How an operation
is told stands in `chainrule.trace.phrases`, under the same key.
"""

from __future__ import annotations

from chainrule.trace.operations.arithmetic import ARITHMETIC, FORWARD, Operation
from chainrule.trace.operations.backward import BACKWARD
from chainrule.trace.operations.check import CHECK
from chainrule.trace.operations.loss import LOSS
from chainrule.trace.operations.update import UPDATE

__all__ = ["OPERATIONS", "Operation"]

OPERATIONS: dict[str, Operation] = {**ARITHMETIC, **FORWARD, **LOSS, **BACKWARD, **UPDATE, **CHECK}
