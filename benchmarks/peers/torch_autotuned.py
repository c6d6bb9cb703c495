"""PyTorch, torch.compile in its mode max-autotune: not part of the comparison unless asked for.

The mode tries several forms of every product before it settles on one, which takes longer still.
"""

from __future__ import annotations

from peers import torch_compiled
from peers.torch_compiled import covers
from problem import Problem

__all__ = ["covers", "prepare"]


def prepare(problem: Problem, threads: int) -> torch_compiled.Run:
    """torch.compile, this mode."""
    return torch_compiled.prepare(problem, threads, "max-autotune")
