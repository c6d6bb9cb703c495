"""Rows of the check: every gradient against central differences, the step's effect against its first-order prediction."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.trace.header import Header
from chainrule.trace.plans.plan import Plan, Q, about
from chainrule.trace.rows import Quantity


def plan_check(plan: Plan) -> None:
    """Differences of the objective at the header's places in theta, then the objective after the step."""
    header = plan.header
    step, floor = header.check["step"], header.check["floor"]
    errors = []
    for place in header.check["places"]:
        parameter = _parameter(header, place)
        sides = [
            _plan_loss(plan, "unit", about(parameter, kind), {}, place, moved, 0.0)
            for kind, moved in (("loss_ahead", step), ("loss_behind", -step))
        ]
        numeric = plan.unit(about(parameter, "numeric_gradient"), "central_difference", sides, step=step)
        parents = [about(parameter, "gradient"), numeric]
        errors.append(plan.unit(about(parameter, "relative_error"), "relative_error", parents, floor=floor))
    plan.whole(Q("largest_error"), "largest", errors)
    if "update" in header.stages:
        _plan_effect(plan)


def _parameter(header: Header, place: int) -> Quantity:
    """The trained parameter at a place in theta."""
    for kind, layer in header.parameters(trained=True):
        units = header.widths[layer + 1]
        size = units * (header.widths[layer] if kind == "weight" else 1)
        if place < size:
            return Q(kind, layer, place % units, place // units if kind == "weight" else None)
        place -= size
    raise ValueError("there is no such place in theta.")


def _plan_loss(
    plan: Plan,
    level: str,
    quantity: Quantity,
    changed: dict[Quantity, Quantity],
    place: int | None,
    step: float,
    l1: float,
) -> Quantity:
    """The objective once more: with one parameter moved, or with other parameters."""
    header = plan.header
    parameters = [Q(kind, layer) for kind, layer in header.parameters()]
    parents = [Q("input"), Q("target"), *(changed.get(one, one) for one in parameters)]
    parents += [Q("sample_weight")] if header.weighted else []
    parents += [Q("mask", layer) for layer in header.masked]
    return plan.add(level, quantity, "loss_with", parents, place=place, step=step, l1=l1)


def _plan_effect(plan: Plan) -> None:
    header = plan.header
    trained = [Q(kind, layer) for kind, layer in header.parameters(trained=True)]
    new = {one: Q("new", one.layer, of=one.kind) for one in trained}
    after = _plan_loss(plan, "whole", Q("new_loss"), new, None, 0.0, header.l1)
    gradients = [Q("gradient", one.layer, of=one.kind) for one in trained]
    weights = sum(counts["weights"] for counts in header.parameter_counts)
    parents = [*gradients, *trained, *new.values()]
    plan.whole(Q("predicted_change"), "first_order", parents, l1=header.l1, weights=weights)
    plan.whole(Q("actual_change"), "difference", [after, Q("loss")])


def of_header(header: Header) -> dict[str, Any]:
    """What `loss_with` needs beside its row's own settings, the same for all rows."""
    return {
        "network": header.network,
        "weighted": header.weighted,
        "masked": [0 if layer is None else layer + 1 for layer in header.masked],
        "frozen": header.frozen,
        "alpha": header.alpha,
        "l2": header.l2,
    }


def sample(header: Header, gradient: Any, most: int) -> tuple[int, ...]:
    """Places in theta to check: all, or of each array the largest components of the gradient and evenly spread ones.

    Parameters
    ----------
    header : Header
        Of the trace.
    gradient : ndarray of shape (P,)
        The engine's gradient.
    most : int
        Places for each array.
    """
    start, places = 0, set()
    for kind, layer in header.parameters(trained=True):
        size = header.widths[layer + 1] * (header.widths[layer] if kind == "weight" else 1)
        part = np.abs(gradient[start : start + size])
        largest = np.argsort(-part, kind="stable")[: (most + 1) // 2]
        spread = np.linspace(0, size - 1, most // 2 + 2).astype(int)[1:-1]
        places |= {start + int(at) for at in (*largest, *spread)}
        start += size
    return tuple(sorted(places))
