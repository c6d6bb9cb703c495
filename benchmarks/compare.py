"""How fast is a training step, beside scikit-learn, PyTorch, torch.compile and JAX, and beside the machine's limits?

Same initial weights, batches and arithmetic; a peer counts in a cell only if its losses agree with scikit-learn's. Raw
samples and machine facts go to the results folder; the table is printed from them.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import machine
import threads
from peers import DEFAULT, MODULES
from summary import facts, read
from tables import HEADER, TARGET_HEADER, aligned, lines, targets

RESULTS = Path(__file__).parent / "results"


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", nargs="+", default=["all"], help="all, design, grid, or words of a name")
    parser.add_argument("--peers", nargs="+", default=list(DEFAULT), choices=list(MODULES))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    parser.add_argument("--quick", action="store_true", help="3 rounds of 20 ms instead of 7 of 50 ms")
    parser.add_argument("--budget", type=float, default=0.0, metavar="SECONDS", help="start no cell after this long")
    parser.add_argument("--resume", action="store_true", help="keep the samples there are and skip finished cells")
    parser.add_argument("--out", type=Path, default=RESULTS, help="results folder")
    parser.add_argument("--print-only", action="store_true", help="print the table of the samples there are")
    return parser.parse_args()


def start_afresh(out: Path) -> None:
    """Remove the samples of an earlier run."""
    for name in ("samples.csv", "losses.csv", "machine.json"):
        (out / name).unlink(missing_ok=True)


def measure(chosen: argparse.Namespace) -> None:
    """One worker process per thread setting, one after the other."""
    chosen.out.mkdir(parents=True, exist_ok=True)
    if not chosen.resume:
        start_afresh(chosen.out)
    known = machine.facts(tuple(chosen.threads))
    stored = chosen.out / "machine.json"
    if stored.exists():
        before = json.loads(stored.read_text())
        known["limits"] = before["limits"] | known["limits"]
        if before["commit"] != known["commit"]:
            print(f"note: the samples there are were taken at commit {before['commit']}, now it is {known['commit']}")
    stored.write_text(json.dumps(known, indent=2) + "\n")
    rounds, seconds = (3, 0.02) if chosen.quick else (7, 0.05)
    settings = {"dtype": chosen.dtype, "rounds": rounds, "round_seconds": seconds, "out": str(chosen.out.resolve())}
    settings |= {"cells": chosen.cells, "peers": chosen.peers, "budget": chosen.budget / len(chosen.threads)}
    for count in chosen.threads:
        threads.python("worker.py", [json.dumps(settings | {"threads": count})], count)


def show(out: Path, dtype: str) -> None:
    """Print everything."""
    rows, known = read(out), facts(out)
    print(f"\n{known['cpu']}, commit {known['commit']}, {known['time']}, {dtype}; microseconds per step")
    for count in sorted({row.threads for row in rows}):
        print(f"\n{count} thread(s), measured limits {known['limits'][str(count)]}")
        print(aligned(HEADER, lines(rows, known, dtype, count)))
    print()
    print(aligned(TARGET_HEADER, [target.cells() for target in targets(rows, known, dtype)]))


def main() -> None:
    """Measure, then print."""
    chosen, start = options(), time.perf_counter()
    if not chosen.print_only:
        measure(chosen)
    show(chosen.out, chosen.dtype)
    print(f"\n{time.perf_counter() - start:.0f} s; raw samples in {chosen.out}")


if __name__ == "__main__":
    main()
