"""One step of training with one entry of the tables changed at a time, in every library: what `costs.py` compares.

Each module has `prepare(task, threads)`, which returns a run with `reset()` (initial weights, fresh solver), `epoch()` (one
pass over the batches) and `parameters()`: weights (I, O), biases (O,) and batch normalisation's scales (O,) of the layers,
the biases being its shifts where there is batch normalisation. A library is imported only when asked for.
"""

from __future__ import annotations

import importlib
from types import ModuleType

MODULES = {
    "torch": "entries.torch_eager",
    "torch-compile": "entries.torch_compiled",
    "jax": "entries.jax_scan",
    "chainrule": "entries.ours",
}
OURS, GATE = "chainrule", "torch"


def load(name: str) -> ModuleType:
    """The library's module."""
    return importlib.import_module(MODULES[name])
