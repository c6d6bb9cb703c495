"""A job: numbered tasks done by several threads, which end together, whether the job is done, fails or is interrupted."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from contextvars import copy_context
from math import inf
from typing import Any

from sklearn import config_context, get_config

from chainrule.training import threads_for

# Seconds after which the waiting thread looks for Ctrl-C where the system does not wake it up.
GLANCE = 0.2


class _Unwanted(BaseException):
    """Ends a task whose result nobody waits for any more; no `except Exception` holds it up."""


class Worker(threading.Thread):
    """A thread with the context and scikit-learn's configuration of the thread that makes it."""

    def __init__(self, serve: Callable[[], None], number: int) -> None:
        super().__init__(name=f"chainrule-{number}", daemon=True)
        self._serve, self._context, self._config = serve, copy_context(), get_config()
        self._ended = threading.Event()

    def run(self) -> None:
        """Serve until there is nothing left."""
        try:
            with config_context(**self._config):
                self._context.run(self._serve)
        finally:
            self._ended.set()

    def wait(self) -> None:
        """Wait for the end, if it was begun. `Thread.join` after a Ctrl-C takes a running thread for ended (Python 3.11)."""
        while self.ident is not None and not self._ended.wait(GLANCE):
            continue


class Job:
    """Numbered tasks, begun in order by several threads.

    Parameters
    ----------
    count : int
        Number of tasks.
    work : callable
        ``(place, check) -> result``; it calls ``check()`` now and then, which raises if the result is no longer wanted.
    named : callable
        ``place -> str``, for the note on an exception.
    """

    def __init__(self, count: int, work: Callable[[int, Callable[[], None]], Any], named: Callable[[int], str]) -> None:
        self._work, self._named = work, named
        self._places, self._lock = iter(range(count)), threading.Lock()
        self._results: list[Any] = [None] * count
        self._failures: dict[int, BaseException] = {}
        self._wanted: float = inf  # tasks from this place on are not

    def run(self, n_threads: int | None = None) -> list[Any]:
        """All results, in order.

        The calling thread only waits, so that Ctrl-C reaches it and not a network, which would end its own training and let
        the next begin.

        Raises
        ------
        Exception
            Of the first task, in order, that failed. Tasks before it are done; which others, depends on the moment.
        """
        threads = threads_for(n_threads)
        crew = [Worker(self._serve, number) for number in range(min(threads, len(self._results)))]
        # Entered here and left when all have ended: `catch_warnings` inside the threads (scikit-learn's checks have it) saves
        # and restores the filters of the whole process, in whatever order the threads come to it.
        with warnings.catch_warnings():
            self._wait(crew)
        if self._failures:
            place = min(self._failures)
            error = self._failures[place]
            error.add_note(self._named(place))
            raise error
        return self._results

    def _wait(self, crew: list[Worker]) -> None:
        try:
            for worker in crew:
                try:
                    worker.start()
                except RuntimeError:  # the system grants no more threads: those there are do the work
                    if worker is crew[0]:
                        raise
                    break
            for worker in crew:
                worker.wait()
        except BaseException:
            self._wanted = -1
            for worker in crew:
                worker.wait()
            raise

    def _serve(self) -> None:
        while (place := self._next()) is not None:
            self._do(place)

    def _next(self) -> int | None:
        with self._lock:
            place = next(self._places, None)
        return None if place is None or place >= self._wanted else place

    def _do(self, place: int) -> None:
        def check() -> None:
            if place >= self._wanted:
                raise _Unwanted

        try:
            self._results[place] = self._work(place, check)
        except _Unwanted:
            return
        except BaseException as error:
            with self._lock:
                self._failures[place] = error
                self._wanted = min(self._wanted, place)
