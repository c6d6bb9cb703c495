"""How long until the same training loss, and until the same score on test rows? The protocol's second table.

The target is what scikit-learn reaches after EPOCHS epochs, the median over the seeds. For every seed a first run of each
library, watched, finds the epoch that reaches the target; a second one up to that epoch is timed. A seed draws initial
weights and row orders, the data stay; libraries are interleaved. A library counts if its test score after EPOCHS epochs is
scikit-learn's within two standard deviations over the seeds.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from dataclasses import replace
from statistics import mean, median, stdev
from typing import Any

import numpy as np

import peers
import problem
import threads
from cells import Cell, Sized, select
from problem import Problem
from store import save, verdict
from summary import geometric_mean
from worker import timed

EPOCHS = 5
MOST = 2 * EPOCHS
CELLS = (
    "2-8-8-2 b10 adam relu",
    "20-64-64-2 b128 adam relu",
    "54-100-2 b128 adam relu",
    "64-16-1 b128 adam relu",
    "100-256-256-10 b128 adam relu",
    "784-512-512-10 b128 adam relu",
    "256-512-512-512-1 b128 adam relu",
)
# In place of drawn rows, the handwritten digits; scikit-learn's default batch.
DIGITS = tuple(
    Sized("784-100-100-10", 200, solver, "relu", "classification", "MNIST", 300) for solver in ("adam", "sgd")
)
GOALS = ("loss", "score")
ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "logistic": lambda z: 1 / (1 + np.exp(-z))}


def label(cell: Cell) -> str:
    """How the table calls it."""
    return f"{cell.group} {cell.name}" if cell in DIGITS else cell.name


def problems(patterns: list[str]) -> dict[str, Problem]:
    """The cells' problems; MNIST's only where its files are."""
    found = {label(cell): problem.make(cell) for cell in select(list(CELLS))}
    if os.environ.get("CHAINRULE_DATA"):
        import mnist_data

        X, labels, X_test, labels_test = mnist_data.load()
        Y, Y_test = (problem.one_hot(part, 10, "float32") for part in (labels, labels_test))
        for cell in DIGITS:
            drawn = problem.make(cell)
            found[label(cell)] = replace(drawn, X=X, Y=Y, labels=labels, X_test=X_test, Y_test=Y_test)
    else:
        print("MNIST left out: CHAINRULE_DATA is not set")
    return {name: one for name, one in found.items() if any(set(p.split()) <= set(name.split()) for p in patterns)}


def score(data: Problem, weights: list[np.ndarray], biases: list[np.ndarray]) -> float:
    """Accuracy, or R² for regression, on the test rows; one function for all libraries."""
    x, activate = data.X_test, ACTIVATIONS[data.cell.activation]
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        x = activate(x @ w + b)
    outputs = x @ weights[-1] + biases[-1]
    if data.cell.task == "classification":
        return float((outputs.argmax(axis=1) == data.Y_test.argmax(axis=1)).mean())
    return 1 - float(((outputs - data.Y_test) ** 2).mean() / data.Y_test.var())


def watched(run: Any, data: Problem) -> dict[str, list[float]]:
    """Loss and test score after every epoch of a run of MOST epochs."""
    scores: list[float] = []
    run.reset()
    losses = run.run_epochs(MOST, lambda: scores.append(score(data, *run.parameters())))
    return {"loss": losses, "score": scores}


def reached(goal: str, curve: list[float], target: float) -> int | None:
    """The first epoch (from 1) that is as good as the target; None if none is."""
    good = [value <= target if goal == "loss" else value >= target for value in curve]
    return good.index(True) + 1 if any(good) else None


class Contest:
    """One cell: every library prepared once, started anew for every seed."""

    def __init__(self, data: Problem, names: list[str], count: int) -> None:
        self.data, self.runs = data, {}
        for name in list(names):
            try:
                peer = peers.load(name)
                if peer.covers(data.cell):
                    self.runs[name] = peer.prepare(data, count)
            except ImportError as error:
                print(f"{name}: left out: {error}")
                names.remove(name)

    def begin(self, seed: int) -> None:
        """The initial weights and orders of that seed for everyone."""
        data = problem.restarted(self.data, seed)
        for run in self.runs.values():
            run.begin(data)

    def curves(self, seeds: int) -> dict[str, list[dict[str, list[float]]]]:
        """What every library's watched run saw, seed by seed."""
        found: dict[str, list[dict[str, list[float]]]] = {name: [] for name in self.runs}
        for seed in range(seeds):
            self.begin(seed)
            for name, run in self.runs.items():
                found[name].append(watched(run, self.data))
        return found

    def times(self, epochs: dict[str, list[int | None]]) -> dict[str, list[float | None]]:
        """Seconds of every library's run of that many epochs, seed by seed."""
        found: dict[str, list[float | None]] = {name: [] for name in self.runs}
        for seed in range(len(epochs[peers.GATE])):
            self.begin(seed)
            for name, run in self.runs.items():
                threads.settle()
                n = epochs[name][seed]
                found[name].append(None if n is None else timed(run, n)[0])
        return found


def contest(data: Problem, names: list[str], seeds: int, count: int) -> dict[str, Any]:
    """Everything about one cell."""
    held = Contest(data, names, count)
    curves = held.curves(seeds)
    final = {name: [curve["score"][EPOCHS - 1] for curve in found] for name, found in curves.items()}
    goals = {}
    for goal in GOALS:
        target = median(curve[goal][EPOCHS - 1] for curve in curves[peers.GATE])
        epochs = {name: [reached(goal, curve[goal], target) for curve in found] for name, found in curves.items()}
        goals[goal] = {"target": target, "epochs": epochs, "seconds": held.times(epochs)}
    return {"final": final, "goals": goals}


def same_score(final: dict[str, list[float]], name: str) -> bool:
    """Whether a library's mean test score is scikit-learn's within two standard deviations."""
    base = final[peers.GATE]
    return abs(mean(final[name]) - mean(base)) <= 2 * max(stdev(base), 1e-4)


def counted(one: dict[str, Any], wrong: list[str]) -> dict[str, list[float]]:
    """Seconds of the libraries that count, for the seeds at which scikit-learn gets there itself; never is infinitely late."""
    seeds = [place for place, seconds in enumerate(one["seconds"][peers.GATE]) if seconds is not None]
    return {
        name: [math.inf if times[place] is None else times[place] for place in seeds]
        for name, times in one["seconds"].items()
        if seeds and name not in wrong
    }


def gain_of(seconds: dict[str, list[float]]) -> float | None:
    """How many times sooner ours was there than the fastest other library: the median over the seeds."""
    others = {name: median(times) for name, times in seconds.items() if name != peers.OURS}
    if peers.OURS not in seconds or not others:
        return None
    best = min(others, key=lambda name: others[name])
    return median(theirs / ours for theirs, ours in zip(seconds[best], seconds[peers.OURS], strict=True))


def judge(cells: dict[str, Any], count: str) -> list[tuple[str, float]]:
    """Print one line per cell and goal; how many times sooner ours was there than the fastest other library."""
    gains = []
    for cell, found in cells.items():
        wrong = [name for name in found["final"] if not same_score(found["final"], name)]
        for goal, one in found["goals"].items():
            seconds = counted(one, wrong)
            gain = gain_of(seconds)
            middle = "  ".join(f"{name} {median(times):.3f}" for name, times in seconds.items())
            left = f"; {', '.join(wrong)} FAILED" if wrong else ""
            print(f"{count} thread(s)  {cell:38} {goal:5} {one['target']:.4f}  {middle} s{left}")
            gains += [(goal, gain)] if gain else []
    return gains


def promises(results: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Geometric mean and worst over all cells and thread settings; whether all scores agree."""
    gains = [gain for count, cells in results.items() for gain in judge(cells, count)]
    found = []
    for goal, words in (("loss", "time to the same training loss"), ("score", "time to the same test score")):
        values = [gain for which, gain in gains if which == goal]
        middle, worst = geometric_mean(values), min(values, default=float("nan"))
        found.append(verdict(f"{words}: fastest peer / ours, geometric mean", ">= 2", middle, middle >= 2))
        found.append(verdict(f"{words}: fastest peer / ours, worst", ">= 1", worst, worst >= 1))
    finals = [found["final"] for cells in results.values() for found in cells.values()]
    share = mean(same_score(final, name) for final in finals for name in final)
    found.append(verdict("test score within two standard deviations of scikit-learn's, share", "1", share, share == 1))
    return found


def main() -> None:
    """One child per thread setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--child", type=int)
    parser.add_argument("--cells", nargs="+", default=["relu"], help="words of a name; 'relu' is all of them")
    parser.add_argument("--peers", nargs="+", default=list(peers.DEFAULT), choices=list(peers.MODULES))
    parser.add_argument("--seeds", type=int, default=7)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    chosen = parser.parse_args()
    if chosen.child:
        for name, data in problems(chosen.cells).items():
            found = contest(data, chosen.peers, chosen.seeds, chosen.child)
            print(json.dumps({name: found}), flush=True)
            print(f"{chosen.child} thread(s) {name}", file=sys.stderr, flush=True)
        return
    options = ["--seeds", str(chosen.seeds), "--peers", *chosen.peers, "--cells", *chosen.cells]
    results: dict[str, dict[str, Any]] = {}
    for count in map(str, chosen.threads):
        for found in threads.stream("reach.py", ["--child", count, *options], int(count)):
            results.setdefault(count, {}).update(found)
    save("reach", {"targets": promises(results), "cells": results})


if __name__ == "__main__":
    main()
