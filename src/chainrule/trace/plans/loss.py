"""Rows of the loss: a term for each output, the rows' losses, their mean, the penalties apart, the objective."""

from __future__ import annotations

from chainrule.trace.header import Group
from chainrule.trace.plans.plan import Plan, Q
from chainrule.trace.plans.terms import Terms, hyper_parameters, smoothing, terms_of
from chainrule.trace.rows import Quantity


def plan_loss(plan: Plan) -> None:
    """All rows of the loss."""
    header = plan.header
    if header.weighted:
        plan.whole(Q("weight_sum"), "total", [Q("sample_weight")])
    else:
        plan.whole(Q("weight_sum"), "row_count", rows=header.rows)
    last = header.depth - 1
    outputs = header.network["layers"][-1]["activation"]
    source = "pre_activation" if header.headed or header.groups[0].fused else "activation"
    settings = {"loss": header.network["loss"], "activation": outputs, "fused": source == "pre_activation"}
    plan.layer(Q("row_loss"), "whole_loss", [Q("target"), Q(source, last)], **settings, targets=header.targets)
    for row in range(header.rows):
        for group in header.groups:
            _plan_group(plan, group, row)
        if header.level == "unit":
            _plan_row(plan, row)
    _plan_objective(plan)


def _plan_group(plan: Plan, group: Group, row: int) -> None:
    """Terms of the outputs that have rows of their own."""
    k = plan.header.depth - 1
    terms = terms_of(group)
    for unit in group.units if terms is not None else ():
        if terms is not None and plan.header.shows(k, unit):
            parents = [_parent(plan, group, kind, unit, row) for kind in terms.parents]
            plan.unit(Q("loss_term", k, unit, row=row), terms.term, parents, **hyper_parameters(group, unit))


def _parent(plan: Plan, group: Group, kind: str, unit: int, row: int) -> Quantity:
    """A parent of a term or a slope: the output's own number, or one of its whole group."""
    k = plan.header.depth - 1
    if kind == "target":
        return target(plan, group, unit, row)
    if kind in ("shift", "exponential_sum"):
        return Q(kind, k, row=row, name=str(group.number))
    return Q(kind, k, unit, row=row)


def slope_parents(plan: Plan, group: Group, terms: Terms, unit: int, row: int) -> list[Quantity]:
    """Parents of the slope at one output."""
    return [_parent(plan, group, kind, unit, row) for kind in terms.slope_parents]


def target(plan: Plan, group: Group, unit: int, row: int) -> Quantity:
    """The target that an output is compared with, smoothed where labels are."""
    columns = group.targets
    column = columns.start + (unit - group.start) * len(columns) // len(group.units)
    given = Q("target", unit=column, row=row)
    share = smoothing(group)
    if not share:
        return given
    classes = len(group.units) if group.activation == "softmax" else 2
    smoothed = Q("smoothed_target", plan.header.depth - 1, unit, row=row)
    return plan.unit(smoothed, "smooth_labels", [given], share=share, classes=classes)


def _plan_row(plan: Plan, row: int) -> None:
    """The loss of one data row from its terms."""
    groups, total = plan.header.groups, Q("row_loss", row=row)
    if not plan.header.headed:
        _plan_total(plan, groups[0], total, row)
        return
    heads = [Q("head_loss", row=row, name=str(group.number)) for group in groups]
    for group, head in zip(groups, heads, strict=True):
        _plan_total(plan, group, head, row)
    plan.unit(total, "weighted_total", heads, factors=[group.factor for group in groups])


def _plan_total(plan: Plan, group: Group, total: Quantity, row: int) -> None:
    k, terms = plan.header.depth - 1, terms_of(group)
    if terms is not None:
        plan.unit(total, terms.reduction, [Q("loss_term", k, unit, row=row) for unit in group.units])
        return
    targets = [Q("target", unit=column, row=row) for column in group.targets]
    kind = "pre_activation" if group.fused else "activation"
    outputs = [Q(kind, k, unit, row=row) for unit in group.units]
    formulas = {"loss": group.loss, "activation": group.activation}
    plan.unit(total, "whole_loss", [*targets, *outputs], **formulas, fused=group.fused, targets=len(targets))


def _plan_objective(plan: Plan) -> None:
    header, rows = plan.header, range(plan.header.rows)
    losses = [Q("row_loss", row=row) for row in rows] if header.level == "unit" else [Q("row_loss")]
    weights = [Q("weight", layer) for layer in range(header.depth)]
    parts = losses
    if header.weighted:
        own = [Q("sample_weight", row=row) for row in rows] if header.level == "unit" else [Q("sample_weight")]
        pairs = [one for pair in zip(losses, own, strict=True) for one in pair]
        parts = [plan.whole(Q("data_loss"), "weighted_mean", pairs)]
    elif not (header.single and header.level == "unit"):
        parts = [plan.whole(Q("data_loss"), "mean", losses)]
    if header.decayed:
        penalties = {"alpha": header.alpha, "l2": header.l2}
        parts = [*parts, plan.whole(Q("l2_penalty"), "l2_penalty", [Q("weight_sum"), *weights], **penalties)]
    if header.l1:
        parts = [*parts, plan.whole(Q("l1_penalty"), "l1_penalty", weights, l1=header.l1)]
    plan.whole(Q("loss"), "sum", parts)
