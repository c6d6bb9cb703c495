"""From a row to a claim: symbol, formula, the same with numbers, question and sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from chainrule.trace.naming import Names
from chainrule.trace.phrases import PHRASES, QUESTIONS, SENTENCES, Terms
from chainrule.trace.record import Trace
from chainrule.trace.render.arrays import columns, shape
from chainrule.trace.render.outline import Claim
from chainrule.trace.rows import Quantity, Row
from chainrule.trace.writing import expressions as e

# Rows that nothing computes: they stand in the formulas of others.
LEAVES = ("given", "element", "dropout_mask")
# What is computed once and used by many: worth pointing back to.
REUSED = ("delta", "linear_delta", "gradient", "corrected_rate", "exponential_sum", "shift")


class Teller:
    """Tells the rows of one trace in one notation.

    Parameters
    ----------
    trace : Trace
        What is told.
    names : Names
        The notation.
    """

    def __init__(self, trace: Trace, names: Names) -> None:
        self.trace, self.names = trace, names
        self.steps: dict[str, int] = {}
        self.met: set[tuple[str, str, str]] = set()

    def told(self, rows: Iterable[Row]) -> tuple[Claim, ...]:
        """The rows that say something, told in their order."""
        return tuple(self.claim(row) for row in rows if row.operation not in LEAVES and not self._same(row))

    def _same(self, row: Row) -> bool:
        """Whether a row only repeats another one under the same symbol."""
        return len(row.parents) == 1 and self.names.of(self.trace[row.parents[0]]) == self.names.of(row)

    def claim(self, row: Row) -> Claim:
        """The row, told; claims are numbered as they are told."""
        phrase = PHRASES[row.operation]
        parents = [self.trace[parent] for parent in row.parents]
        formula = numbers = shapes = None
        if phrase.formula is not None:
            symbols = tuple(self.names.of(parent) for parent in parents)
            formula = phrase.formula(Terms(symbols, row.settings, arrays=row.level == "layer"))
            if phrase.numbers and all(np.ndim(parent.value) == 0 for parent in parents):
                values = tuple(e.number(float(parent.value)) for parent in parents)
                numbers = phrase.formula(Terms(values, row.settings, numeric=True))
            elif phrase.shapes:
                sizes = tuple(e.words(f"({shape(parent)})") for parent in parents)
                shapes = phrase.formula(Terms(sizes, row.settings, arrays=True))
        kind = (row.quantity.kind, row.operation, row.level)
        first = kind not in self.met
        self.met.add(kind)
        question = QUESTIONS.get(row.quantity.kind, "")
        uses = self._uses(row, parents)
        self.steps[row.id] = len(self.steps) + 1
        return Claim(
            row=row,
            step=self.steps[row.id],
            symbol=self.names.of(row),
            formula=formula,
            # A number alone would stand there twice.
            numbers=None if isinstance(numbers, e.Number) else numbers,
            shapes=shapes,
            value=columns(row) if np.ndim(row.value) else row.value,
            question=question,
            about=self._about(row.quantity) if "{}" in question else None,
            sentence=SENTENCES.get((row.quantity.kind, row.operation), phrase.sentence),
            uses=uses,
            first=first,
        )

    def _uses(self, row: Row, parents: list[Row]) -> tuple[tuple[e.Expression, int], ...]:
        """Results that were told with another unit or layer."""
        here = (row.quantity.layer, row.quantity.unit)
        return tuple(
            (self.names.of(parent), self.steps[parent.id])
            for parent in parents
            if parent.quantity.kind in REUSED
            and parent.id in self.steps
            and (parent.quantity.layer, parent.quantity.unit) != here
        )

    def _about(self, at: Quantity) -> e.Expression:
        names = self.names
        if at.of:
            return names.parameter(at)
        if at.kind == "path":
            return names.through(at)
        if at.kind == "activation_gradient":
            return names.seen(at)
        role = {"linear_delta": "linear", "undropped_gradient": "activation"}.get(at.kind, "pre_activation")
        if role == "activation" and at.layer is None:
            role = "input"
        return names.letter(role, replace(at, kind=role))
