"""Rows of the input and of the forward pass (lecture 002, 'All layers'): ``z = a W + b``, ``a = f(z)``."""

from __future__ import annotations

from chainrule.engines.normalization import EPSILON
from chainrule.trace.formulas import elementwise
from chainrule.trace.header import Group
from chainrule.trace.plans.plan import Plan, Q, at, below
from chainrule.trace.rows import Quantity


def plan_input(plan: Plan) -> None:
    """What is given: inputs, targets, weights of rows, parameters, dropout masks."""
    header = plan.header
    plan.layer(Q("input"), "given")
    if "loss" in header.stages:
        plan.layer(Q("target"), "given")
    if header.weighted:
        plan.layer(Q("sample_weight"), "given")
    for kind, layer in header.parameters():
        plan.layer(Q(kind, layer), "given")
    for layer_masked in header.masked:
        _plan_mask(plan, layer_masked)
    if header.level == "unit":
        _plan_elements(plan)


def _plan_mask(plan: Plan, layer: int | None) -> None:
    header = plan.header
    place = 0 if layer is None else layer + 1
    network = header.network
    rate = network.get("input_dropout", 0.0) if layer is None else network["layers"][layer].get("dropout", 0.0)
    drawn = {"seed": header.dropout_seed, "step": header.dropout_step, "place": place, "rate": rate}
    plan.layer(Q("mask", layer), "dropout_mask", rows=header.rows, units=header.widths[place], **drawn)


def _plan_elements(plan: Plan) -> None:
    """Every given number as a row of its own, where every unit has rows."""
    header = plan.header
    given: list[tuple[str, int | None, int]] = [("input", None, header.widths[0])]
    given += [("target", None, header.targets)] if "loss" in header.stages else []
    given += [("mask", layer, header.widths[0 if layer is None else layer + 1]) for layer in header.masked]
    for row in range(header.rows):
        for kind, layer, units in given:
            for unit in range(units):
                plan.use(Q(kind, layer, unit, row=row))
        if header.weighted:
            plan.use(Q("sample_weight", row=row))
    for kind, layer in header.parameters():
        sources: list[int | None] = [*range(header.widths[layer])] if kind == "weight" else [None]
        for unit in range(header.widths[layer + 1]):
            for source in sources:
                plan.use(Q(kind, layer, unit, source))


def plan_forward(plan: Plan) -> None:
    """Layer by layer: the matrix form, then the units that have rows of their own."""
    header = plan.header
    if None in header.masked:
        _plan_dropped_inputs(plan)
    for layer in range(header.depth):
        _plan_layer(plan, layer)
        for unit in range(header.widths[layer + 1]):
            if header.shows(layer, unit):
                _plan_unit(plan, layer, unit)
    for group in header.groups:
        if any(header.shows(header.depth - 1, unit) for unit in group.units):
            _plan_outputs(plan, group)


def _plan_dropped_inputs(plan: Plan) -> None:
    plan.layer(Q("dropped"), "multiply", [Q("input"), Q("mask")])
    if plan.header.level == "unit":
        for row in range(plan.header.rows):
            for unit in range(plan.header.widths[0]):
                _plan_dropped(plan, None, unit, row)


def _plan_layer(plan: Plan, k: int) -> None:
    header, fed, z = plan.header, below(plan.header, k), Q("pre_activation", k)
    if header.normalized(k):
        linear = plan.layer(Q("linear", k), "linear_layer", [fed, Q("weight", k)])
        mean, variance = Q("batch_mean", k), Q("batch_variance", k)
        if k in header.frozen:
            mean, variance = Q("running_mean", k), Q("running_variance", k)
        elif header.weighted:
            plan.layer(mean, "weighted_column_mean", [linear, Q("sample_weight")])
            plan.layer(variance, "weighted_column_variance", [linear, mean, Q("sample_weight")])
        else:
            plan.layer(mean, "column_mean", [linear])
            plan.layer(variance, "column_variance", [linear, mean])
        z_hat = plan.layer(Q("normalized", k), "normalize", [linear, mean, variance], epsilon=EPSILON)
        plan.layer(z, "scale_and_shift", [Q("scale", k), z_hat, Q("bias", k)])
    else:
        plan.layer(z, "affine_layer", [fed, Q("weight", k), Q("bias", k)])
    activation = header.network["layers"][k]["activation"]
    a = plan.layer(Q("activation", k), "activation", [z], activation=activation)
    if k in header.masked:
        plan.layer(Q("dropped", k), "multiply", [a, Q("mask", k)])


def _plan_unit(plan: Plan, k: int, unit: int) -> None:
    """Pre-activations of one unit for every data row; batch normalisation needs all rows first."""
    header, rows = plan.header, range(plan.header.rows)
    for row in rows:
        pairs = _weighed(plan, k, unit, row)
        if header.normalized(k):
            plan.unit(Q("linear", k, unit, row=row), "sum_of_products", pairs)
        else:
            plan.unit(Q("pre_activation", k, unit, row=row), "affine", [Q("bias", k, unit), *pairs])
    if header.normalized(k):
        mean, variance = _plan_statistics(plan, k, unit)
        for row in rows:
            linear = Q("linear", k, unit, row=row)
            z_hat = plan.unit(Q("normalized", k, unit, row=row), "normalize", [linear, mean, variance], epsilon=EPSILON)
            parents = [Q("scale", k, unit), z_hat, Q("bias", k, unit)]
            plan.unit(Q("pre_activation", k, unit, row=row), "scale_and_shift", parents)
    if k < header.depth - 1:
        for row in rows:
            activation, a = header.activation(k, unit), Q("activation", k, unit, row=row)
            if elementwise(activation):
                plan.unit(a, "activation", [Q("pre_activation", k, unit, row=row)], activation=activation)
            else:
                plan.use(a)
            if k in header.masked:
                _plan_dropped(plan, k, unit, row)


def _weighed(plan: Plan, k: int, unit: int, row: int) -> list[Quantity]:
    fed = below(plan.header, k)
    sources = range(plan.header.widths[k])
    return [one for source in sources for one in (Q("weight", k, unit, source), at(fed, source, row))]


def _plan_dropped(plan: Plan, layer: int | None, unit: int, row: int) -> None:
    a = Q("input" if layer is None else "activation", layer, unit, row=row)
    plan.unit(Q("dropped", layer, unit, row=row), "multiply", [a, Q("mask", layer, unit, row=row)])


def _plan_statistics(plan: Plan, k: int, unit: int) -> tuple[Quantity, Quantity]:
    header = plan.header
    if k in header.frozen:
        return Q("running_mean", k, unit), Q("running_variance", k, unit)
    linear = [Q("linear", k, unit, row=row) for row in range(header.rows)]
    mean, variance = Q("batch_mean", k, unit), Q("batch_variance", k, unit)
    if header.weighted:
        pairs = [one for row, value in enumerate(linear) for one in (value, Q("sample_weight", row=row))]
        plan.unit(mean, "weighted_mean", pairs)
        plan.unit(variance, "weighted_variance", [mean, *pairs])
    else:
        plan.unit(mean, "mean", linear)
        plan.unit(variance, "variance", [mean, *linear])
    return mean, variance


def _plan_outputs(plan: Plan, group: Group) -> None:
    """Activations of a group of outputs; exclusive classes share their exponentials' sum."""
    k = plan.header.depth - 1
    for row in range(plan.header.rows):
        scores = [Q("pre_activation", k, unit, row=row) for unit in group.units]
        if group.activation == "softmax":
            _plan_softmax(plan, group, row, scores)
        for place, (unit, z) in enumerate(zip(group.units, scores, strict=True)):
            a = Q("activation", k, unit, row=row)
            if group.activation == "softmax":
                parents = [Q("exponential", k, unit, row=row), Q("exponential_sum", k, row=row, name=str(group.number))]
                plan.unit(a, "quotient", parents)
            elif group.activation == "ordered":
                plan.unit(a, "ordered", scores[: place + 1])
            elif group.elementwise:
                plan.unit(a, "activation", [z], activation=group.activation)
            else:
                plan.unit(a, "activation_of_group", scores, activation=group.activation, unit=place)


def _plan_softmax(plan: Plan, group: Group, row: int, scores: list[Quantity]) -> None:
    k, name = plan.header.depth - 1, str(group.number)
    shift = plan.unit(Q("shift", k, row=row, name=name), "largest", scores)
    exponentials = [
        plan.unit(Q("exponential", k, unit, row=row), "exponential", [z, shift])
        for unit, z in zip(group.units, scores, strict=True)
    ]
    plan.unit(Q("exponential_sum", k, row=row, name=name), "sum", exponentials)
