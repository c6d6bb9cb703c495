"""What does it cost a fit to record the evidence of its diagnosis? Whole fits of the grid's networks, recorder on and off.

Off, the recorder neither copies parameters nor gathers rows, and epochs are not interrupted for it; everything else is the
same, and so must be the bits. Fits are interleaved and have one thread; processor time is compared, which other work on the
machine disturbs least, and the medians of the paired ratios are printed. Diagnoses are not timed: they are asked for afterwards.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np

import store
from cells import Cell, design_cells, grid_cells
from problem import make

LIMIT = 0.05
# A handful of rows and units: an epoch takes some 25 us, and 100 of them some milliseconds.
TINY = ("iris-like 4-8-3", 150, 4, (8,), 3, 100)


@dataclass(frozen=True)
class Case:
    """A fit: rows, estimator's parameters."""

    name: str
    X: np.ndarray
    y: np.ndarray
    parameters: dict[str, Any]

    def fit(self) -> Any:
        """The fitted estimator."""
        import chainrule

        kind = chainrule.MLPClassifier if self.y.dtype.kind == "i" else chainrule.MLPRegressor
        return kind(random_state=0, tol=0.0, n_iter_no_change=np.inf, n_threads=1, **self.parameters).fit(
            self.X, self.y
        )


def tiny() -> Case:
    """The smallest one."""
    name, rows, inputs, hidden, classes, epochs = TINY
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, inputs))
    parameters = {"hidden_layer_sizes": hidden, "max_iter": epochs}
    return Case(name, X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 0).astype(int) * (classes > 2), parameters)


def of_cell(cell: Cell, epochs: int) -> Case:
    """A network of the grid."""
    problem = make(cell)
    y = problem.labels if cell.task == "classification" else np.ascontiguousarray(problem.Y[:, 0])
    parameters = {
        "hidden_layer_sizes": cell.widths[1:-1], "activation": cell.activation, "solver": cell.solver,
        "batch_size": cell.batch, "learning_rate_init": cell.rate, "max_iter": epochs,
    }  # fmt: skip
    return Case(f"{cell.name}, {epochs} epochs", problem.X, y, parameters)


@contextmanager
def recorder_off() -> Iterator[None]:
    """No looks."""
    with mock.patch("chainrule.estimators.watching.recorder_of", lambda *given: None):
        yield


def seconds(case: Case) -> tuple[float, Any]:
    """Processor time of one fit, and its parameters."""
    start = time.process_time()
    theta = case.fit().theta_
    return time.process_time() - start, theta


def measure(case: Case, rounds: int, least: float) -> dict[str, Any]:
    """Median of the paired ratios on / off, fits repeated until a measurement takes that many seconds."""
    case.fit()
    repeats = max(1, int(least / seconds(case)[0]))
    ratios, off = [], []
    for turn in range(rounds):
        taken = {}
        for recording in (True, False) if turn % 2 else (False, True):
            if recording:
                found = [seconds(case) for _ in range(repeats)]
            else:
                with recorder_off():
                    found = [seconds(case) for _ in range(repeats)]
            taken[recording] = min(each for each, _ in found), found[0][1]
        if not np.array_equal(taken[True][1], taken[False][1]):
            raise SystemExit(f"{case.name}: recording changed the result")
        ratios.append(taken[True][0] / taken[False][0])
        off.append(taken[False][0])
    spread = statistics.quantiles(ratios, n=4)
    return {
        "name": case.name,
        "ms": 1e3 * statistics.median(off),
        "cost": statistics.median(ratios) - 1,
        "quartiles": [spread[0] - 1, spread[2] - 1],
    }


def main() -> None:
    """Measure and save."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--cells", type=int, default=12, help="networks of the grid beside the design's five")
    options.add_argument("--epochs", type=int, default=20)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--least", type=float, default=0.1, help="seconds of a measurement")
    given = options.parse_args()
    warnings.simplefilter("ignore")
    results = []
    cells = [*design_cells(), *grid_cells()[: given.cells]]
    print(f"{'fit':54} {'ms':>10} {'recording':>10}   quartiles")
    for number in range(len(cells) + 1):
        case = of_cell(cells[number - 1], given.epochs) if number else tiny()
        found = measure(case, given.rounds, given.least)
        results.append(found)
        low, high = found["quartiles"]
        print(f"{found['name']:54} {found['ms']:10.2f} {found['cost']:10.2%}   {low:.2%} to {high:.2%}", flush=True)
    worst, middle = max(found["cost"] for found in results), statistics.median(found["cost"] for found in results)
    print(f"median {middle:.2%}, largest {worst:.2%}; the limit is {LIMIT:.0%}")
    targets = [
        store.verdict("recording for a diagnosis, share of a fit, median", f"<= {LIMIT}", middle, middle <= LIMIT),
        store.verdict("recording for a diagnosis, share of a fit, worst", f"<= {LIMIT}", worst, worst <= LIMIT),
    ]
    store.save("recording", {"targets": targets, "results": results})


if __name__ == "__main__":
    main()
