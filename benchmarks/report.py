"""Turns the results folder into docs/benchmarks.md: machine, promises kept and missed, tables, losses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cells import all_cells
from peers import DEFAULT, GATE, MODULES, OURS
from sections import section
from store import RESULTS, load
from summary import Row, best_peer, by_cell, facts, ratio, read, roof
from tables import TARGET_HEADER, gains, geometric_mean, markdown, targets

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
OTHERS = (
    "reach", "cold", "predict", "memory", "mnist", "import_time", "costs", "search", "recording", "tracing", "playground",
)  # fmt: skip
INTRODUCTION = """# Benchmarks

Written by `python benchmarks/report.py` from the raw samples in `benchmarks/results/`; do not edit. How the numbers are
made, and the command for each question, is in [benchmarks/README.md](../benchmarks/README.md).

In short: every library starts from the same weights and sees the same batches in the same order, with the same solver
constants and L2 term, in the same precision. A library counts in a cell only if its epoch losses agree with
scikit-learn's (float32: 1e-3 after the first epoch, 1e-2 later; float64: 1e-6). Rounds are interleaved, medians
reported, speed-ups paired round by round; rounds disturbed by other guests of the machine are repeated, and of those that stayed
disturbed all the same the median takes care. "of peak" is the rate of the matrix products over the measured multiply-add
peak; "T/roof" is the step over the sum of products at that peak and solver traffic at the measured bandwidth.
"""
NOTHING = "\nNo results yet: run the commands of benchmarks/README.md, then this script.\n"


def machine_section(known: dict[str, Any]) -> str:
    """Processor, limits, versions."""
    body = [(key, str(known[key])) for key in ("cpu", "cpus", "system", "time", "commit")]
    body.append(("instruction sets", " ".join(known["instruction_sets"])))
    body += [
        (f"limits, {count} thread(s)", ", ".join(f"{key} {value}" for key, value in limits.items()))
        for count, limits in known["limits"].items()
    ]
    body.append(("versions", ", ".join(f"{name} {version}" for name, version in known["versions"].items())))
    return "\n## Machine\n\n" + markdown(("what", "value"), body) + "\n"


def runs_section(compared: list[tuple[list[Row], dict[str, Any], str]]) -> str:
    """When and from which commit each result is: the page is not of one run."""
    body = [(f"comparison, {dtype}", known["time"], known["commit"]) for _, known, dtype in compared]
    for name in OTHERS:
        if found := load(name):
            body.append((f"{name}.py", found["time"], found["machine"]["commit"]))
    head = '\nThe results come from several runs; "+" means that the commit had changes on top.\n\n'
    return head + markdown(("what", "time", "commit"), body) + "\n"


def participation_section(rows: list[Row]) -> str:
    """Who was measured in how many cells, and which cells do not count and why."""
    groups = by_cell(rows)
    names = [name for name in MODULES if any(row.peer == name for row in rows)]
    fastest = [best.peer for group in groups.values() if (best := best_peer(group))]
    body = [(name, str(sum(name in group for group in groups.values())), str(fastest.count(name))) for name in names]
    failed = [
        f"{cell}, {count} thread(s)"
        for (count, cell), group in groups.items()
        if not all(r.passed for r in group.values())
    ]
    counts = sorted({row.threads for row in rows})
    wanted = {(count, cell.name) for count in counts for cell in all_cells()}
    missing = [f"{cell}, {count} thread(s)" for count, cell in sorted(wanted - set(groups))]
    left = f"\nLeft out of the means, because a library's losses disagree: {'; '.join(failed) or 'none'}.\n"
    absent = f"\nNot measured: {'; '.join(missing) or 'none'}.\n"
    return (
        "\n## Who took part\n\n"
        + markdown(("library", "cells", "fastest of the others in"), body)
        + "\n"
        + left
        + absent
    )


def promise(entry: dict[str, Any]) -> tuple[str, ...]:
    """A target of another script as a table row."""
    reached = entry["reached"]
    said = "not measured" if reached is None else "reached" if entry["met"] else "MISSED"
    return entry["name"], entry["wanted"], "" if reached is None else f"{reached:.3g}", said, ""


def promises_section(compared: list[tuple[list[Row], dict[str, Any], str]]) -> str:
    """All targets, of the comparison and of the other scripts."""
    body = [target.cells() for rows, known, dtype in compared for target in targets(rows, known, dtype)]
    for name in OTHERS:
        body += [promise(entry) for entry in (load(name) or {"results": {"targets": []}})["results"]["targets"]]
    return "\n## Promises\n\n" + markdown(TARGET_HEADER, body) + "\n"


def wide(group: dict[str, Row], names: list[str], limits: dict[str, float], dtype: str) -> tuple[str, ...]:
    """One cell as a row: every peer's median, then what they say about ours."""
    ours, best, base = group.get(OURS), best_peer(group), group.get(GATE)
    medians = [
        "" if name not in group else f"{group[name].middle:.1f}" + ("" if group[name].passed else " (failed)")
        for name in names
    ]
    if not (ours and best and base):
        return next(iter(group.values())).cell.name, *medians, *[""] * 6
    judged = (f"{ratio(best, ours):.2f}", f"{ratio(base, ours):.1f}", f"{ours.gflops / limits[f'{dtype}_gflops']:.0%}")
    losses = (f"{base.losses[-1]:.5f}", f"{ours.losses[-1]:.5f}")
    return ours.cell.name, *medians, *judged, f"{ours.middle / roof(ours, limits, dtype):.2f}", *losses


def by_shape(rows: list[Row], count: int) -> list[tuple[str, ...]]:
    """Geometric means per shape."""
    found: dict[str, list[tuple[float, float]]] = {}
    for gain in gains(rows):
        if gain.row.threads == count:
            found.setdefault(gain.row.cell.shape, []).append((gain.over_best, gain.over_base))
    return [
        (shape, str(len(pairs)), *(f"{geometric_mean([pair[place] for pair in pairs]):.2f}" for place in (0, 1)))
        for shape, pairs in found.items()
    ]


def comparison_section(rows: list[Row], known: dict[str, Any], dtype: str) -> str:
    """Both tables of every thread setting."""
    names = [name for name in DEFAULT if any(row.peer == name for row in rows)]
    judged = ("x fastest", "x sklearn", "of peak", "T/roof", "loss sklearn", "loss chainrule")
    parts = []
    for count in sorted({row.threads for row in rows}):
        limits = known["limits"][str(count)]
        groups = [group for (threads, _), group in by_cell(rows).items() if threads == count]
        means = markdown(("shape", "cells", "x fastest peer", "x scikit-learn"), by_shape(rows, count))
        cells = markdown(("cell", *names, *judged), [wide(group, names, limits, dtype) for group in groups])
        parts.append(f"\n## {dtype}, {count} thread(s)\n\nGeometric means:\n\n{means}\n")
        parts.append(f"\nMedian microseconds per step; losses after the gate's last epoch:\n\n{cells}\n")
    return "".join(parts)


def requested_section(folder: Path) -> str:
    """Peers that take part on request only, in the cells they were measured in."""
    rows, known = read(folder), facts(folder)
    names = [name for name in MODULES if any(row.peer == name for row in rows)]
    body = []
    for (count, cell), group in by_cell(rows).items():
        middles = [f"{group[name].middle:.1f}" if name in group else "" for name in names]
        failed = ", ".join(name for name, row in group.items() if not row.passed)
        body.append((str(count), cell, *middles, failed or "none"))
    head = (
        f"\n## On request: {folder.name}\n\n{known['time']}, commit {known['commit']}; median microseconds per step\n\n"
    )
    return head + markdown(("threads", "cell", *names, "failed the gate"), body) + "\n"


def main() -> None:
    """Write the page."""
    folders = [(RESULTS, "float32"), (RESULTS / "float64", "float64")]
    requested = sorted(path.parent for path in (RESULTS / "requested").glob("*/samples.csv"))
    compared = [(read(folder), facts(folder), dtype) for folder, dtype in folders if (folder / "samples.csv").exists()]
    text = INTRODUCTION
    if compared:
        text += machine_section(compared[0][1]) + runs_section(compared)
    if compared or any(load(name) for name in OTHERS):
        text += promises_section(compared)
    else:
        text += NOTHING
    if compared:
        text += participation_section(compared[0][0])
    text += "".join(comparison_section(*part) for part in compared)
    found = {name: load(name) for name in OTHERS}
    text += "".join(requested_section(folder) for folder in requested)
    text += "".join(section(name, content) for name, content in found.items() if content)
    PAGE.write_text(text)
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
