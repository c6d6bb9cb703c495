"""What each activation, solver, loss, penalty, dropout and batch normalisation costs beside relu + sgd, and in other libraries.

One network, one batch, everything else equal; one entry of the tables changed at a time (`entries/`). All libraries start
from the same weights and see the same batches. After the first and the third epoch their parameters are judged by one
function: a library counts if its loss on all training rows has fallen as far as PyTorch's. Rounds are interleaved.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np

import entries
import threads
from entries.task import STEPS, Task, tasks
from store import save, spread, verdict
from summary import geometric_mean

BASE = "relu + sgd"
GATE_EPOCHS = (1, 3)
# How far, as a share of the loss's fall, a library may be from PyTorch; masks drawn by another generator are other masks.
TOLERANCE, MASKED_TOLERANCE = 0.02, 0.2


def loss_of(task: Task, weights: list[np.ndarray], biases: list[np.ndarray], scales: list[np.ndarray]) -> float:
    """Mean loss on all training rows (as one batch where it is normalised), without penalties or dropout."""
    from entries.ours import network

    judge = network(task)
    running = np.repeat([0.0, 1.0], judge.n_normalized)
    theta = judge.pack(weights, biases, np.concatenate([*scales, running]))
    return judge.loss_and_gradient(theta.astype(np.float64), *task.data, engine="reference")[0]


def learned(task: Task, run: Any) -> list[float]:
    """The loss before, and after each of GATE_EPOCHS."""
    run.reset()
    found = [loss_of(task, *task.start, [np.ones(units) for units in (256, 256)] if task.batch_norm else [])]
    for epoch in range(1, GATE_EPOCHS[-1] + 1):
        run.epoch()
        if epoch in GATE_EPOCHS:
            found.append(loss_of(task, *run.parameters()))
    return found


def agrees(task: Task, found: list[float], expected: list[float]) -> bool:
    """Whether a library's losses are PyTorch's."""
    share = MASKED_TOLERANCE if task.dropout else TOLERANCE
    pairs = list(zip(found, expected, strict=True))
    return all(abs(loss - wanted) <= share * abs(expected[0] - wanted) for loss, wanted in pairs[1:])


def ready(task: Task, names: list[str], count: int) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Every library's run, warmed up, but those whose losses disagree; and the losses."""
    runs, losses = {}, {}
    for name in list(names):
        try:
            run = entries.load(name).prepare(task, count)
            losses[name] = learned(task, run)
        except ImportError as error:
            print(f"{name}: left out: {error}")
            names.remove(name)
            continue
        except Exception as error:
            print(f"{task.name}: {name} FAILED: {type(error).__name__}: {str(error).splitlines()[0]}")
            continue
        if agrees(task, losses[name], losses[entries.GATE]):
            runs[name] = run
        else:
            print(f"{task.name}: {name} FAILED: losses {losses[name]}, {entries.GATE} {losses[entries.GATE]}")
    return runs, losses


def race(runs: dict[str, Any], rounds: int) -> dict[str, list[float]]:
    """Microseconds per step of every run, interleaved."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            threads.settle()
            start = time.perf_counter()
            run.epoch()
            if turn:  # the first round warms up
                times[name].append((time.perf_counter() - start) / STEPS * 1e6)
    return times


def measure(count: int, rounds: int, words: list[str], names: list[str]) -> Iterator[dict[str, Any]]:
    """Times of every task, and the losses that were compared.

    relu + sgd of ours takes part in each task, as what the others are compared with.
    """
    from entries import ours

    base = ours.prepare(Task(BASE), count)
    base.reset()
    for task in tasks():
        if not words or any(word in task.name for word in words):
            runs, losses = ready(task, names, count)
            yield {"task": task.name, "times": race({BASE: base, **runs}, rounds), "losses": losses}
            print(f"{count} thread(s) {task.name}", file=sys.stderr, flush=True)


def paired(slow: list[float], fast: list[float]) -> float:
    """Median of the ratios, round by round."""
    return median(theirs / ours for theirs, ours in zip(slow, fast, strict=True))


def line(times: dict[str, list[float]]) -> dict[str, float]:
    """What is said about one task."""
    ours = times[entries.OURS]
    others = {name: paired(values, ours) for name, values in times.items() if name not in (BASE, entries.OURS)}
    found = {"us": spread(ours)["median"], "x relu + sgd": paired(ours, times[BASE])}
    found |= {f"x {name}": value for name, value in others.items()}
    return found | {"x fastest": min(others.values())} if others else found


def show(results: dict[str, dict[str, dict[str, list[float]]]]) -> tuple[list[dict], dict]:
    """Print the table; what was promised, and every line of it."""
    table: dict[str, dict[str, dict[str, float]]] = {}
    for count, cells in results.items():
        for name, times in cells.items():
            if entries.OURS not in times:
                continue
            found = table.setdefault(f"{count} thread(s)", {})[name] = line(times)
            print(f"{count} thread(s)  {name:34}", "  ".join(f"{key} {value:.3g}" for key, value in found.items()))
    lines = [found for rows in table.values() for found in rows.values()]
    promised = []
    for key, who in (("x torch", "PyTorch"), ("x fastest", "fastest peer")):
        ratios = [found[key] for found in lines if key in found]
        middle, worst = geometric_mean(ratios), min(ratios, default=float("nan"))
        promised.append(
            verdict(f"every entry of the tables: {who} / ours, geometric mean", ">= 2", middle, middle >= 2)
        )
        promised.append(verdict(f"every entry of the tables: {who} / ours, worst", ">= 1", worst, worst >= 1))
    return promised, table


def report(results: dict[str, dict[str, Any]]) -> None:
    """Print and save."""
    targets, table = show({n: {name: one["times"] for name, one in rows.items()} for n, rows in results.items()})
    losses = {f"{n} thread(s)": {name: one["losses"] for name, one in rows.items()} for n, rows in results.items()}
    samples = {f"{n} threads, {name}": one["times"] for n, rows in results.items() for name, one in rows.items()}
    save("costs", {"targets": targets, "table": table, "losses": losses}, samples)


def main() -> None:
    """One child per thread setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--child", type=int)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--entries", nargs="+", default=[], help="only those whose name holds one of these words")
    parser.add_argument("--peers", nargs="+", default=list(entries.MODULES), choices=list(entries.MODULES))
    chosen = parser.parse_args()
    if chosen.child:
        for found in measure(chosen.child, chosen.rounds, chosen.entries, chosen.peers):
            print(json.dumps(found), flush=True)
        return
    options = ["--rounds", str(chosen.rounds), "--peers", *chosen.peers]
    options += ["--entries", *chosen.entries] if chosen.entries else []
    results: dict[str, dict[str, Any]] = {}
    for count in map(str, chosen.threads):
        for found in threads.stream("costs.py", ["--child", count, *options], int(count)):
            results.setdefault(count, {})[found["task"]] = found
    report(results)


if __name__ == "__main__":
    main()
