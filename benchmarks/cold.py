"""How long does a newcomer wait? A fresh process to the end of the first epoch, then a first small fit.

The first epoch holds whatever a peer compiles; the second is the steady state. The fit is of 1,000 rows for 10 epochs,
through the estimators, the first one after the import.
"""

from __future__ import annotations

import argparse
import json
import time
from importlib import import_module
from itertools import pairwise

import threads
from store import save, spread, verdict

CELLS = ("20-64-64-2 b128 adam relu", "784-128-64-10 b128 adam relu")
PEERS = ("sklearn", "torch", "torch-compile", "jax", "chainrule")
ESTIMATORS = {"sklearn": "sklearn.neural_network", "chainrule": "chainrule"}


def phases(peer: str, cell_name: str) -> dict[str, float]:
    """Seconds of each phase, in this process."""
    import peers
    import problem
    from cells import select

    data = problem.make(select([cell_name])[0])
    times = [time.perf_counter()]
    module = peers.load(peer)
    times.append(time.perf_counter())
    run = module.prepare(data, 1)
    run.reset()
    times.append(time.perf_counter())
    run.run_epochs(1)
    times.append(time.perf_counter())
    run.reset()
    start = time.perf_counter()
    run.run_epochs(1)
    second = time.perf_counter() - start
    spans = [after - before for before, after in pairwise(times)]
    return {
        "import": spans[0],
        "prepare": spans[1],
        "first epoch": spans[2],
        "second epoch": second,
        "wait": sum(spans),
    }


def first_fit(library: str, rows: str) -> dict[str, float]:
    """Seconds of importing and of the first fit through the estimator."""
    import numpy as np

    rng = np.random.default_rng(0)
    X = rng.standard_normal((int(rows), 20), dtype=np.float32)
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    start = time.perf_counter()
    kind = import_module(ESTIMATORS[library]).MLPClassifier
    imported = time.perf_counter()
    model = kind(max_iter=10, random_state=0)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begun = time.perf_counter()
        model.fit(X, y)
    return {"import": imported - start, "fit": time.perf_counter() - begun}


def child(what: str, *arguments: str, repeats: int, count: int) -> dict[str, dict[str, float]]:
    """Fresh processes, one after the other; spread of every phase in milliseconds."""
    found = []
    for _ in range(repeats):
        output = threads.python("cold.py", ["--child", what, *arguments], count, capture=True).stdout
        found.append(json.loads(output.splitlines()[-1]))
    return {key: spread([1e3 * one[key] for one in found]) for key in found[0]}


def attempt(label: str, *arguments: str, repeats: int, count: int) -> dict[str, dict[str, float]] | None:
    """`child`, with a line printed; None where the peer cannot run."""
    try:
        spans = child(*arguments, repeats=repeats, count=count)
    except Exception as error:
        print(f"{label:45} left out: {error}")
        return None
    print(
        f"{label:45}" + "  ".join(f"{key} {value['median']:.1f}" for key, value in spans.items()) + "  ms", flush=True
    )
    return spans


def main() -> None:
    """Parent: start children and save; child: measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=3)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", nargs="+", default=PEERS)
    chosen = parser.parse_args()
    if chosen.child:
        what, first, second = chosen.child
        print(json.dumps({"phases": phases, "fit": first_fit}[what](first, second)))
        return
    many = {"repeats": chosen.repeats, "count": chosen.threads}
    epochs = {
        cell: {peer: attempt(f"{cell}, {peer}", "phases", peer, cell, **many) for peer in chosen.peers}
        for cell in CELLS
    }
    fits = {library: attempt(f"fit 1,000 x 20, {library}", "fit", library, "1000", **many) for library in ESTIMATORS}
    found = fits["chainrule"]
    reached = found["fit"]["median"] if found else float("nan")
    target = verdict("first fit of 1,000 rows x 10 epochs after import, ms", "<= 20", reached, reached <= 20)
    save("cold", {"epochs": epochs, "fits": fits, "threads": chosen.threads, "targets": [target]})


if __name__ == "__main__":
    main()
