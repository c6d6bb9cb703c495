"""Every control of the page as plain data, from the setup's own fields and the library's tables: what is new there is here."""

from __future__ import annotations

import inspect
from dataclasses import fields
from math import isfinite
from typing import Any

from chainrule.datasets.rival import SHAPES
from chainrule.datasets.toys import TOYS
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.initializers import INITIALIZERS
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.formulas.solvers import SOLVERS
from chainrule.playground.settings.controls import Control
from chainrule.playground.settings.families import FAMILIES, Knob, knobs
from chainrule.playground.settings.features import FEATURES
from chainrule.playground.settings.limits import LIMITS
from chainrule.playground.settings.setup import TASKS, LayerSetup, Setup, every_field
from chainrule.playground.training.building import is_fit_for


def options() -> dict[str, Any]:
    """The controls, and what each menu offers; the same for every setup."""
    return {
        "controls": [_control(path, control) for path, control, _ in every_field(Setup())],
        "layer": [_control(f"layer.{one.name}", one.metadata["control"]) for one in fields(LayerSetup)],
        "solvers": [
            {
                "name": name,
                "stochastic": SOLVERS[name].stochastic,
                "about": _about(family),
                "fields": _knobs("solver", name),
            }
            for name, family in FAMILIES["solver"].items()
            if family is not None
        ],
        "schedules": [
            {"name": name, "about": _about(family), "fields": _knobs("schedule", name)}
            for name, family in FAMILIES["schedule"].items()
        ],
        "initializers": [
            {"name": name, "about": _about(entry), "fields": _knobs("initializer", name)}
            for name, entry in INITIALIZERS.items()
        ],
        "losses": [_loss(name, loss) for name, loss in LOSSES.items()],
        "toys": [
            {"name": toy.name, "task": toy.task, "inputs": toy.inputs, "about": toy.about} for toy in TOYS.values()
        ],
        "rival_toys": [
            {"name": name, "task": TASKS[name.startswith("reg-")], "n": shape.n} for name, shape in SHAPES.items()
        ],
        "features": [{"name": one.name, "inputs": one.inputs} for one in FEATURES.values()],
        "limits": LIMITS.to_plain(),
        "defaults": Setup().to_plain(),
    }


def _control(path: str, control: Control) -> dict[str, Any]:
    name = path.rpartition(".")[2]
    default = Setup().to_plain() if control.kind == "branch" else _plain_default(path, control)
    return {
        "field": path,
        "kind": control.kind,
        "default": default,
        "low": _end(control.low),
        "high": _end(control.high),
        "scale": control.scale,
        "choices": list(control.choices),
        "suggested": list(control.suggested),
        "optional": control.optional,
        "effect": control.effect,
        "family": control.family,
        "label": control.label or name.replace("_", " "),
        "glossary": name,
    }


def _plain_default(path: str, control: Control) -> Any:
    at: Any = Setup().to_plain()
    for name in path.split("."):
        if not isinstance(at, dict) or name not in at:
            return control.default
        at = at[name]
    return at


def _end(value: float) -> float | None:
    return value if isfinite(value) else None


def _knobs(what: str, name: str) -> list[dict[str, Any]]:
    return [_knob(name, knob) for knob in knobs(FAMILIES[what][name])]


def _knob(owner: str, knob: Knob) -> dict[str, Any]:
    default = list(knob.default) if isinstance(knob.default, tuple) else knob.default
    return {
        "field": knob.name,
        "kind": knob.kind,
        "default": default,
        "low": _end(knob.low),
        "high": _end(knob.high),
        "optional": knob.optional,
        "label": knob.name.replace("_", " "),
        "glossary": f"{owner}.{knob.name}",
    }


def _about(thing: Any) -> str:
    """The first sentence of its documentation."""
    written = inspect.getdoc(thing) or ""
    return " ".join(written.split("\n\n")[0].split())


def _loss(name: str, loss: Loss) -> dict[str, Any]:
    outputs = []
    for entry in ACTIVATIONS.values():
        try:
            loss.check_output(entry)
        except ValueError:
            continue
        if not entry.untrainable or loss.fused(entry) is not None:
            outputs.append(entry.name)
    return {
        "name": name,
        "task": [task for task in TASKS if is_fit_for(name, task)],
        "outputs": outputs,
        "fields": _knobs("loss", name),
    }
