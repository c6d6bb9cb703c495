"""From a plan and the engine's numbers to rows: what the engine does not store is derived from the parents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.trace.formulas import Formulas
from chainrule.trace.header import Header
from chainrule.trace.operations import OPERATIONS
from chainrule.trace.plans import plan_of
from chainrule.trace.plans.check import of_header
from chainrule.trace.plans.plan import Claim
from chainrule.trace.rows import Row, Value


def as_value(value: Any) -> Value:
    """A number or array in float64."""
    return float(value) if np.ndim(value) == 0 else np.asarray(value, np.float64)


def derived(claim: Claim | Row, parents: list[Value], header: Header, formulas: Formulas) -> Value:
    """A row's value from its parents' values.

    Raises
    ------
    UnknownFormula
        If the row needs a user's own formula that is not at hand.
    """
    settings = {**of_header(header), **claim.settings} if claim.operation == "loss_with" else claim.settings
    with np.errstate(all="ignore"):
        return as_value(OPERATIONS[claim.operation].derive(parents, formulas.resolve(settings)))


def filled(header: Header, numbers: Mapping[str, Any], formulas: Formulas) -> tuple[Row, ...]:
    """The rows that the header demands.

    Parameters
    ----------
    header : Header
        What the trace is about.
    numbers : dict
        The engine's numbers by the ids of layer rows and of rows about the whole network.
    formulas : Formulas
        The user's own formulas.
    """
    values: dict[str, Value] = {}
    rows = []
    for claim in plan_of(header).claims.values():
        values[claim.id] = _value(claim, values, numbers, header, formulas)
        fields = (claim.quantity, claim.operation, claim.parents, values[claim.id], claim.settings)
        rows.append(Row(claim.id, claim.level, claim.stage, *fields))
    return tuple(rows)


def _value(
    claim: Claim, values: Mapping[str, Value], numbers: Mapping[str, Any], header: Header, formulas: Formulas
) -> Value:
    """The engine's number; an element of the layer's row, so that both levels agree to the last bit; else derived."""
    if claim.id in numbers:
        return as_value(numbers[claim.id])
    if claim.level == "unit":
        quantity = claim.quantity
        whole = values.get(replace(quantity, unit=None, source=None, row=None).id)
        index = tuple(at for at in (quantity.row, quantity.source, quantity.unit) if at is not None)
        if isinstance(whole, np.ndarray) and whole.ndim == len(index):
            return float(whole[index])
    return derived(claim, [values[parent] for parent in claim.parents], header, formulas)
