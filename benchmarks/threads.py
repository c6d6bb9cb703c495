"""Fixing the number of threads of every library (before it is imported, in a fresh process), and letting them rest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LIBRARIES = ("OMP_NUM", "MKL_NUM", "OPENBLAS_NUM", "NUMEXPR_NUM", "VECLIB_MAXIMUM")
ONE_XLA_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def environment(threads: int) -> dict[str, str]:
    """This process's environment with every thread setting at `threads`."""
    fixed = {f"{name}_THREADS": str(threads) for name in LIBRARIES}
    fixed |= {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": ONE_XLA_THREAD if threads == 1 else ""}
    return {**os.environ, **fixed, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}


def pin(threads: int) -> None:
    """Keep this process on the first `threads` processors, where the system allows it (as `taskset -c 0` does)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def settle() -> None:
    """Wait until the threads of the library that ran last have stopped spinning (OpenBLAS's do so for some 30 ms)."""
    time.sleep(0.04)


def python(
    script: str, arguments: Sequence[str], threads: int, capture: bool = False, **variables: str
) -> subprocess.CompletedProcess:
    """Run a script of this folder in a fresh pinned interpreter with these thread settings and further variables."""
    command = [sys.executable, str(HERE / script), *arguments]
    return subprocess.run(
        command,
        env=environment(threads) | variables,
        preexec_fn=lambda: pin(threads),
        stdout=subprocess.PIPE if capture else None,
        text=True,
        check=True,
    )


def stream(script: str, arguments: Sequence[str], threads: int) -> Iterator[dict[str, Any]]:
    """JSON objects that a script's child prints, one to a line, as they come; other lines are shown.

    What came before a failure counts: the child's end is only reported.
    """
    command = [sys.executable, str(HERE / script), *arguments]
    options = {"env": environment(threads), "preexec_fn": lambda: pin(threads), "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **options) as child:
        for line in child.stdout:
            if line.startswith("{"):
                yield json.loads(line)
            else:
                print(line, end="")
    if child.returncode:
        print(f"{script} ended early with code {child.returncode}: what it measured before is kept")


def measured(script: str, counts: Sequence[int], rounds: int) -> dict[str, Any]:
    """What a script's children report as JSON in their last line, one child per thread setting; other lines are shown."""
    results = {}
    for count in counts:
        arguments = ["--child", str(count), "--rounds", str(rounds)]
        *notes, last = python(script, arguments, count, capture=True).stdout.splitlines()
        print("\n".join(notes))
        results[str(count)] = json.loads(last)
    return results


def statement(code: str, threads: int) -> str:
    """What a line of Python prints in a fresh pinned interpreter, outside this folder."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(threads),
        preexec_fn=lambda: pin(threads),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout
