"""Rows of the backward pass (lecture 002, 'Backpropagation equations'): upstream times local, summed over the paths.

Matrix form: ``delta_k = (delta_{k+1} W_{k+1}^T) * f'(z_k)``, ``dJ/dW_k = a_{k-1}^T delta_k / S``.
"""

from __future__ import annotations

from dataclasses import replace

from chainrule.engines.normalization import EPSILON
from chainrule.trace.formulas import elementwise
from chainrule.trace.header import Group
from chainrule.trace.plans.loss import slope_parents
from chainrule.trace.plans.plan import Plan, Q, at, below, passed_on
from chainrule.trace.plans.terms import hyper_parameters, terms_of
from chainrule.trace.rows import Quantity


def plan_backward(plan: Plan) -> None:
    """From the output layer down: derivatives by scores, then by parameters."""
    header = plan.header
    for k in range(header.depth - 1, -1, -1):
        shown = [unit for unit in range(header.widths[k + 1]) if header.shows(k, unit)]
        if k == header.depth - 1:
            _plan_output_layer(plan)
            for row in range(header.rows):
                for group in header.groups:
                    _plan_outputs(plan, group, row)
        else:
            _plan_hidden_layer(plan, k)
            for row in range(header.rows):
                for unit in shown:
                    _plan_hidden_unit(plan, k, unit, row)
        if header.normalized(k):
            _plan_norm_layer(plan, k)
            for unit in shown:
                _plan_norm_unit(plan, k, unit)
        _plan_layer_gradients(plan, k)
        for unit in shown:
            _plan_unit_gradients(plan, k, unit)


def _plan_output_layer(plan: Plan) -> None:
    header, k = plan.header, plan.header.depth - 1
    loss, activation = header.network["loss"], header.network["layers"][-1]["activation"]
    z, a, y = Q("pre_activation", k), Q("activation", k), Q("target")
    first = Q("unweighted_delta" if header.weighted else "delta", k)
    if header.headed or header.groups[0].fused:
        plan.layer(first, "whole_delta", [y, z, a], loss=loss, activation=activation, targets=header.targets)
    else:
        upstream = plan.layer(Q("activation_gradient", k), "whole_slope", [y, a], loss=loss, targets=header.targets)
        if header.groups[0].elementwise:
            slope = plan.layer(Q("slope", k), "slope", [z, a], activation=activation)
            plan.layer(first, "multiply", [upstream, slope])
        else:
            plan.layer(first, "pullback", [upstream, z, a], activation=activation)
    if header.weighted:
        plan.layer(Q("delta", k), "weigh", [first, Q("sample_weight")])


def _plan_outputs(plan: Plan, group: Group, row: int) -> None:
    """Derivatives by the scores of a group of outputs, for one data row."""
    header, k = plan.header, plan.header.depth - 1
    shown = [unit for unit in group.units if header.shows(k, unit)]
    if not shown:
        return
    terms, fused = terms_of(group), group.fused
    needed = shown if fused or group.elementwise else list(group.units)
    kind = "delta" if fused else "gradient"
    last = Q("unweighted_delta" if header.weighted else "delta", k)
    final = last if fused else Q("activation_gradient", k)
    for unit in needed:
        scaled, found = group.factor != 1, at(final, unit, row)
        first = Q(f"unscaled_{kind}", k, unit, row=row) if scaled else found
        if terms is None:
            _plan_whole_slope(plan, group, first, unit, row)
        else:
            mean = {"outputs": len(group.units)} if terms.reduction == "mean" else {}
            parents = slope_parents(plan, group, terms, unit, row)
            plan.unit(first, terms.slope, parents, **hyper_parameters(group, unit), **mean)
        if scaled:
            plan.unit(found, "scale", [first], factor=group.factor)
    for unit in shown:
        if not fused:
            _plan_through_activation(plan, group, at(last, unit, row), unit, row)
        if header.weighted:
            plan.unit(Q("delta", k, unit, row=row), "weigh", [at(last, unit, row), Q("sample_weight", row=row)])


def _plan_whole_slope(plan: Plan, group: Group, first: Quantity, unit: int, row: int) -> None:
    k = plan.header.depth - 1
    targets = [Q("target", unit=column, row=row) for column in group.targets]
    z = [Q("pre_activation", k, one, row=row) for one in group.units]
    a = [Q("activation", k, one, row=row) for one in group.units]
    settings = {"loss": group.loss, "targets": len(targets), "unit": unit - group.start}
    if group.fused:
        plan.unit(first, "whole_delta", [*targets, *z, *a], activation=group.activation, **settings)
    else:
        plan.unit(first, "whole_slope", [*targets, *a], **settings)


def _plan_through_activation(plan: Plan, group: Group, delta: Quantity, unit: int, row: int) -> None:
    """``dl/dz`` of an output from ``dl/da`` of its group."""
    k = plan.header.depth - 1
    z = [Q("pre_activation", k, one, row=row) for one in group.units]
    a = [Q("activation", k, one, row=row) for one in group.units]
    u = [Q("activation_gradient", k, one, row=row) for one in group.units]
    place = unit - group.start
    if group.elementwise:
        slope = Q("slope", k, unit, row=row)
        plan.unit(slope, "slope", [z[place], a[place]], activation=group.activation)
        plan.unit(delta, "multiply", [u[place], slope])
    elif group.activation == "softmax":
        mean = Q("upstream_mean", k, row=row, name=str(group.number))
        plan.unit(mean, "sum_of_products", [one for pair in zip(u, a, strict=True) for one in pair])
        plan.unit(delta, "softmax_pullback", [a[place], u[place], mean])
    else:
        plan.unit(delta, "pullback", [*u, *z, *a], activation=group.activation, unit=place)


def _plan_hidden_layer(plan: Plan, k: int) -> None:
    header = plan.header
    found = Q("activation_gradient", k)
    plan.layer(found, "back_through_weights", [passed_on(header, k + 1), Q("weight", k + 1)])
    if k in header.masked:
        found = plan.layer(Q("undropped_gradient", k), "multiply", [found, Q("mask", k)])
    z, a, activation = Q("pre_activation", k), Q("activation", k), header.network["layers"][k]["activation"]
    if elementwise(activation):
        slope = plan.layer(Q("slope", k), "slope", [z, a], activation=activation)
        plan.layer(Q("delta", k), "multiply", [found, slope])
    else:
        plan.layer(Q("delta", k), "pullback", [found, z, a], activation=activation)


def _plan_hidden_unit(plan: Plan, k: int, unit: int, row: int) -> None:
    header, above = plan.header, passed_on(plan.header, k + 1)
    paths = [
        plan.unit(Q("path", k, unit, upper, row), "multiply", [Q("weight", k + 1, upper, unit), at(above, upper, row)])
        for upper in range(header.widths[k + 2])
    ]
    found = plan.unit(Q("activation_gradient", k, unit, row=row), "sum", paths)
    if k in header.masked:
        parents = [found, Q("mask", k, unit, row=row)]
        found = plan.unit(Q("undropped_gradient", k, unit, row=row), "multiply", parents)
    z, a, delta = (Q(kind, k, unit, row=row) for kind in ("pre_activation", "activation", "delta"))
    if elementwise(header.activation(k, unit)):
        slope = plan.unit(Q("slope", k, unit, row=row), "slope", [z, a], activation=header.activation(k, unit))
        plan.unit(delta, "multiply", [found, slope])
    else:
        plan.use(delta)


def _plan_norm_layer(plan: Plan, k: int) -> None:
    header, delta, z_hat = plan.header, Q("delta", k), Q("normalized", k)
    if k in header.frozen:
        parents = [delta, Q("scale", k), Q("running_variance", k)]
        plan.layer(Q("linear_delta", k), "through_fixed_norm", parents, epsilon=EPSILON)
        return
    sums = [
        plan.layer(Q("delta_sum", k), "column_sum", [delta]),
        plan.layer(Q("delta_product_sum", k), "column_sum_of_products", [delta, z_hat]),
        Q("weight_sum"),
    ]
    weight = [Q("sample_weight")] if header.weighted else []
    parents = [delta, z_hat, Q("scale", k), Q("batch_variance", k), *sums, *weight]
    plan.layer(Q("linear_delta", k), "through_batch_norm", parents, epsilon=EPSILON)


def _plan_norm_unit(plan: Plan, k: int, unit: int) -> None:
    header, rows = plan.header, range(plan.header.rows)
    delta = [Q("delta", k, unit, row=row) for row in rows]
    z_hat = [Q("normalized", k, unit, row=row) for row in rows]
    if k in header.frozen:
        for row in rows:
            parents = [delta[row], Q("scale", k, unit), Q("running_variance", k, unit)]
            plan.unit(Q("linear_delta", k, unit, row=row), "through_fixed_norm", parents, epsilon=EPSILON)
        return
    pairs = [one for pair in zip(delta, z_hat, strict=True) for one in pair]
    sums = [
        plan.unit(Q("delta_sum", k, unit), "sum", delta),
        plan.unit(Q("delta_product_sum", k, unit), "sum_of_products", pairs),
        Q("weight_sum"),
    ]
    for row in rows:
        weight = [Q("sample_weight", row=row)] if header.weighted else []
        parents = [delta[row], z_hat[row], Q("scale", k, unit), Q("batch_variance", k, unit), *sums, *weight]
        plan.unit(Q("linear_delta", k, unit, row=row), "through_batch_norm", parents, epsilon=EPSILON)


def _plan_layer_gradients(plan: Plan, k: int) -> None:
    header, total = plan.header, Q("weight_sum")
    weight = Q("gradient", k, of="weight")
    data = Q("data_gradient", k, of="weight") if header.decayed else weight
    plan.layer(data, "weight_gradient", [below(header, k), passed_on(header, k), total])
    if header.decayed:
        _plan_penalty(plan, Q("weight", k), data, weight)
    plan.layer(Q("gradient", k, of="bias"), "bias_gradient", [Q("delta", k), total])
    if header.normalized(k):
        parents = [Q("delta", k), Q("normalized", k), total]
        plan.layer(Q("gradient", k, of="scale"), "scale_gradient", parents)


def _plan_penalty(plan: Plan, parameter: Quantity, data: Quantity, whole: Quantity) -> None:
    """The gradient of a weight: the data's and the penalty's."""
    header, add = plan.header, plan.layer if parameter.unit is None else plan.unit
    penalty = replace(parameter, kind="penalty_gradient", of="weight")
    add(penalty, "penalty_gradient", [parameter, Q("weight_sum")], alpha=header.alpha, l2=header.l2)
    add(whole, "sum", [data, penalty])


def _plan_unit_gradients(plan: Plan, k: int, unit: int) -> None:
    header, fed, linear = plan.header, below(plan.header, k), passed_on(plan.header, k)
    rows = range(header.rows)
    for source in range(header.widths[k]):
        whole = Q("gradient", k, unit, source, of="weight")
        data = Q("data_gradient", k, unit, source, of="weight") if header.decayed else whole
        _plan_mean(plan, data, [(at(fed, source, row), at(linear, unit, row)) for row in rows])
        if header.decayed:
            _plan_penalty(plan, Q("weight", k, unit, source), data, whole)
    deltas = [Q("delta", k, unit, row=row) for row in rows]
    _plan_mean(plan, Q("gradient", k, unit, of="bias"), [(delta,) for delta in deltas])
    if header.normalized(k):
        z_hat = [Q("normalized", k, unit, row=row) for row in rows]
        _plan_mean(plan, Q("gradient", k, unit, of="scale"), list(zip(z_hat, deltas, strict=True)))


def _plan_mean(plan: Plan, gradient: Quantity, shares: list[tuple[Quantity, ...]]) -> None:
    """A gradient from the products of every data row."""
    operations = {1: "copy", 2: "multiply"}
    if plan.header.single:
        plan.unit(gradient, operations[len(shares[0])], shares[0])
        return
    each = []
    for row, share in enumerate(shares):
        own = Q("row_gradient", gradient.layer, gradient.unit, gradient.source, row, gradient.of)
        each.append(share[0] if len(share) == 1 else plan.unit(own, operations[2], share))
    plan.unit(gradient, "average_over_rows", [Q("weight_sum"), *each])
