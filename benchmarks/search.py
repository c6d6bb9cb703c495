"""How fast is a grid search? 64 small configurations, 5 folds, beside scikit-learn's over its own MLP with n_jobs=2.

Same data, grid, folds, seeds and precision (float64). A time counts only if the scores of every candidate on every fold are the
same bits as those of fitting one by one; how far they are from scikit-learn's is printed. Two processors; scikit-learn's
worker processes are started before the clock is, and have one BLAS thread each (their best).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import store
import threads
from store import save, spread, verdict

PROCESSORS = 2
GRID = {
    "hidden_layer_sizes": [(8,), (16,), (32,), (16, 16)],
    "activation": ["relu", "tanh"],
    "solver": ["adam", "sgd"],
    "learning_rate_init": [0.001, 0.01],
    "alpha": [1e-4, 1e-2],
}
FOLDS = 5
# Data set of scikit-learn and epochs.
TASKS = {"iris": 200, "breast_cancer": 100, "wine": 100, "digits": 20}
BASE, OURS = "scikit-learn", "chainrule"


def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    """A small data set, standardised."""
    import sklearn.datasets
    from sklearn.preprocessing import StandardScaler

    X, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def searches(epochs: int, grid: dict[str, list[Any]]) -> dict[str, Any]:
    """The contestants: who searches, over whose network, how many at a time."""
    import sklearn.model_selection
    import sklearn.neural_network

    import chainrule
    from chainrule.estimators.search import GridSearchCV

    settings: dict[str, Any] = {"max_iter": epochs, "random_state": 0}
    theirs, ours = sklearn.neural_network.MLPClassifier(**settings), chainrule.MLPClassifier(**settings)
    by_scikit_learn = partial(sklearn.model_selection.GridSearchCV, param_grid=grid, cv=FOLDS)
    by_chainrule = partial(GridSearchCV, param_grid=grid, cv=FOLDS)
    return {
        BASE: by_scikit_learn(theirs, n_jobs=PROCESSORS),
        OURS: by_chainrule(ours, n_jobs=PROCESSORS),
        "chainrule, one thread": by_chainrule(ours, n_jobs=1),
        "chainrule, one by one": by_scikit_learn(ours.set_params(n_threads=1)),
        "chainrule, two processes": by_scikit_learn(ours.set_params(n_threads=1), n_jobs=PROCESSORS),
    }


def scores(search: Any) -> np.ndarray:
    """Test scores, shape (candidates, folds)."""
    return np.column_stack([search.cv_results_[f"split{fold}_test_score"] for fold in range(FOLDS)])


def agreement(found: dict[str, Any], n_rows: int) -> dict[str, Any]:
    """Whether all of ours scored the same bits; how far they are from scikit-learn's, in test rows."""
    ours = scores(found[OURS])
    same = all(np.array_equal(ours, scores(search)) for name, search in found.items() if name != BASE)
    distance = float(np.abs(ours - scores(found[BASE])).max()) * n_rows / FOLDS
    return {"same bits as one by one": same, "rows scored differently from scikit-learn, at most": round(distance, 2)}


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    threads.settle()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(task: str, rounds: int, candidates: int) -> dict[str, Any]:
    """Seconds of every contestant, interleaved, and how their scores agree."""
    warnings.simplefilter("ignore")
    X, y = data(task)
    grid = {name: values[:1] if candidates < 64 else values for name, values in GRID.items()} | {
        "alpha": list(np.logspace(-5, -1, candidates)) if candidates < 64 else GRID["alpha"]
    }
    found = searches(TASKS[task], grid)
    seconds: dict[str, list[float]] = {name: [] for name in found}
    for search in searches(1, {"alpha": [1e-4]}).values():
        search.fit(X, y)  # starts worker processes, imports what is imported late
    for _ in range(rounds):
        for name, search in found.items():
            seconds[name].append(timed(partial(search.fit, X, y)))
    return {"seconds": seconds, "agreement": agreement(found, len(y))}


def child(task: str, rounds: int, candidates: int) -> dict[str, Any]:
    """Measure in a fresh process on two processors, one BLAS thread."""
    arguments = ["--child", task, "--rounds", str(rounds), "--candidates", str(candidates)]
    done = subprocess.run(
        [sys.executable, __file__, *arguments],
        env=threads.environment(1),
        preexec_fn=lambda: threads.pin(PROCESSORS),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def summary(task: str, measured: dict[str, Any]) -> dict[str, Any]:
    """Medians, speed-ups paired round by round; printed too."""
    seconds = measured["seconds"]
    gains = {
        name: spread([base / own for base, own in zip(seconds[BASE], times, strict=True)])
        for name, times in seconds.items()
        if name != BASE
    }
    for name, times in seconds.items():
        gain = f"{gains[name]['median']:.1f}x" if name in gains else ""
        print(f"{task:14} {name:26} {spread(times)['median']:8.2f} s  {gain}")
    print(f"{task:14} {measured['agreement']}")
    times = {name: spread(values) for name, values in seconds.items()}
    return {"seconds": times, "times as fast as scikit-learn": gains, **measured["agreement"]}


def promises(results: dict[str, Any], candidates: int) -> list[dict[str, Any]]:
    """The target, for every data set; a search whose scores are not those of one by one does not count."""
    found = []
    for task, result in results.items():
        gain = result["times as fast as scikit-learn"][OURS]["median"]
        met = gain >= 10 and result["same bits as one by one"]
        name = f"search of {candidates} x {FOLDS}, {task}, {TASKS[task]} epochs: scikit-learn n_jobs=2 / ours"
        found.append(verdict(name, ">= 10, same scores", gain, met))
    return found


def main() -> None:
    """One child per data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", choices=TASKS)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--candidates", type=int, default=64, help="fewer than 64: so many values of alpha only")
    parser.add_argument("--out", type=Path, default=store.RESULTS, help="folder of search.json")
    chosen = parser.parse_args()
    if chosen.child:
        print(json.dumps(measure(chosen.child, chosen.rounds, chosen.candidates)))
        return
    store.RESULTS = chosen.out
    measured = {task: child(task, chosen.rounds, chosen.candidates) for task in chosen.tasks}
    results = {task: summary(task, found) for task, found in measured.items()}
    samples = {f"{task}, {name}": t for task, found in measured.items() for name, t in found["seconds"].items()}
    save("search", {**results, "targets": promises(results, chosen.candidates)}, samples)


if __name__ == "__main__":
    main()
