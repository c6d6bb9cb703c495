"""How long does a newcomer wait? A fresh process to the end of the first epoch, then a first small fit.

The first epoch holds whatever a peer compiles; the second is the steady state; `n epochs` is the whole wait, import included,
until n of them are done. The fit is of 1,000 rows for 10 epochs, the first one after the import: through the estimators, and
in the others the same work by hand. torch.compile is measured with an empty cache on disk, as at the very first time, and
with what it left there. Processes take turns.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
import warnings
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from statistics import median
from typing import Any

import threads
from store import save, spread, verdict

CELLS = ("20-64-64-2 b128 adam relu", "784-128-64-10 b128 adam relu")
COMPILED, CACHED = "torch-compile", "torch-compile, cached"
PEERS = ("sklearn", "torch", COMPILED, CACHED, "jax", "chainrule")
ESTIMATORS = {"sklearn": "sklearn.neural_network", "chainrule": "chainrule"}
HORIZONS = (1, 10, 100)
FIT_ROWS, FIT_EPOCHS = 1000, 10
# An empty cache costs tens of seconds each time.
MOST_COMPILED = 3


def phases(peer: str, cell_name: str, count: int) -> dict[str, float]:
    """Seconds of each phase, in this process."""
    import peers
    import problem
    from cells import select

    data = problem.make(select([cell_name])[0])
    times = [time.perf_counter()]
    module = peers.load(peer)
    times.append(time.perf_counter())
    run = module.prepare(data, count)
    run.reset()
    times.append(time.perf_counter())
    run.run_epochs(1)
    times.append(time.perf_counter())
    run.reset()
    start = time.perf_counter()
    run.run_epochs(1)
    second = time.perf_counter() - start
    spans = [after - before for before, after in pairwise(times)]
    found = {"import": spans[0], "prepare": spans[1], "first epoch": spans[2], "second epoch": second}
    return found | {f"{n} epochs": sum(spans) + (n - 1) * second for n in HORIZONS}


def first_fit(peer: str, _: str, count: int) -> dict[str, float]:
    """Seconds of importing and of the first fit."""
    start = time.perf_counter()
    if peer in ESTIMATORS:
        kind = import_module(ESTIMATORS[peer]).MLPClassifier
        imported = time.perf_counter()
        seconds = estimator_fit(kind)
    else:
        import peers

        module = peers.load(peer)
        imported = time.perf_counter()
        seconds = fit_by_hand(module, count)
    return {"import": imported - start, "fit": seconds}


def estimator_fit(kind: type) -> float:
    """Seconds of `fit`."""
    import numpy as np

    rng = np.random.default_rng(0)
    X = rng.standard_normal((FIT_ROWS, 20), dtype=np.float32)
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    model = kind(max_iter=FIT_EPOCHS, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        model.fit(X, y)
    return time.perf_counter() - start


def fit_by_hand(module: Any, count: int) -> float:
    """Seconds of the same work: the default network, its batches and epochs."""
    import problem
    from cells import Sized

    data = problem.make(Sized("20-100-2", 200, "adam", "relu", "classification", n_steps=FIT_ROWS // 200))
    start = time.perf_counter()
    run = module.prepare(data, count)
    run.reset()
    run.run_epochs(FIT_EPOCHS)
    return time.perf_counter() - start


def child(what: str, peer: str, cell: str, count: int, cache: str) -> dict[str, float]:
    """One fresh process; `cache` is where torch.compile keeps what it made."""
    arguments = ["--threads", str(count), "--child", what, peer.split(",")[0], cell]
    done = threads.python("cold.py", arguments, count, capture=True, TORCHINDUCTOR_CACHE_DIR=cache)
    return json.loads(done.stdout.splitlines()[-1])


def in_turns(
    what: str, labels: Sequence[str], cell: str, repeats: int, count: int
) -> dict[str, dict[str, dict[str, float]]]:
    """All labels, `repeats` times round; spread of every phase in milliseconds."""
    found: dict[str, list[dict[str, float]]] = {}
    missing: set[str] = set()
    with tempfile.TemporaryDirectory() as kept:
        for turn in range(repeats):
            for label in labels:
                if label in missing or (label == COMPILED and turn >= MOST_COMPILED):
                    continue
                with tempfile.TemporaryDirectory() as empty:
                    cache = empty if label == COMPILED else kept
                    try:
                        if label == CACHED and turn == 0:
                            child(what, label, cell, count, cache)
                        found.setdefault(label, []).append(child(what, label, cell, count, cache))
                    except subprocess.CalledProcessError as error:
                        print(f"{label}: left out: {error}")
                        missing.add(label)
    spans = {label: {key: spread([1e3 * one[key] for one in many]) for key in many[0]} for label, many in found.items()}
    for label, phase in spans.items():
        said = "  ".join(f"{key} {value['median']:.1f}" for key, value in phase.items())
        print(f"{what} {cell:30} {label:22} {said}  ms", flush=True)
    return spans


def promises(epochs: dict[str, Any], fits: dict[str, Any]) -> list[dict[str, Any]]:
    """The first fit; the first epoch beside the peers."""
    nan = float("nan")
    reached = fits["chainrule"]["fit"]["median"] if "chainrule" in fits else nan
    found = [verdict("first fit of 1,000 rows x 10 epochs after import, ms", "<= 20", reached, reached <= 20)]
    for horizon in HORIZONS:
        key, gains = f"{horizon} epochs", []
        for spans in epochs.values():
            others = [phase[key]["median"] for label, phase in spans.items() if label != "chainrule"]
            gains += [min(others) / spans["chainrule"][key]["median"]] if others and "chainrule" in spans else []
        gain = median(gains) if gains else nan
        name = f"fresh process to the end of epoch {horizon}: fastest peer / ours"
        found.append(verdict(name, ">= 1", gain, gain >= 1))
    return found


def main() -> None:
    """Parent: start children and save; child: measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--child", nargs=3)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", nargs="+", default=list(PEERS))
    chosen = parser.parse_args()
    if chosen.child:
        what, peer, cell = chosen.child
        print(json.dumps({"epochs": phases, "fit": first_fit}[what](peer, cell, chosen.threads)))
        return
    many = chosen.repeats, chosen.threads
    epochs = {cell: in_turns("epochs", chosen.peers, cell, *many) for cell in CELLS}
    fits = in_turns("fit", chosen.peers, "1,000 rows", *many)
    settings = {"threads": chosen.threads, "repeats": chosen.repeats}
    save("cold", {"targets": promises(epochs, fits), "epochs": epochs, "fits": fits, **settings})


if __name__ == "__main__":
    main()
