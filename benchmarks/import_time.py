"""What does `import chainrule` cost over the import of what it stands on?"""

from __future__ import annotations

import argparse

import threads
from store import save, spread, verdict

BASE = "import numpy, sklearn.neural_network"
# What is imported before the clock starts, and what while it runs.
STATEMENTS = {
    "base": ("pass", BASE),
    "chainrule alone": ("pass", "import chainrule; chainrule.MLPClassifier"),
    "chainrule over base": (BASE, "import chainrule; chainrule.MLPClassifier"),
}
TIMED = "import time; {}; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


def main() -> None:
    """Fresh processes, interleaved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=11)
    chosen = parser.parse_args()
    samples: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for turn in range(chosen.repeats + 1):
        for name, statement in STATEMENTS.items():
            seconds = float(threads.statement(TIMED.format(*statement), 1))
            if turn:  # the first turn warms the file cache
                samples[name].append(1e3 * seconds)
    spreads = {name: spread(values) for name, values in samples.items()}
    for name, value in spreads.items():
        print(f"{name:20} {value['median']:.1f} ms (min {value['min']:.1f}, max {value['max']:.1f})")
    extra = spreads["chainrule over base"]["median"]
    save(
        "import_time",
        {**spreads, "targets": [verdict("import over its base, ms", "<= 100", extra, extra <= 100)]},
        samples,
    )


if __name__ == "__main__":
    main()
