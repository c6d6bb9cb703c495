"""Runs cells at one thread setting: every peer, interleaved round by round, in this process. Started by compare.py.

A round puts the initial weights back and trains a fixed number of epochs, long enough to be timed. Before and after
each round a short burst of fused multiply-adds checks that the machine is as fast as before; a round during which that
control moved by more than 3 % is repeated (at most once) and marked in the samples.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
import peers
import problem
import threads
from cells import Cell, select

SAMPLES = ("threads", "dtype", "cell", "peer", "round", "epochs", "steps", "seconds", "cpu_seconds", "control", "quiet")
LOSSES = ("threads", "dtype", "cell", "peer", "epoch", "loss")
GATE_EPOCHS = 3
CONTROL_TOLERANCE = 0.03


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    threads: int
    dtype: str
    rounds: int
    round_seconds: float
    out: Path


class Table:
    """A CSV file that is appended to row by row, so that an interrupted run keeps what it has."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self.path, self.columns = path, columns
        if not path.exists():
            self.write(columns)

    def write(self, values: tuple[Any, ...]) -> None:
        """Append one row."""
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerow(values)


def control(plan: Plan) -> float:
    """The fused multiply-add rate of this moment, the machine at rest."""
    threads.settle()
    return machine.fma_gflops(plan.threads, plan.dtype, seconds=0.002, repeats=2)


def timed(run: Any, epochs: int) -> tuple[float, float, list[float]]:
    """Wall seconds, processor seconds and losses of `epochs` epochs from the initial weights."""
    run.reset()
    cpu, wall = time.process_time(), time.perf_counter()
    losses = run.run_epochs(epochs)
    return time.perf_counter() - wall, time.process_time() - cpu, losses


def ready(cell: Cell, names: list[str], plan: Plan, losses: Table) -> dict[str, tuple[Any, int]]:
    """Prepared runs with their epochs per round; warmed up, their first losses written down."""
    data, runs = problem.make(cell, plan.dtype), {}
    for name in list(names):
        try:
            peer = peers.load(name)
            if not peer.covers(cell):
                continue
            run = peer.prepare(data, plan.threads)
            _, _, seen = timed(run, GATE_EPOCHS)
            seconds, _, _ = timed(run, 1)
        except ImportError as error:
            print(f"  {name}: left out: {error}", flush=True)
            names.remove(name)
            continue
        except Exception:
            print(f"  {name}: failed on {cell.name}:\n{traceback.format_exc(limit=3)}", flush=True)
            continue
        for epoch, loss in enumerate(seen, start=1):
            losses.write((plan.threads, plan.dtype, cell.name, name, epoch, repr(loss)))
        runs[name] = run, max(1, round(plan.round_seconds / seconds + 0.5))
    return runs


def measure(cell: Cell, names: list[str], plan: Plan, samples: Table, losses: Table) -> None:
    """All rounds of one cell."""
    runs = ready(cell, names, plan, losses)
    before = control(plan)
    for turn in range(plan.rounds):
        for name, (run, epochs) in runs.items():
            for _attempt in range(2):
                seconds, cpu, _ = timed(run, epochs)
                after = control(plan)
                quiet = abs(after / before - 1) <= CONTROL_TOLERANCE
                before = after
                steps = epochs * cell.steps
                row = (turn, epochs, steps, f"{seconds:.6f}", f"{cpu:.6f}", f"{after:.2f}", int(quiet))
                samples.write((plan.threads, plan.dtype, cell.name, name, *row))
                if quiet:
                    break


def finished(path: Path, plan: Plan) -> set[str]:
    """Cells of which every peer that began has a last round at this setting."""
    latest: dict[tuple[str, str], int] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if (row["threads"], row["dtype"]) == (str(plan.threads), plan.dtype):
                latest[row["cell"], row["peer"]] = int(row["round"])
    begun = {cell for cell, _ in latest}
    return begun - {cell for (cell, _), last in latest.items() if last < plan.rounds - 1}


def main() -> None:
    """Cells in order until the budget is used up; prints what it ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("settings", help="the settings as JSON, written by compare.py")
    settings = json.loads(parser.parse_args().settings)
    out = Path(settings["out"])
    plan = Plan(**{key: settings[key] for key in ("threads", "dtype", "rounds", "round_seconds")}, out=out)
    samples, losses = Table(plan.out / "samples.csv", SAMPLES), Table(plan.out / "losses.csv", LOSSES)
    done, start, longest = finished(samples.path, plan), time.perf_counter(), 0.0
    cells = [cell for cell in select(settings["cells"]) if cell.name not in done]
    for count, cell in enumerate(cells):
        begun = time.perf_counter()
        if settings["budget"] and begun - start + 0.5 * longest > settings["budget"]:
            print(f"{plan.threads} thread(s): budget used up after {count} of {len(cells)} cells", flush=True)
            return
        measure(cell, settings["peers"], plan, samples, losses)
        longest = max(longest, time.perf_counter() - begun)
        print(f"{plan.threads} thread(s) {count + 1}/{len(cells)} {cell.name}", flush=True)


if __name__ == "__main__":
    main()
