"""How long does the explanation of one row of an MNIST network take, from the call to the JSON? Promised: under a second.

Not named like the package it times: a script named `trace` would hide Python's own module.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from store import save, spread, verdict

INPUTS, HIDDEN, CLASSES = 784, (128, 64), 10
LIMIT = 1.0


def seconds(seed: int) -> float:
    """One explanation: forward, loss, backward, gradient descent's step, the check, all written out."""
    from chainrule.network import Dense, Network
    from chainrule.trace import trace

    layers = (*(Dense(units, "relu") for units in HIDDEN), Dense(CLASSES, "softmax"))
    network, rng = Network(INPUTS, layers, "log_loss"), np.random.default_rng(seed)
    theta, X, y = network.init(seed), rng.random((1, INPUTS)), np.eye(CLASSES)[[seed % CLASSES]]
    start = time.perf_counter()
    text = trace(network, theta, X, y).to_json()
    taken = time.perf_counter() - start
    if len(text) < network.n_parameters:
        raise RuntimeError(f"the document has {len(text)} characters for {network.n_parameters} parameters.")
    return taken


def main() -> None:
    """Time them, save, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=11)
    chosen = parser.parse_args()
    # The first one imports and warms up.
    samples = [seconds(turn) for turn in range(chosen.repeats + 1)][1:]
    found = spread(samples)
    print(f"784-128-64-10, one row to JSON: {found['median']:.3f} s (min {found['min']:.3f}, max {found['max']:.3f})")
    judged = verdict(
        "one row of 784-128-64-10 explained to JSON, s", f"< {LIMIT:g}", found["median"], found["median"] < LIMIT
    )
    save("tracing", {"784-128-64-10": found, "targets": [judged]}, {"784-128-64-10": samples})


if __name__ == "__main__":
    main()
