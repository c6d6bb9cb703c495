"""How much faster than scikit-learn in double precision, where the numbers equal its own? Options as compare.py."""

from __future__ import annotations

import sys

import compare

FIXED = ["--dtype", "float64", "--peers", "sklearn", "chainrule", "--out", str(compare.RESULTS / "float64")]


def main() -> None:
    """compare.py on the design's rows and the grid's first cells."""
    limits = [] if "--budget" in sys.argv else ["--budget", "240"]
    sys.argv[1:] = [*FIXED, *limits, *sys.argv[1:]]
    compare.main()


if __name__ == "__main__":
    main()
