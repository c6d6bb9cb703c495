"""Engines: how a network is computed. `choose` picks one by name."""

from __future__ import annotations

from typing import Any

from chainrule.engines.arrays import (
    MOST_THREADS,
    checked_inputs,
    checked_rows,
    checked_theta,
    checked_threads,
    prepared,
    refuse_damaged,
    refuse_non_finite,
)
from chainrule.engines.base import Brake, Engine, EpochResult, GroupResult, Session, StepSettings, TrainingData
from chainrule.engines.native import NativeEngine
from chainrule.engines.reference import ReferenceEngine
from chainrule.engines.tape import Tape
from chainrule.formulas.solvers import Solver
from chainrule.network import Network

ENGINES: dict[str, Engine] = {"native": NativeEngine(), "reference": ReferenceEngine()}


def choose(name: str, network: Network, dtype: Any, solver: Solver | None = None) -> Engine:
    """The engine called `name`; for "auto" the first of the table that can do it.

    Raises
    ------
    ValueError
        If the name is unknown or the engine cannot do it; the message says why.
    """
    if name == "auto":
        return next(engine for engine in ENGINES.values() if engine.refusal(network, dtype, solver) is None)
    if name not in ENGINES:
        raise ValueError(f"engine must be 'auto' or one of {sorted(ENGINES)}, got {name!r}.")
    reason = ENGINES[name].refusal(network, dtype, solver)
    if reason is not None:
        raise ValueError(f"engine {name!r} cannot compute this network: {reason}")
    return ENGINES[name]


__all__ = [
    "ENGINES",
    "MOST_THREADS",
    "Brake",
    "Engine",
    "EpochResult",
    "GroupResult",
    "NativeEngine",
    "ReferenceEngine",
    "Session",
    "StepSettings",
    "Tape",
    "TrainingData",
    "checked_inputs",
    "checked_rows",
    "checked_theta",
    "checked_threads",
    "choose",
    "prepared",
    "refuse_damaged",
    "refuse_non_finite",
]
