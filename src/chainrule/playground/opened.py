"""A fitted estimator as the beginning of a playground: its network, its training's hyper-parameters, its weights."""

from __future__ import annotations

from typing import Any

from chainrule.estimators.parameters import schedule_of, solver_of, weight_decay_of
from chainrule.playground.families import formula_to_plain
from chainrule.playground.setup import Setup

SAME = ("alpha", "l2", "l1", "max_norm", "clip_norm", "clip_value", "shuffle")


def opened_setup(setup: Setup, model: Any) -> Setup:
    """The setup with network and training of a fitted estimator."""
    network, last = model.network_, model.network_.layers[-1]
    described = network.to_dict()
    batch = model.batch_size if isinstance(model.batch_size, int) else 200
    plain = {
        "data": {"task": "classification" if hasattr(model, "classes_") else "regression", "scale": False},
        "network": {
            "layers": [
                {
                    "units": int(one.units),
                    "activation": one.function.name,
                    "dropout": one.dropout,
                    "batch_norm": bool(one.batch_norm),
                }
                for one in network.layers[:-1]
            ],
            "input_dropout": float(network.input_dropout),
            "output": last.function.name,
            "loss": described["loss"],
        },
        "training": {
            "solver": formula_to_plain(solver_of(model)),
            "schedule": formula_to_plain(schedule_of(model)),
            "learning_rate": float(model.learning_rate_init),
            "batch_size": int(batch),
            "weight_decay": float(weight_decay_of(model)),
            **{name: getattr(model, name) for name in SAME},
        },
    }
    return setup.changed(plain)[0]
