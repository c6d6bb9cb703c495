"""How often does fit copy X? A fit of 1,000,000 x 50 float32 in a fresh process: peak memory over what was there."""

from __future__ import annotations

import argparse
import json
import warnings
from importlib import import_module
from pathlib import Path

import threads
from cold import ESTIMATORS
from store import save, verdict

ROWS, COLUMNS = 1_000_000, 50


def status(field: str) -> int:
    """Bytes of a field of /proc/self/status (VmRSS now, VmHWM at its highest)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise SystemExit("peak memory is read from /proc/self/status, which this system does not have")


def fit(library: str) -> dict[str, float]:
    """Peak of one epoch's fit, as copies of X."""
    import numpy as np

    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, COLUMNS), dtype=np.float32)
    y = (X[:, 0] > X[:, 1]).astype(np.int64)
    kind = import_module(ESTIMATORS[library]).MLPClassifier
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A small fit first, so that code and libraries loaded on first use are not taken for copies.
        kind(hidden_layer_sizes=(16,), max_iter=1).fit(X[:2000], y[:2000])
        before, model = status("VmRSS"), kind(hidden_layer_sizes=(16,), max_iter=1, batch_size=1000, random_state=0)
        Path("/proc/self/clear_refs").write_text("5")
        model.fit(X, y)
    peak = status("VmHWM")
    return {
        "X_mb": X.nbytes / 1e6,
        "before_mb": before / 1e6,
        "peak_mb": peak / 1e6,
        "copies": (peak - before) / X.nbytes,
    }


def main() -> None:
    """One child per library."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child")
    chosen = parser.parse_args()
    if chosen.child:
        print(json.dumps(fit(chosen.child)))
        return
    found = {}
    for library in ESTIMATORS:
        try:
            output = threads.python("memory.py", ["--child", library], 2, capture=True).stdout
        except Exception as error:
            print(f"{library}: left out: {error}")
            continue
        found[library] = json.loads(output.splitlines()[-1])
        print(library, " ".join(f"{key} {value:.2f}" for key, value in found[library].items()))
    copies = found.get("chainrule", {}).get("copies", float("nan"))
    save("memory", {**found, "targets": [verdict("extra memory of fit, in copies of X", "<= 1", copies, copies <= 1)]})


if __name__ == "__main__":
    main()
