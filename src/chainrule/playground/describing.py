"""What a session tells the page in plain data: where it stands, what the data are, what the network is."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines.regions import SLOPES
from chainrule.formulas.activations import ACTIVATIONS

if TYPE_CHECKING:
    from chainrule.playground.session import Session


def finite(value: Any) -> Any:
    """A number for JSON: None where it is not finite."""
    return None if value is None or not isfinite(value) else float(value)


def status(session: Session) -> dict[str, Any]:
    """Where the run stands."""
    run, data, network = session.run, session.data, session.built.network
    learner, (epochs, steps) = run.learner, run.speed
    stop = run.stopped
    return {
        "run": session.runs,
        "weights": session.version,
        "epoch": learner.epochs,
        "step": learner.updates,
        "batch": -(-learner.begun // learner.batch),
        "batches": learner.steps,
        "state": "ready" if stop is None else "diverged" if stop.kind == "diverged" else "stopped",
        "stopped": None if stop is None else stop.to_plain(),
        "can_back": run.can_back(),
        "engine": run.engine.name,
        "dtype": session.setup.run.dtype,
        "parameters": network.n_parameters,
        "rows": {"train": len(data.train), "test": len(data.test)},
        "widths": list(network.widths),
        "compat": session.setup.run.compat,
        "seconds": run.seconds,
        "epochs_per_second": epochs,
        "rows_per_second": epochs * len(data.train),
        "steps_per_second": steps,
        "frozen": session.frozen,
    }


def data(session: Session) -> dict[str, Any]:
    """What the data are."""
    found, asked = session.data, session.setup.data
    plane = session.plane
    built = session.built
    scaled = bool((built.spread != 1).any() or built.centre.any())
    return {
        "source": asked.source,
        "name": found.name or asked.name,
        "task": found.task,
        "inputs": list(found.inputs),
        "dimension": 1 if plane is None else 2 if found.dimension == 2 and found.encode is None else found.dimension,
        "rows": found.rows,
        "train": len(found.train),
        "test": len(found.test),
        "seed": asked.seed,
        "split": found.split,
        "scaling": "the inputs are standardised by the training rows" if scaled else found.scaling,
        "classes": list(found.classes),
        "counts": list(found.counts),
        "target": found.target,
        "target_centre": found.centre,
        "target_scale": found.scale,
        "digest": found.digest,
        "reason": found.reason,
        "bayes": bayes(session),
        "limits": list(found.box() if plane is None else plane.limits),
        "axes": list((found.inputs[0], found.target) if plane is None else plane.names),
        "slice": "" if plane is None else plane.told,
        "columns": [
            {
                "name": column.name,
                "kind": column.kind,
                "used": column.used,
                "reason": column.reason,
                "missing": column.missing,
                "low": finite(column.low),
                "high": finite(column.high),
                "median": finite(column.median),
                "levels": list(column.levels),
                "axis": column.axis,
            }
            for column in found.columns
        ],
        "picture": picture_side(session),
    }


def picture_side(session: Session) -> int | None:
    """Side of the square picture that the inputs are, where they may be one; None where they are not."""
    inputs = session.built.network.inputs
    side = round(inputs**0.5)
    own = session.data.encode is None and session.data.dimension > 2
    return side if own and side * side == inputs and side >= 4 else None


def bayes(session: Session) -> dict[str, Any]:
    """Whether the true distribution is known, and how good the best classifier is on these points."""
    found = session.data
    if found.truth is None:
        return {"known": False}
    if found.task == "regression":
        return {"known": True}
    best = found.truth(found.X) > 0.5
    return {"known": True, "accuracy": float(np.mean(best == (found.y == 1)))}


def network(session: Session) -> dict[str, Any]:
    """What the network is."""
    built = session.built.network
    layers = [
        {
            "units": int(layer.units),
            "activation": layer.function.name,
            "dropout": float(layer.dropout),
            "batch_norm": bool(layer.batch_norm),
            "latex": layer.function.latex,
        }
        for layer in built.layers
    ]
    return {
        "widths": list(built.widths),
        "inputs": list(session.built.names),
        "layers": layers,
        "output": built.layers[-1].function.name,
        "outputs": output_names(session),
        "loss": built.objective.name,
        "loss_latex": built.objective.latex,
        "parameters": built.n_parameters,
        "joints": all(
            layer.function is ACTIVATIONS.get(layer.function.name) and layer.function.name in SLOPES
            for layer in built.layers[:-1]
        ),
    }


def output_names(session: Session) -> list[str]:
    """What each output stands for."""
    data, outputs = session.data, session.built.network.outputs
    if data.task == "classification":
        return [data.classes[1]] if outputs == 1 else list(data.classes)
    levels = getattr(session.built.network.objective.origin, "levels", None)
    if outputs > 1 and isinstance(levels, tuple):
        return [f"{data.target}, quantile {level:g}" for level in levels]
    return [data.target]
