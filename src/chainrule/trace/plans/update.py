"""Rows of a step, in the engine's order: clipping, decay, the solver's rule, L1, max-norm; then the running statistics.

All parameters change at once: every row goes back to the old parameters and their gradients. The same functions write the layer
rows and the unit rows, which differ only in their places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from chainrule.engines.normalization import MOMENTUM
from chainrule.trace.header import Header
from chainrule.trace.plans.plan import Plan, Q, about
from chainrule.trace.rows import Quantity


@dataclass(frozen=True)
class Spot:
    """One array of parameters, or one number of it.

    Parameters
    ----------
    plan : Plan
        Where rows are written.
    parameter : Quantity
        What changes.
    """

    plan: Plan
    parameter: Quantity

    def at(self, kind: str, name: str = "") -> Quantity:
        """A quantity of this parameter."""
        return about(self.parameter, kind, name)

    def add(self, quantity: Quantity, operation: str, parents: list[Quantity], **settings: Any) -> Quantity:
        """A row at this parameter's level."""
        write = self.plan.layer if self.parameter.unit is None else self.plan.unit
        return write(quantity, operation, parents, **settings)

    @property
    def layer(self) -> int:
        """The parameter's layer."""
        assert self.parameter.layer is not None
        return self.parameter.layer

    @property
    def rate(self) -> float:
        """The learning rate of its layer."""
        return float(self.plan.header.step["rate"]) * factor(self.plan.header, self.layer)

    @property
    def solver(self) -> dict[str, Any]:
        """The solver and its hyper-parameters."""
        found: dict[str, Any] = self.plan.header.solver or {}
        return found


def factor(header: Header, layer: int) -> float:
    """The layer's factor of the learning rate."""
    rates = header.step.get("layer_rates")
    return 1.0 if rates is None else float(rates[layer])


def _sgd(spot: Spot, gradient: Quantity) -> Quantity:
    settings, change = spot.solver, spot.at("change")
    momentum, dampening = settings["momentum"], settings["dampening"]
    if not slots(settings):
        return spot.add(change, "descent", [gradient], rate=spot.rate)
    own = {"momentum": momentum, "rate": spot.rate}
    parents = [spot.at("state", "velocity"), gradient]
    velocity = spot.add(spot.at("state_after", "velocity"), "sgd_velocity", parents, dampening=dampening, **own)
    if settings["nesterov"]:
        return spot.add(change, "nesterov", [velocity, gradient], **own)
    return spot.add(change, "copy", [velocity])


def _adagrad(spot: Spot, gradient: Quantity) -> Quantity:
    total = spot.add(spot.at("state_after", "sum"), "adagrad_sum", [spot.at("state", "sum"), gradient])
    return spot.add(spot.at("change"), "adagrad_change", [gradient, total], rate=spot.rate, eps=spot.solver["eps"])


def _adadelta(spot: Spot, gradient: Quantity) -> Quantity:
    keep, eps, before = spot.solver["rho"], spot.solver["eps"], spot.at("state", "d")
    v = spot.add(spot.at("state_after", "v"), "average_of_squares", [spot.at("state", "v"), gradient], keep=keep)
    direction = spot.add(spot.at("direction"), "adadelta_direction", [gradient, before, v], eps=eps)
    spot.add(spot.at("state_after", "d"), "average_of_squares", [before, direction], keep=keep)
    return spot.add(spot.at("change"), "descent", [direction], rate=spot.rate)


def _rmsprop(spot: Spot, gradient: Quantity) -> Quantity:
    settings = spot.solver
    parents = [spot.at("state", "v"), gradient]
    v = spot.add(spot.at("state_after", "v"), "average_of_squares", parents, keep=settings["decay_rate"])
    found = spot.add(spot.at("direction"), "rms_direction", [gradient, v], eps=settings["eps"])
    if settings["heavy_ball"]:
        parents = [spot.at("state", "velocity"), found]
        found = spot.add(spot.at("state_after", "velocity"), "accumulate", parents, keep=settings["heavy_ball"])
    return spot.add(spot.at("change"), "descent", [found], rate=spot.rate)


def _adam(spot: Spot, gradient: Quantity) -> Quantity:
    settings, t = spot.solver, spot.plan.header.step["t"]
    parents = [spot.at("state", "m"), gradient]
    m = spot.add(spot.at("state_after", "m"), "average", parents, keep=settings["beta_1"])
    parents = [spot.at("state", "v"), gradient]
    v = spot.add(spot.at("state_after", "v"), "average_of_squares", parents, keep=settings["beta_2"])
    layer = None if spot.plan.header.step.get("layer_rates") is None else spot.layer
    betas = {"beta_1": settings["beta_1"], "beta_2": settings["beta_2"]}
    rate = spot.plan.whole(Q("corrected_rate", layer), "adam_rate", rate=spot.rate, t=t, **betas)
    return spot.add(spot.at("change"), "adam_change", [rate, m, v], epsilon=settings["epsilon"])


def _lbfgs(spot: Spot, gradient: Quantity) -> Quantity:
    length = spot.plan.whole(Q("step_length"), "given")
    return spot.add(spot.at("change"), "scaled_descent", [gradient, length])


RULES: dict[str, Callable[[Spot, Quantity], Quantity]] = {
    "sgd": _sgd,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": _adam,
    "lbfgs": _lbfgs,
}
SPEED_SLOTS: dict[str, tuple[str, ...]] = {
    "sgd": (),
    "adagrad": ("sum",),
    "adadelta": ("v", "d"),
    "rmsprop": ("v",),
    "adam": ("v",),
    "adamw": ("v",),
}


def slots(solver: dict[str, Any]) -> tuple[str, ...]:
    """The solver's state vectors that take part in a step."""
    if "own" in solver:
        return tuple(solver["slots"])
    if solver["name"] == "sgd":
        return ("velocity",) if solver["momentum"] else ()
    if solver["name"] == "rmsprop":
        return ("v", "velocity") if solver["heavy_ball"] else ("v",)
    return {"adagrad": ("sum",), "adadelta": ("v", "d"), "adam": ("m", "v"), "adamw": ("m", "v")}.get(
        solver["name"], ()
    )


def plan_state(plan: Plan) -> None:
    """The solver's state before the step, an input."""
    header = plan.header
    assert header.solver is not None
    for kind, layer in header.parameters(trained=True):
        for slot in slots(header.solver) if factor(header, layer) else ():
            plan.layer(Q("state", layer, of=kind, name=slot), "given")


def plan_update(plan: Plan) -> None:
    """The whole step: arrays first, then the units that have rows of their own."""
    header = plan.header
    _plan_norm(plan)
    spots = [Spot(plan, Q(kind, layer)) for kind, layer in header.parameters(trained=True)]
    clipped = {spot.parameter: _plan_clipping(spot) for spot in spots}
    bases = {spot.parameter: _plan_decay(spot) for spot in spots}
    if header.solver is not None and "own" in header.solver:
        _plan_own_steps(plan, clipped, bases)
    for spot in spots:
        _plan_change(spot, clipped[spot.parameter], bases[spot.parameter])
    for spot in spots:
        _plan_limits(plan, [spot], Q("incoming_norm", spot.layer), "column_norms")
    for layer in range(header.depth):
        for unit in range(header.widths[layer + 1]):
            if header.shows(layer, unit):
                _plan_unit(plan, layer, unit)
        if header.normalized(layer) and layer not in header.frozen:
            _plan_following(plan, layer)


def _plan_norm(plan: Plan) -> None:
    header = plan.header
    if header.step.get("clip_norm") is not None:
        counted = [(kind, k) for kind, k in header.parameters(trained=True) if factor(header, k)]
        plan.whole(Q("gradient_norm"), "norm", [Q("gradient", k, of=kind) for kind, k in counted])


def _plan_clipping(spot: Spot) -> Quantity:
    step, found = spot.plan.header.step, spot.at("gradient")
    if not factor(spot.plan.header, spot.layer):
        return found
    if (limit := step.get("clip_norm")) is not None:
        found = spot.add(spot.at("norm_clipped"), "clip_norm", [found, Q("gradient_norm")], clip_norm=limit)
    if (limit := step.get("clip_value")) is not None:
        found = spot.add(spot.at("value_clipped"), "clip_value", [found], clip_value=limit)
    return found


def _plan_decay(spot: Spot) -> Quantity:
    """The parameter that the rule starts from: decoupled decay comes first, of weights only."""
    decay = spot.plan.header.step["weight_decay"] + spot.solver.get("weight_decay", spot.solver.get("decay", 0.0))
    if not decay or spot.parameter.kind != "weight" or not spot.rate:
        return spot.parameter
    return spot.add(spot.at("decayed"), "decay", [spot.parameter], rate=spot.rate, weight_decay=decay)


def _limited(spot: Spot) -> bool:
    return spot.parameter.kind == "weight" and spot.plan.header.step["max_norm"] is not None and spot.rate > 0


def _shrunk(spot: Spot) -> bool:
    return spot.parameter.kind == "weight" and bool(spot.plan.header.l1) and spot.rate > 0


def _plan_change(spot: Spot, gradient: Quantity, base: Quantity) -> None:
    """Up to the L1 step."""
    if not spot.rate:
        spot.add(spot.at("new"), "copy", [spot.parameter])
        return
    after = spot.at("stepped" if _shrunk(spot) or _limited(spot) else "new")
    if "own" in spot.solver:
        if spot.parameter.unit is not None:
            for quantity in (*(spot.at("state_after", slot) for slot in slots(spot.solver)), after):
                spot.plan.use(quantity)
    else:
        change = RULES[spot.solver["name"]](spot, gradient)
        spot.add(after, "sum", [base, change])
    if _shrunk(spot):
        parents = [after, _plan_speed(spot)]
        spot.add(spot.at("shrunk" if _limited(spot) else "new"), "soft_threshold", parents, l1=spot.plan.header.l1)


def _plan_speed(spot: Spot) -> Quantity:
    header, solver = spot.plan.header, spot.solver
    names = tuple(solver["slots"]) if "own" in solver else SPEED_SLOTS[solver["name"]]
    carried = header.step["carried"] * factor(header, spot.layer)
    settings = {"solver": solver, "t": header.step["t"], "rate": spot.rate, "carried": carried, "slots": list(names)}
    return spot.add(spot.at("speed"), "speed", [spot.at("state_after", name) for name in names], **settings)


def _plan_limits(plan: Plan, spots: list[Spot], norm: Quantity, operation: str) -> None:
    """Max-norm of the weights into one unit, or of a whole layer's units."""
    if not _limited(spots[0]):
        return
    before = [spot.at("shrunk" if _shrunk(spot) else "stepped") for spot in spots]
    spots[0].add(norm, operation, before)
    for spot, weight in zip(spots, before, strict=True):
        spot.add(spot.at("new"), "limit_norm", [weight, norm], max_norm=plan.header.step["max_norm"])


def _plan_own_steps(plan: Plan, clipped: dict[Quantity, Quantity], bases: dict[Quantity, Quantity]) -> None:
    """A user's own solver sees all parameters with one learning rate together."""
    header = plan.header
    assert header.solver is not None
    for speed in sorted({factor(header, layer) for _, layer in header.parameters(trained=True)} - {0.0}):
        spots = [Spot(plan, one) for one in bases if factor(header, one.layer or 0) == speed]
        parents = [bases[spot.parameter] for spot in spots] + [clipped[spot.parameter] for spot in spots]
        parents += [spot.at("state", slot) for slot in slots(header.solver) for spot in spots]
        settings: dict[str, Any] = {"solver": header.solver, "t": header.step["t"], "rate": spots[0].rate}
        settings["slots"] = list(slots(header.solver))
        for part, spot in enumerate(spots):
            for slot in slots(header.solver):
                plan.layer(spot.at("state_after", slot), "own_step", parents, part=part, slot=slot, **settings)
            after = spot.at("stepped" if _shrunk(spot) or _limited(spot) else "new")
            plan.layer(after, "own_step", parents, part=part, slot="", **settings)


def _plan_unit(plan: Plan, layer: int, unit: int) -> None:
    header = plan.header
    weights = [Spot(plan, Q("weight", layer, unit, source)) for source in range(header.widths[layer])]
    kinds = ["bias", "scale"] if header.normalized(layer) else ["bias"]
    for spot in [*weights, *(Spot(plan, Q(kind, layer, unit)) for kind in kinds)]:
        _plan_change(spot, _plan_clipping(spot), _plan_decay(spot))
    _plan_limits(plan, weights, Q("incoming_norm", layer, unit), "norm")


def _plan_following(plan: Plan, layer: int) -> None:
    """The running statistics follow the batch's."""
    mean, variance = Q("running_mean", layer), Q("running_variance", layer)
    units: list[int | None] = [unit for unit in range(plan.header.widths[layer + 1]) if plan.header.shows(layer, unit)]
    for unit in [None, *units]:
        spot = Spot(plan, replace(mean, unit=unit))
        spot.add(spot.at("new"), "follow", [spot.parameter, Q("batch_mean", layer, unit)], momentum=MOMENTUM)
        spot = Spot(plan, replace(variance, unit=unit))
        parents = [spot.parameter, Q("batch_variance", layer, unit), Q("weight_sum")]
        spot.add(spot.at("new"), "follow_unbiased", parents, momentum=MOMENTUM)
