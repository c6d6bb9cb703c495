"""The short benchmark: scikit-learn's estimators and ours with the same seeds, so with the same weights and batches.

The loss curves must agree before a time counts. The long benchmark, with more peers, is in the source repository.
"""

from __future__ import annotations

import platform
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import sklearn.neural_network as peer
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

import chainrule
from chainrule.estimators import MLPClassifier
from chainrule.training import threads_for

TOLERANCE = 1e-2


@dataclass(frozen=True)
class Cell:
    """A network, a batch size, and how much of it is timed."""

    widths: tuple[int, ...]
    batch: int
    steps: int
    epochs: int

    @property
    def name(self) -> str:
        """What is shown."""
        return f"train {'-'.join(map(str, self.widths))}, batches of {self.batch}"


CELLS = (
    Cell((2, 8, 8, 2), 10, 100, 5),
    Cell((20, 64, 64, 3), 64, 50, 5),
    Cell((64, 100, 10), 200, 25, 5),
    Cell((784, 128, 64, 10), 128, 20, 3),
)


def machine(threads: int | None) -> dict[str, Any]:
    """Where this was measured."""
    return {
        "chainrule": chainrule.__version__,
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "processor": _processor(),
        "threads": threads_for(threads),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def compare(threads: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Time every cell, ours and scikit-learn's in turns."""
    for cell in CELLS:
        X, y = _data(cell)
        options = _options(cell)
        ours = MLPClassifier(**options, n_threads=threads)
        theirs = peer.MLPClassifier(**options)
        runs = {"chainrule": lambda: ours.fit(X, y), "scikit-learn": lambda: theirs.fit(X, y)}  # noqa: B023
        times = _in_turns(runs, threads, rounds)
        agrees = np.allclose(ours.loss_curve_, theirs.loss_curve_, rtol=TOLERANCE)
        yield _row(cell.name, times, cell.steps * cell.epochs, agrees)
    for rows in (1, 10_000):
        yield _predictions(ours, theirs, X, rows, threads, rounds)


def _predictions(ours: Any, theirs: Any, X: Any, rows: int, threads: int, rounds: int) -> dict[str, Any]:
    given = np.resize(X, (rows, X.shape[1]))
    theirs.coefs_, theirs.intercepts_ = ours.coefs_, ours.intercepts_
    repeats = 50 if rows == 1 else 1
    runs = {
        "chainrule": lambda: [ours.predict_proba(given) for _ in range(repeats)],
        "scikit-learn": lambda: [theirs.predict_proba(given) for _ in range(repeats)],
    }
    times = _in_turns(runs, threads, rounds)
    agrees = np.allclose(ours.predict_proba(given), theirs.predict_proba(given), atol=1e-4)
    return _row(f"predict {rows:,} row{'s' * (rows > 1)} of the last", times, repeats, agrees)


def _data(cell: Cell) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    random, rows = np.random.default_rng(0), cell.steps * cell.batch
    X = random.standard_normal((rows, cell.widths[0]), dtype=np.float32)
    directions = random.standard_normal((cell.widths[0], cell.widths[-1]), dtype=np.float32)
    y = (X @ directions).argmax(axis=1)
    return X, y


def _options(cell: Cell) -> dict[str, Any]:
    return {
        "hidden_layer_sizes": cell.widths[1:-1],
        "batch_size": cell.batch,
        "max_iter": cell.epochs,
        "n_iter_no_change": cell.epochs,
        "random_state": 0,
    }


def _in_turns(runs: dict[str, Callable[[], Any]], threads: int, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in runs}
    with warnings.catch_warnings(), threadpool_limits(threads):
        warnings.simplefilter("ignore", ConvergenceWarning)
        for run in runs.values():
            run()
        for _ in range(rounds):
            for name, run in runs.items():
                started = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - started)
    return times


def _row(task: str, times: dict[str, list[float]], count: int, agrees: bool) -> dict[str, Any]:
    medians = {name: 1e6 * statistics.median(seconds) / count for name, seconds in times.items()}
    return {
        "task": task,
        **medians,
        "ratio": medians["scikit-learn"] / medians["chainrule"],
        "agrees": bool(agrees),
        "seconds": times,
    }
