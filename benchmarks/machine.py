"""What machine is this, and how fast can it possibly be? Run as a script it prints the answers."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "jax", "jaxlib")
# Working set per thread of the triad: inside the second-level cache, inside the last-level cache, in memory.
LEVELS = {"L2": 192 << 10, "L3": 4 << 20, "memory": 96 << 20}


@cache
def loops() -> ctypes.CDLL:
    """peak.cpp, compiled for this processor."""
    source = HERE / "peak.cpp"
    key = hashlib.sha256(source.read_bytes() + cpu_model().encode()).hexdigest()[:16]
    library = Path(tempfile.gettempdir()) / f"chainrule-peak-{os.getuid()}-{key}.so"
    if not library.exists():
        partial = library.with_suffix(f".{os.getpid()}")
        compiler = os.environ.get("CXX", "g++")
        flags = ["-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"]
        subprocess.run([compiler, *flags, str(source), "-o", str(partial)], check=True)
        partial.replace(library)
    loaded = ctypes.CDLL(str(library))
    loaded.fma_float.argtypes = loaded.fma_double.argtypes = [ctypes.c_long]
    loaded.fma_float.restype = loaded.fma_double.restype = ctypes.c_double
    loaded.fma_flop.restype = ctypes.c_long
    loaded.triad.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_size_t, ctypes.c_long]
    return loaded


def together(work: Callable[[], object], threads: int) -> float:
    """Seconds that `threads` simultaneous runs of `work` take."""
    helpers = [threading.Thread(target=work) for _ in range(threads - 1)]
    start = time.perf_counter()
    for helper in helpers:
        helper.start()
    work()
    for helper in helpers:
        helper.join()
    return time.perf_counter() - start


def fma_gflops(threads: int, dtype: str = "float32", seconds: float = 0.05, repeats: int = 5) -> float:
    """Fused multiply-add rate of all threads together, best of `repeats`, in GFLOP/s."""
    loop = loops().fma_float if dtype == "float32" else loops().fma_double
    flop = loops().fma_flop(np.dtype(dtype).itemsize)
    pilot = 100_000
    rounds = max(1000, int(pilot * seconds / together(lambda: loop(pilot), 1)))
    return max(flop * rounds * threads / together(lambda: loop(rounds), threads) for _ in range(repeats)) / 1e9


def triad_gbs(threads: int, working_set: int, seconds: float = 0.05, repeats: int = 3) -> float:
    """Bytes read and written per second by a[i] = b[i] + s c[i], all threads together, in GB/s."""
    n = working_set // 12
    sets = [[np.ones(n, dtype=np.float32) for _ in range(3)] for _ in range(threads)]
    free = list(sets)

    def work(rounds: int) -> None:
        a, b, c = free.pop()
        loops().triad(a.ctypes.data, b.ctypes.data, c.ctypes.data, n, rounds)
        free.append([a, b, c])

    rounds = max(1, int(seconds / max(together(lambda: work(1), 1), 1e-6)))
    best = min(together(lambda: work(rounds), threads) for _ in range(repeats))
    return 12 * n * rounds * threads / best / 1e9


def cpu_model() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def instruction_sets() -> list[str]:
    """The vector instruction sets the processor reports."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return []
    flags = set(next((line.split(":", 1)[1].split() for line in text.splitlines() if line.startswith("flags")), []))
    return sorted(flags & {"avx", "avx2", "fma", "avx512f", "avx512vl", "avx512dq", "avx512bw", "amx_bf16", "asimd"})


def versions() -> dict[str, str]:
    """Installed versions of everything compared."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def commit() -> str:
    """The project's commit, with '+' if the working tree differs from it."""

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(HERE), *words], capture_output=True, text=True).stdout.strip()

    dirty = git("status", "--porcelain", "--untracked-files=no", "--", ":/src")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if dirty else "")


def limits(threads: int) -> dict[str, float]:
    """Measured rooflines for this number of threads."""
    found = {f"{dtype}_gflops": fma_gflops(threads, dtype) for dtype in ("float32", "float64")}
    found |= {f"{level}_gbs": triad_gbs(threads, size) for level, size in LEVELS.items()}
    return {key: round(value, 2) for key, value in found.items()}


def facts(thread_settings: tuple[int, ...] = (1, 2)) -> dict[str, object]:
    """Everything a reader needs to judge the numbers."""
    return {
        "time": time.strftime("%Y-%m-%d %H:%M:%S %Z"),
        "commit": commit(),
        "cpu": cpu_model(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "instruction_sets": instruction_sets(),
        "vector_bytes": loops().vector_bytes(),
        "system": platform.platform(),
        "versions": versions(),
        "limits": {str(threads): limits(threads) for threads in thread_settings},
    }


if __name__ == "__main__":
    print(json.dumps(facts(), indent=2))
