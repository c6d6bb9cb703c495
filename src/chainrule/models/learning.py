"""What a training leaves behind, in a model file: the state it goes on from, the history of its epochs, and evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.models.plain import checked_dict, checked_list, from_plain, to_plain
from chainrule.network import Network
from chainrule.training import Epoch, Patience, TrainingState
from chainrule.training.evidence import Facts, Look
from chainrule.training.recording import OUTCOMES, Recording

Arrays = dict[str, NDArray[Any]]
NUMBERS = ("t", "initial_rate", "rate", "samples", "epochs", "watched", "peak")
WHOLE = ("t", "samples", "epochs")
RATES = ("initial_rate", "rate")
MOST = 2**63 - 1
STATE_FIELDS = ("best_theta", "numbers", "patience", "slots")
COLUMNS = ("number", "loss", "learning_rate", "seconds", "validation_loss", "validation_score", "best")
OPTIONAL = ("validation_loss", "validation_score")
FACTS = tuple(field.name for field in fields(Facts) if field.name != "counts")
LOOKS = ("epoch", "loss", "rare_recall")
LAYERS = ("weights", "gradients", "spreads", "dead", "saturated")


def describe_state(state: TrainingState) -> tuple[dict[str, Any], Arrays]:
    """Document and arrays of a training's state. Permutation and random numbers are drawn afresh after a resume."""
    arrays = {f"solver.{slot}": vector for slot, vector in state.solver_state.items()}
    if state.best_theta is not None:
        arrays["best_theta"] = state.best_theta
    document: dict[str, Any] = {
        "numbers": {name: to_plain(getattr(state, name), name) for name in NUMBERS},
        "patience": [state.patience.count, to_plain(state.patience.best, "patience")],
        "slots": list(state.solver_state),
        "best_theta": state.best_theta is not None,
    }
    if state.dropout_seed is not None:
        document["dropout_seed"] = int(state.dropout_seed)
    if state.carried:
        document["carried"] = to_plain(state.carried, "carried")
    return document, arrays


def restore_state(document: Any, arrays: Arrays, theta: NDArray[Any]) -> TrainingState:
    """The state that `describe_state` described, every vector as long as theta and of its type."""
    data = checked_dict(document, "training state", STATE_FIELDS, ("dropout_seed", "carried"))
    plain = checked_dict(data["numbers"], "training state", NUMBERS)
    numbers = {name: from_plain(plain[name], name) for name in NUMBERS}
    watched = numbers.pop("watched")
    count, best = (from_plain(item, "patience") for item in checked_list(data["patience"], object, "patience"))
    kinds = {name: (int,) if name in WHOLE else (int, float) for name in numbers}
    if watched not in ("loss", "validation") or not all(type(numbers[name]) in kinds[name] for name in numbers):
        raise ValueError("training state: a number or a name is wrong.")
    seed, carried = data.get("dropout_seed"), data.get("carried", 0.0)
    if type(carried) not in (int, float) or not 0 <= carried < float("inf"):
        raise ValueError(f"training state: carried is {carried!r}; expected a number, at least 0.")
    if seed is not None and not _is_count(seed):
        raise ValueError(f"training state: dropout_seed is {seed!r}; expected a whole number from 0 to {MOST}.")
    # The engine counts in 64 bits.
    if type(best) not in (int, float) or not all(_is_count(item) for item in (count, *(numbers[n] for n in WHOLE))):
        raise ValueError(f"training state: counts must be whole numbers from 0 to {MOST}.")
    if any(numbers[name] < 0 or numbers[name] == float("inf") for name in RATES):
        raise ValueError("training state: a learning rate is negative or infinite.")
    slots = checked_list(data["slots"], str, "training state")
    vectors = {slot: vector(arrays, f"solver.{slot}", theta) for slot in slots}
    kept = vector(arrays, "best_theta", theta) if data["best_theta"] is True else None
    return TrainingState(
        vectors,
        watched=watched,
        patience=Patience(count, best),
        best_theta=kept,
        dropout_seed=seed,
        carried=float(carried),
        **numbers,
    )


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST


def vector(arrays: Arrays, name: str, theta: NDArray[Any]) -> NDArray[Any]:
    """The array of that name, if it is like theta."""
    found = arrays[name]
    if found.shape != theta.shape or found.dtype != theta.dtype:
        raise ValueError(f"{name} has shape {found.shape} and type {found.dtype}; theta {theta.shape}, {theta.dtype}.")
    return found


def describe_history(history: Sequence[Epoch]) -> tuple[dict[str, Any], Arrays]:
    """Notes and presence of optional numbers as document, the numbers as arrays."""
    table = [[np.nan if (v := getattr(epoch, name)) is None else float(v) for name in COLUMNS] for epoch in history]
    arrays = {
        "history.numbers": np.array(table, dtype=np.float64).reshape(len(history), len(COLUMNS)),
        "history.gradient_norms": np.array([epoch.gradient_norms for epoch in history], dtype=np.float64),
        "history.update_norms": np.array([epoch.update_norms for epoch in history], dtype=np.float64),
    }
    notes = {str(place): epoch.note for place, epoch in enumerate(history) if epoch.note}
    absent = {name: [at for at, epoch in enumerate(history) if getattr(epoch, name) is None] for name in OPTIONAL}
    return {"notes": notes, "absent": absent}, arrays


def restore_history(document: Any, arrays: Arrays, layers: int) -> list[Epoch]:
    """The epochs that `describe_history` described."""
    data = checked_dict(document, "history", ("absent", "notes"))
    notes = checked_dict(data["notes"], "history notes")
    absent = {
        name: set(checked_list(rows, int, "history"))
        for name, rows in checked_dict(data["absent"], "history", OPTIONAL).items()
    }
    table = arrays["history.numbers"]
    norms = [arrays[f"history.{name}"] for name in ("gradient_norms", "update_norms")]
    count = len(table)
    if table.shape != (count, len(COLUMNS)) or (count and any(norm.shape != (count, layers) for norm in norms)):
        raise ValueError(f"history: arrays of shapes {table.shape}, {norms[0].shape}, {norms[1].shape}.")
    epochs = []
    for place, row in enumerate(table.tolist()):
        values = dict(zip(COLUMNS, row, strict=True))
        values.update({name: None for name in OPTIONAL if place in absent[name]})
        values.update(number=int(values["number"]), best=bool(values["best"]))
        note = str(notes.get(str(place), ""))
        epochs.append(Epoch(gradient_norms=norms[0][place], update_norms=norms[1][place], note=note, **values))
    return epochs


def describe_evidence(recording: Recording) -> Arrays:
    """Arrays of numbers; no document, so that versions which know nothing of them read the file all the same."""
    found = recording.evidence
    layers = [[getattr(look, name) for name in LAYERS] for look in found.looks]
    return {
        "evidence.facts": np.array([getattr(found.facts, name) for name in FACTS], dtype=np.float64),
        "evidence.counts": np.array(found.facts.counts, dtype=np.float64),
        "evidence.looks": np.array([[getattr(look, name) for name in LOOKS] for look in found.looks], dtype=np.float64),
        "evidence.layers": np.array(layers, dtype=np.float64),
        "evidence.outcome": np.array([OUTCOMES.index(found.outcome)], dtype=np.int64),
    }


def restore_evidence(arrays: Arrays, network: Network) -> Recording | None:
    """The recording that `describe_evidence` described, None where the file has none."""
    names = ("facts", "counts", "looks", "layers", "outcome")
    if not all(f"evidence.{name}" in arrays for name in names):
        return None
    facts, counts, table, layers, outcome = (arrays[f"evidence.{name}"] for name in names)
    count, shape = len(table), (len(table), len(LAYERS), len(network.layers))
    right = facts.shape == (len(FACTS),) and counts.ndim == 1 and outcome.shape == (1,)
    if not right or (count and (table.shape != (count, len(LOOKS)) or layers.shape != shape)):
        raise ValueError(f"evidence: arrays of shapes {[arrays[f'evidence.{name}'].shape for name in names]}.")
    if not 0 <= outcome[0] < len(OUTCOMES):
        raise ValueError(f"evidence: outcome {outcome[0]}; expected 0 to {len(OUTCOMES) - 1}.")
    whole = {field.name for field in fields(Facts) if field.type == "int"}
    numbers = {n: _whole(v) if n in whole else v for n, v in zip(FACTS, facts.tolist(), strict=True)}
    looks = [Look(_whole(row[0]), row[1], row[2], *each) for row, each in zip(table.tolist(), layers, strict=True)]
    return Recording(network, list(looks), Facts(**numbers, counts=tuple(counts.tolist())), OUTCOMES[int(outcome[0])])


def _whole(value: float) -> int:
    if not (value.is_integer() and abs(value) < 2**53):
        raise ValueError(f"evidence: {value} is no count.")
    return int(value)
