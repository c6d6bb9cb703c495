"""How many threads to use: as many as the user says, or as the machine, the container and the callers allow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock

from threadpoolctl import ThreadpoolController

from chainrule.engines import checked_threads

# Set by joblib in its workers, and by users and batch systems; a list such as "4,2" holds one number per nesting level.
VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def threads_for(n_threads: int | None, alone: bool = False) -> int:
    """The number of threads for what the user said.

    Parameters
    ----------
    n_threads : int or None
        What the user said; None is `default_threads`.
    alone : bool
        Whether the work is too small to share: one thread does it, and finding out how many there are is spared.

    Raises
    ------
    ValueError
        If it is neither None nor a whole number from 1 to 4096.
    """
    asked = None if n_threads is None else checked_threads(n_threads)
    if alone:
        return 1
    return default_threads() if asked is None else asked


def default_threads() -> int:
    """The smallest of all limits: processors of this process, CPU quota, environment, threadpoolctl."""
    return max(1, min(processors(), *_own_quotas(os.getpid()), *environment(os.environ), *pools()))


@lru_cache(maxsize=1)
def _own_quotas(process: int) -> tuple[int, ...]:
    # A dozen files, about half a millisecond; they do not change while a process lives.
    return tuple(quotas())


def processors() -> int:
    """Processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def environment(variables: Mapping[str, str]) -> Iterator[int]:
    """Limits in environment variables; anything but a positive number is no limit."""
    for name in VARIABLES:
        first = variables.get(name, "").split(",")[0].strip()
        if first.isdigit() and int(first) > 0:
            yield int(first)


def pools() -> Iterator[int]:
    """Present limits of this process's BLAS and OpenMP libraries, as `threadpoolctl.threadpool_limits` sets them."""
    for library in _controller().lib_controllers:
        threads = library.num_threads
        if threads is not None and threads > 0:
            yield int(threads)


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    # Walking the loaded libraries takes about a millisecond; which there are does not change, only their limits.
    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Context in which NumPy's products take one thread, unless another thread is in it already.

    For small ones beside a training: BLAS's other threads would wait for the next on the training's processors, some 30 ms
    each time. The limit is one of the whole process, and whoever set it must lift it.
    """
    lock = _limiting()
    if not lock.acquire(blocking=False):
        yield
        return
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        lock.release()


@lru_cache(maxsize=1)
def _limiting() -> Lock:
    return Lock()


def quotas(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> Iterator[int]:
    """CPU quotas of the control groups (versions 1 and 2) this process is in, and of their ancestors, in processors."""
    for hierarchy in _lines(membership):
        _, controllers, path = hierarchy.split(":", 2)
        if controllers == "":
            bases, read = (root, root / "unified"), _quota_v2
        elif "cpu" in controllers.split(","):
            bases, read = (root / controllers, root / "cpu"), _quota_v1
        else:
            continue
        for base in bases:
            group = base / path.strip("/")
            # Inside a container the path may name a group of the host that is not mounted; the base is then the group.
            for folder in (group, *(parent for parent in group.parents if base == parent or base in parent.parents)):
                quota = read(folder)
                if quota is not None:
                    yield quota


def _quota_v2(folder: Path) -> int | None:
    fields = " ".join(_lines(folder / "cpu.max")).split()
    return _processors(fields[0], fields[1]) if len(fields) == 2 else None


def _quota_v1(folder: Path) -> int | None:
    quota, period = _lines(folder / "cpu.cfs_quota_us"), _lines(folder / "cpu.cfs_period_us")
    return _processors(quota[0], period[0]) if quota and period else None


def _processors(quota: str, period: str) -> int | None:
    if not (quota.isdigit() and period.isdigit()) or int(period) == 0:
        return None
    return max(1, int(quota) // int(period))


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
