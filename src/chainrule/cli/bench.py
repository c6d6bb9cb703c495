"""`chainrule bench`: a short comparison with scikit-learn on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from chainrule.cli.options import Json, Threads


def bench(
    threads: Threads = None,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Timings of each cell; the median counts.")] = 5,
    as_json: Json = False,
) -> None:
    """Compare the speed with scikit-learn's.

    Training and predicting on this machine, in less than half a minute: same weights, same batches, same results
    (checked), in turns.
    """
    from chainrule.cli.benchmark import compare, machine
    from chainrule.cli.output import emit, grid, say

    about = machine(threads)
    if not as_json:
        say(f"{about['processor']}; chainrule {about['chainrule']} and scikit-learn {about['scikit-learn']}, "
            f"{about['threads']} threads each, float32, median of {rounds}")  # fmt: skip
        say()
    found = list(compare(about["threads"], rounds))
    if as_json:
        emit({**about, "rounds": rounds, "cells": found})
        return
    rows = [
        (cell["task"], f"{cell['chainrule']:,.1f}", f"{cell['scikit-learn']:,.1f}", f"{cell['ratio']:.1f} x",
         "same results" if cell["agrees"] else "RESULTS DIFFER")
        for cell in found
    ]  # fmt: skip
    header = ("microseconds per step or call", "chainrule", "scikit-learn", "faster by", "check")
    grid(rows, header=header, right=(1, 2, 3))
    if not all(cell["agrees"] for cell in found):
        raise typer.Exit(1)
