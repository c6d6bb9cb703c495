"""chainrule's reference engine (NumPy): the same network and session, not part of the comparison unless asked for."""

from __future__ import annotations

from peers import ours
from peers.ours import covers
from problem import Problem

__all__ = ["covers", "prepare"]


def prepare(problem: Problem, threads: int) -> ours.Run:
    """The reference engine."""
    return ours.Run(problem, threads, "reference")
