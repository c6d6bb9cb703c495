"""The libraries compared. One module per peer, each with the same small interface.

`covers(cell)` says whether the peer takes part in a cell; `prepare(problem, threads)` returns a run with `reset()`,
which puts the initial weights and a fresh solver in place, and `run_epochs(n, watch)`, which trains from there and returns
the n epoch losses (in scikit-learn's convention, L2 term included); `watch`, if there is one, is called after every epoch.
`run_epochs` is called once after each `reset`. `begin(problem)` changes to the initial weights and row orders of another
problem on the same data; `parameters()` are the present weights (I, O) and biases (O,) of every layer.
A peer's library is imported only when asked for, so that no benchmark pays for another's.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType

MODULES = {
    "sklearn": "peers.scikit_learn",
    "torch": "peers.torch_eager",
    "torch-compile": "peers.torch_compiled",
    "jax": "peers.jax_scan",
    "chainrule": "peers.ours",
    "chainrule-reference": "peers.ours_reference",
    "torch-max-autotune": "peers.torch_autotuned",
    "keras": "peers.keras_jitted",
}
DEFAULT = ("sklearn", "torch", "torch-compile", "jax", "chainrule")
OURS = "chainrule"
Watch = Callable[[], None]
GATE = "sklearn"


def load(name: str) -> ModuleType:
    """The peer's module; imports its library."""
    return importlib.import_module(MODULES[name])
