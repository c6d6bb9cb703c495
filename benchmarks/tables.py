"""The comparison as text: one table per thread setting, then the means and the targets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

from peers import GATE, OURS
from summary import Row, best_peer, by_cell, geometric_mean, ratio, roof

TIMES = ("min", "median", "max")
HEADER = ("cell", "peer", *TIMES, "GFLOP/s", "of peak", "T/roof", "x sklearn", "CPU/wall", "loss", "gate")

TARGET_HEADER = ("target", "wanted", "reached", "verdict", "where")


@dataclass(frozen=True)
class Target:
    """A promise and what was measured."""

    name: str
    wanted: str
    reached: float
    met: bool
    where: str = ""

    def cells(self) -> tuple[str, ...]:
        """As table cells."""
        verdict = "not measured" if math.isnan(self.reached) else "reached" if self.met else "MISSED"
        return self.name, self.wanted, f"{self.reached:.3g}", verdict, self.where


def lines(rows: list[Row], facts: dict, dtype: str, threads: int) -> list[tuple[str, ...]]:
    """The table of one thread setting, peers of a cell fastest first."""
    limits = facts["limits"][str(threads)]
    found = []
    for (setting, name), group in by_cell(rows).items():
        if setting != threads:
            continue
        base = group.get(GATE)
        for row in sorted(group.values(), key=lambda row: row.middle):
            times = [f"{value:.1f}" for value in (min(row.times.values()), row.middle, max(row.times.values()))]
            share = row.gflops / limits[f"{dtype}_gflops"]
            over = row.middle / roof(row, limits, dtype)
            gain = f"{ratio(base, row):.1f}" if base else ""
            verdict = "ok" if row.passed else f"FAILED: {row.gate}"
            speed = (f"{row.gflops:.1f}", f"{share:.0%}", f"{over:.2f}", gain, f"{row.cpu_per_wall:.2f}")
            found.append((name, row.peer, *times, *speed, f"{row.losses[-1]:.5f}" if row.losses else "", verdict))
    return found


@dataclass(frozen=True)
class Gain:
    """How many times faster than the fastest peer, and than scikit-learn, ours was in one cell."""

    over_best: float
    over_base: float
    best: str
    row: Row

    @property
    def where(self) -> str:
        """The cell in words."""
        return f"{self.row.cell.name}, {self.row.threads} thread(s)"


def gains(rows: list[Row]) -> list[Gain]:
    """One per cell in which everybody's losses agree: without its failed peers a cell would count for too much."""
    found = []
    for group in by_cell(rows).values():
        ours, best = group.get(OURS), best_peer(group)
        if ours and best and all(row.passed for row in group.values()):
            found.append(Gain(ratio(best, ours), ratio(group[GATE], ours), best.peer, ours))
    return found


def thread_gains(rows: list[Row]) -> list[tuple[float, str, float]]:
    """Per cell of ours: (one-thread time / two-thread time, cell, MFLOP per step)."""
    ours = {(row.threads, row.cell.name): row for row in rows if row.peer == OURS and row.passed}
    pairs = [(row, ours.get((2, name))) for (threads, name), row in ours.items() if threads == 1]
    return [(one.middle / two.middle, one.cell.name, one.cell.flop / 1e6) for one, two in pairs if two]


def least(values: list[tuple[float, str]]) -> tuple[float, str]:
    """The smallest value and where."""
    return min(values, default=(math.nan, ""))


def targets(rows: list[Row], facts: dict, dtype: str) -> list[Target]:
    """The engine's promises against the samples."""
    cells, scaling = gains(rows), thread_gains(rows)
    count = f"{len(cells)} cells"
    over_base = geometric_mean([gain.over_base for gain in cells])
    if dtype == "float64":
        return [Target("scikit-learn, float64, geometric mean", ">= 4", over_base, over_base >= 4, count)]
    over_best = geometric_mean([gain.over_best for gain in cells])
    worst, worst_at = least([(gain.over_best, f"{gain.where}, {gain.best}") for gain in cells])
    tiny, tiny_at = least([(gain.over_base, gain.where) for gain in cells if gain.row.cell.shape == "2-8-8-2"])
    roofs = [(gain.row.middle / roof(gain.row, facts["limits"][str(gain.row.threads)], dtype), gain) for gain in cells]
    far, far_at = max([(over, gain.where) for over, gain in roofs if gain.row.cell.flop > 1e6], default=(math.nan, ""))
    above = sum(gain.row.cell.flop > 1e6 for _, gain in roofs)
    near = sum(over <= 1.3 for over, gain in roofs if gain.row.cell.flop > 1e6)
    large = [(gain, name) for gain, name, mflop in scaling if mflop > 10]
    second, second_at = least(large)
    usual = median([gain for gain, _ in large]) if large else math.nan
    well = f"{sum(gain >= 1.75 for gain, _ in large)} of {len(large)} cells reach it"
    steps = [gain.row.middle for gain in cells if gain.row.cell.shape == "2-8-8-2"]
    fixed = max(steps, default=math.nan)
    never, never_at = least([(gain, name) for gain, name, _ in scaling])
    return [
        Target("fastest peer, geometric mean", ">= 2", over_best, over_best >= 2, count),
        Target("fastest peer, worst cell", ">= 1", worst, worst >= 1, worst_at),
        Target("scikit-learn, float32, geometric mean", ">= 6", over_base, over_base >= 6, count),
        Target("scikit-learn, 2-8-8-2 batch 10", ">= 50", tiny, tiny >= 50, tiny_at),
        Target("whole step of 2-8-8-2, us (bounds the fixed cost of a step)", "<= 2", fixed, fixed <= 2, "batch 10"),
        Target("step / roofline above 1 MFLOP, worst", "<= 1.3", far, far <= 1.3, far_at),
        Target("cells above 1 MFLOP within 1.3 times the roofline", "all", near, near == above, f"of {above}"),
        Target("two threads / one above 10 MFLOP, worst", ">= 1.75", second, second >= 1.75, second_at),
        Target("two threads / one above 10 MFLOP, median", ">= 1.75", usual, usual >= 1.75, well),
        Target("two threads / one, worst", ">= 1", never, never >= 1, never_at),
    ]


def aligned(header: tuple[str, ...], body: list[tuple[str, ...]]) -> str:
    """Columns of equal width, the first two left-aligned."""
    widths = [max(len(line[place]) for line in [header, *body]) for place in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 2 or place == len(header) - 1 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [header, *body]
    )


def markdown(header: tuple[str, ...], body: list[tuple[str, ...]]) -> str:
    """The same as a Markdown table."""
    ruled = [header, tuple("---" for _ in header), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in ruled)
