"""How every operation is told: one literal table with the keys of `chainrule.trace.operations.OPERATIONS`.

A formula is written over the symbols of the parents, over their numbers, or over their shapes: one formula, three readings.
"""

from __future__ import annotations

from chainrule.trace.phrases.arithmetic import ARITHMETIC, FORWARD
from chainrule.trace.phrases.backward import BACKWARD
from chainrule.trace.phrases.base import Phrase, Terms
from chainrule.trace.phrases.losses import LOSSES
from chainrule.trace.phrases.questions import QUESTIONS, SENTENCES
from chainrule.trace.phrases.steps import CHECK, UPDATE

__all__ = ["PHRASES", "QUESTIONS", "SENTENCES", "Phrase", "Terms"]

PHRASES: dict[str, Phrase] = {**ARITHMETIC, **FORWARD, **LOSSES, **BACKWARD, **UPDATE, **CHECK}
