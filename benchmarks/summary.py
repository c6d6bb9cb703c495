"""From raw samples to answers: how much faster, and how far from what the machine can do?"""

from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from cells import Cell, all_cells
from machine import LEVELS
from peers import GATE, OURS

# Relative tolerance of the first epoch's loss, and of later ones.
TOLERANCE = {"float32": (1e-3, 1e-2), "float64": (1e-6, 1e-6)}


@dataclass(frozen=True)
class Row:
    """One peer in one cell at one thread setting. Times are microseconds per step."""

    cell: Cell
    threads: int
    peer: str
    times: dict[int, float]
    cpu_per_wall: float
    losses: list[float]
    gate: str

    @property
    def passed(self) -> bool:
        """Whether the losses agree with scikit-learn's."""
        return self.gate == "ok"

    @property
    def middle(self) -> float:
        """Median time of a step."""
        return median(self.times.values())

    @property
    def gflops(self) -> float:
        """Rate of the products alone."""
        return self.cell.flop / self.middle / 1e3


def gate(losses: list[float], expected: list[float], dtype: str) -> str:
    """'ok', or what disagrees. Without scikit-learn's losses nothing can be said, and nothing counts."""
    if not expected:
        return "no scikit-learn losses"
    for epoch, (found, wanted) in enumerate(zip(losses, expected, strict=False), start=1):
        rtol = TOLERANCE[dtype][epoch > 1]
        if not abs(found - wanted) <= rtol * abs(wanted):
            return f"loss of epoch {epoch}: {found:.6g}, scikit-learn {wanted:.6g}"
    return "ok"


def records(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read(folder: Path) -> list[Row]:
    """All rows of a results folder. Of a repeated round the last attempt counts."""
    cells = {cell.name: cell for cell in all_cells()}
    losses: dict[tuple[str, str, str], dict[int, float]] = defaultdict(dict)
    for line in records(folder / "losses.csv"):
        losses[line["threads"], line["cell"], line["peer"]][int(line["epoch"])] = float(line["loss"])
    times: dict[tuple[str, str, str], dict[int, float]] = defaultdict(dict)
    load: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for line in records(folder / "samples.csv"):
        key = line["threads"], line["cell"], line["peer"]
        times[key][int(line["round"])] = float(line["seconds"]) / int(line["steps"]) * 1e6
        dtype = line["dtype"]
        load[key].append(float(line["cpu_seconds"]) / float(line["seconds"]))
    found = []
    for (threads, cell, peer), rounds in times.items():
        own, expected = list(losses[threads, cell, peer].values()), list(losses[threads, cell, GATE].values())
        key = threads, cell, peer
        found.append(Row(cells[cell], int(threads), peer, rounds, median(load[key]), own, gate(own, expected, dtype)))
    return found


def by_cell(rows: Iterable[Row]) -> dict[tuple[int, str], dict[str, Row]]:
    """Rows grouped: (threads, cell name) -> peer -> row."""
    groups: dict[tuple[int, str], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        groups[row.threads, row.cell.name][row.peer] = row
    return groups


def best_peer(group: dict[str, Row]) -> Row | None:
    """The fastest of the others among those whose losses agree."""
    others = [row for name, row in group.items() if not name.startswith(OURS) and row.passed]
    return min(others, key=lambda row: row.middle, default=None)


def ratio(slow: Row, fast: Row) -> float:
    """Median over the rounds of how many times faster `fast` was, each pair measured side by side."""
    common = slow.times.keys() & fast.times.keys()
    return median(slow.times[turn] / fast.times[turn] for turn in common)


def geometric_mean(values: list[float]) -> float:
    """The geometric mean (nan for none)."""
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def facts(folder: Path) -> dict:
    """The machine's facts stored beside the samples; the peak is the highest seen, control bursts included."""
    found = json.loads((folder / "machine.json").read_text())
    for line in records(folder / "samples.csv"):
        limits, key = found["limits"][line["threads"]], f"{line['dtype']}_gflops"
        limits[key] = max(limits[key], float(line["control"]))
    return found


def bandwidth(limits: dict[str, float], solver_bytes: int, threads: int) -> float:
    """Measured GB/s at the level that the solver's arrays fit into."""
    share = solver_bytes / threads
    level = next((name for name, size in LEVELS.items() if share <= 2 * size), "memory")
    return limits[f"{level}_gbs"]


def roof(row: Row, limits: dict[str, float], dtype: str) -> float:
    """The shortest possible step, in microseconds: products at the measured peak, solver at the measured bandwidth."""
    moved = row.cell.solver_bytes(8 if dtype == "float64" else 4)
    return row.cell.flop / limits[f"{dtype}_gflops"] / 1e3 + moved / bandwidth(limits, moved, row.threads) / 1e3
