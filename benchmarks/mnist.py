"""MNIST: scikit-learn's own benchmark settings in both libraries; how soon 98 % is reached; softmax regression.

Each fit runs in a fresh process; time is that of `fit` alone, error that of the 10,000 test digits. `adam` and `sgd`
are the settings of scikit-learn's bench_mnist.py; `quick98` is our suggestion for people in a hurry.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from importlib import import_module
from statistics import mean, stdev

import mnist_data
import threads
from cold import ESTIMATORS
from store import save, verdict

BENCH = {"hidden_layer_sizes": (100, 100), "max_iter": 400, "alpha": 1e-4, "tol": 1e-4}
SETTINGS = {
    "adam": {**BENCH, "solver": "adam", "learning_rate_init": 0.001},
    "sgd": {**BENCH, "solver": "sgd", "learning_rate_init": 0.2, "momentum": 0.9},
    "quick98": {
        "hidden_layer_sizes": (256,),
        "solver": "sgd",
        "learning_rate_init": 0.1,
        "batch_size": 128,
        "max_iter": 12,
        "tol": 0.0,
    },
    "softmax": {"hidden_layer_sizes": (), "max_iter": 20, "learning_rate_init": 0.001},
}
BOTH = ("adam", "sgd")


def fit(library: str, setting: str, seed: int) -> dict[str, float]:
    """Seconds, error, epochs and final loss of one fit, in this process."""
    X, y, X_test, y_test = mnist_data.load()
    model = import_module(ESTIMATORS[library]).MLPClassifier(random_state=seed, **SETTINGS[setting])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        model.fit(X, y)
        seconds = time.perf_counter() - start
    error = 1 - model.score(X_test, y_test)
    return {"seconds": seconds, "error": error, "epochs": model.n_iter_, "loss": model.loss_}


def child(library: str, setting: str, seed: int, count: int) -> dict[str, float] | None:
    """`fit` in a fresh process, printed; None where it cannot run."""
    arguments = ["--child", library, setting, str(seed)]
    try:
        found = json.loads(threads.python("mnist.py", arguments, count, capture=True).stdout.splitlines()[-1])
    except Exception as error:
        print(f"{setting} {library}: left out: {error}")
        return None
    print(
        f"{setting:8} {library:10} seed {seed}  " + "  ".join(f"{key} {value:.4g}" for key, value in found.items()),
        flush=True,
    )
    return found


def promises(runs: dict[str, dict[str, list[dict[str, float]]]]) -> list[dict]:
    """What the issue promised about MNIST."""
    found = []
    for setting in BOTH:
        ours, theirs = runs.get(setting, {}).get("chainrule"), runs.get(setting, {}).get("sklearn")
        if ours and theirs:
            gain = mean(one["seconds"] / one["epochs"] for one in theirs) / mean(
                one["seconds"] / one["epochs"] for one in ours
            )
            found.append(verdict(f"{setting}: scikit-learn / ours, seconds per epoch", ">= 6", gain, gain >= 6))
            whole = mean(one["seconds"] for one in theirs) / mean(one["seconds"] for one in ours)
            found.append(verdict(f"{setting}: scikit-learn / ours, whole fit", ">= 6", whole, whole >= 6))
            gap = mean(one["error"] for one in ours) - mean(one["error"] for one in theirs)
            noise = 2 * max(stdev(one["error"] for one in theirs), 5e-4) if len(theirs) > 1 else 2e-3
            found.append(verdict(f"{setting}: error above scikit-learn's", f"<= {noise:.4f}", gap, gap <= noise))
    for setting, wanted, least in (("quick98", ">= 0.98", 0.98), ("softmax", "about 0.92", 0.915)):
        ours = runs.get(setting, {}).get("chainrule")
        if ours:
            accuracy = 1 - mean(one["error"] for one in ours)
            seconds = mean(one["seconds"] for one in ours)
            found.append(verdict(f"{setting}: test accuracy, in {seconds:.1f} s", wanted, accuracy, accuracy >= least))
    return found


def main() -> None:
    """Children one after the other, libraries in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=3)
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--libraries", nargs="+", default=list(ESTIMATORS), choices=list(ESTIMATORS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    if chosen.child:
        library, setting, seed = chosen.child
        print(json.dumps(fit(library, setting, int(seed))))
        return
    runs: dict[str, dict[str, list[dict[str, float]]]] = {}
    for setting in chosen.settings:
        libraries = [library for library in chosen.libraries if setting in BOTH or library == "chainrule"]
        tried = {library: [] for library in libraries}
        for seed in range(1, chosen.seeds + 1):
            for library in libraries:
                tried[library] += [found] if (found := child(library, setting, seed, chosen.threads)) else []
        runs[setting] = tried
    save("mnist", {"runs": runs, "threads": chosen.threads, "targets": promises(runs)})


if __name__ == "__main__":
    main()
