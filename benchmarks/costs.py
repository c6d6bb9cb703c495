"""What each activation, solver, penalty, dropout and batch normalisation cost beside relu + sgd, and beside PyTorch eager.

One network, one batch, everything else equal; one entry of the tables changed at a time. Rounds are interleaved, medians
reported; the peer does the same step with its own functions, optimizer and modules.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

import threads
from store import save, spread, verdict
from summary import geometric_mean

WIDTHS, BATCH, STEPS = (100, 256, 256, 10), 200, 40
RATE = 1e-3
TORCH_ACTIVATIONS = {
    "identity": "Identity", "logistic": "Sigmoid", "tanh": "Tanh", "relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU",
    "selu": "SELU", "gelu": "GELU", "softplus": "Softplus", "silu": "SiLU", "mish": "Mish",
}  # fmt: skip
TORCH_SOLVERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {"momentum": 0.9, "nesterov": True, "fused": True}),
    "adam": ("Adam", {"fused": True}),
    "adamw": ("AdamW", {"fused": True}),
    "adagrad": ("Adagrad", {"fused": True}),
    "adadelta": ("Adadelta", {"foreach": True}),
    "rmsprop": ("RMSprop", {"foreach": True}),
}


@dataclass(frozen=True)
class Variant:
    """A step: what differs from relu + sgd."""

    name: str
    activation: str = "relu"
    solver: str = "sgd"
    dropout: float = 0.0
    batch_norm: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


def variants() -> list[Variant]:
    """The tables, one entry at a time, then what surrounds a step."""
    from chainrule.formulas.activations import ACTIVATIONS
    from chainrule.formulas.solvers import SOLVERS

    hidden = [name for name, entry in ACTIVATIONS.items() if entry.hidden and not entry.untrainable and name != "relu"]
    solvers = [name for name, entry in SOLVERS.items() if entry.stochastic and name != "sgd"]
    return [
        Variant("relu + sgd"),
        *(Variant(name, activation=name) for name in hidden),
        *(Variant(name, solver=name) for name in solvers),
        Variant("dropout 0.5", dropout=0.5),
        Variant("batch_norm", batch_norm=True),
        Variant("dropout 0.5 and batch_norm, adam", solver="adam", dropout=0.5, batch_norm=True),
        Variant("l2", settings={"l2": 1e-4}),
        Variant("l1", settings={"l1": 1e-5}),
        Variant("weight_decay", settings={"weight_decay": 1e-2}),
        Variant("max_norm", settings={"max_norm": 3.0}),
        Variant("clip_norm", settings={"clip_norm": 1.0}),
        Variant("clip_value", settings={"clip_value": 0.1}),
    ]


def data() -> tuple[np.ndarray, np.ndarray]:
    """Rows and classes."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((BATCH * STEPS, WIDTHS[0]), dtype=np.float32)
    return X, rng.integers(WIDTHS[-1], size=len(X))


def ours(variant: Variant, count: int) -> Callable[[], object]:
    """An epoch of the native engine."""
    from chainrule.engines import ENGINES, StepSettings, TrainingData
    from chainrule.formulas.solvers import get_solver
    from chainrule.network import Dense, Network

    X, y = data()
    hidden = [Dense(units, variant.activation, variant.dropout, variant.batch_norm) for units in WIDTHS[1:-1]]
    network = Network(WIDTHS[0], (*hidden, Dense(WIDTHS[-1], "softmax")), "log_loss")
    rows = TrainingData(X, np.eye(WIDTHS[-1], dtype=np.float32)[y])
    theta = network.init(0, dtype=np.float32)
    step = StepSettings(**variant.settings)
    session = ENGINES["native"].session(network, theta, rows, get_solver(variant.solver), step, count)
    order, rates = np.random.default_rng(1).permutation(len(X)).astype(np.int64), np.full(STEPS, RATE)
    return lambda: session.epoch(order, rates, BATCH)


def torch_epoch(variant: Variant, count: int) -> Callable[[], object] | None:
    """An epoch of PyTorch eager; None where it has no such step of its own."""
    if set(variant.settings) & {"l1", "max_norm"}:
        return None
    import torch
    from torch import nn

    torch.set_num_threads(count)
    X, y = (torch.from_numpy(part) for part in data())
    modules: list[nn.Module] = []
    for inputs, units in pairwise(WIDTHS[:-1]):
        modules.append(nn.Linear(inputs, units, bias=not variant.batch_norm))
        modules += [nn.BatchNorm1d(units)] * variant.batch_norm
        modules.append(getattr(nn, TORCH_ACTIVATIONS[variant.activation])())
        modules += [nn.Dropout(variant.dropout)] if variant.dropout else []
    model = nn.Sequential(*modules, nn.Linear(*WIDTHS[-2:]))
    kind, options = TORCH_SOLVERS[variant.solver]
    decay = variant.settings.get("l2", 0.0)
    solver = getattr(torch.optim, kind)(model.parameters(), lr=RATE, weight_decay=decay, **options)
    order = torch.from_numpy(np.random.default_rng(1).permutation(len(X)))
    limit, most = variant.settings.get("clip_norm"), variant.settings.get("clip_value")

    def epoch() -> None:
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            loss = nn.functional.cross_entropy(model(X.index_select(0, batch)), y.index_select(0, batch))
            solver.zero_grad(set_to_none=True)
            loss.backward()
            if limit:
                nn.utils.clip_grad_norm_(model.parameters(), limit)
            if most:
                nn.utils.clip_grad_value_(model.parameters(), most)
            if "weight_decay" in variant.settings:
                with torch.no_grad():
                    torch._foreach_mul_(list(model.parameters()), 1 - RATE * variant.settings["weight_decay"])
            solver.step()

    return epoch


def measure(count: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Microseconds per step of every variant, all interleaved."""
    epochs: dict[str, dict[str, Callable[[], object]]] = {}
    for variant in variants():
        runs = {"chainrule": ours(variant, count), "torch": torch_epoch(variant, count)}
        epochs[variant.name] = {name: run for name, run in runs.items() if run is not None}
    times: dict[str, dict[str, list[float]]] = {name: {peer: [] for peer in runs} for name, runs in epochs.items()}
    for turn in range(rounds + 1):
        for name, runs in epochs.items():
            for peer, run in runs.items():
                threads.settle()
                start = time.perf_counter()
                run()
                if turn:  # the first round warms up
                    times[name][peer].append((time.perf_counter() - start) / STEPS * 1e6)
    return times


def show(results: dict[str, dict[str, dict[str, list[float]]]]) -> tuple[list[dict], dict]:
    """Print the table; what was promised, and every line of it."""
    ratios, table = [], {}
    for count, cells in results.items():
        base = spread(cells["relu + sgd"]["chainrule"])["median"]
        for name, peers in cells.items():
            middle = {peer: spread(values)["median"] for peer, values in peers.items()}
            mine = middle["chainrule"]
            line = {"us": mine, "x relu + sgd": mine / base}
            if "torch" in middle:
                line["x torch"] = middle["torch"] / mine
                ratios.append(line["x torch"])
            table.setdefault(f"{count} thread(s)", {})[name] = line
            print(f"{count} thread(s)  {name:34}", "  ".join(f"{key} {value:.3g}" for key, value in line.items()))
    mean, worst = geometric_mean(ratios), min(ratios)
    return [
        verdict("every activation, solver, penalty: PyTorch / ours, geometric mean", ">= 2", mean, mean >= 2),
        verdict("every activation, solver, penalty: PyTorch / ours, worst", ">= 1", worst, worst >= 1),
    ], table


def main() -> None:
    """One child per thread setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", type=int)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    chosen = parser.parse_args()
    if chosen.child:
        print(json.dumps(measure(chosen.child, chosen.rounds)))
        return
    results = threads.measured("costs.py", chosen.threads, chosen.rounds)
    targets, table = show(results)
    samples = {f"{n} threads, {name}": peers for n, cells in results.items() for name, peers in cells.items()}
    save("costs", {"targets": targets, **table}, samples)


if __name__ == "__main__":
    main()
