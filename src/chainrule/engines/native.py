"""The native engine: hands arrays to C++ (src/native); no arithmetic here."""

from __future__ import annotations

from typing import Any

from chainrule.engines.base import Session, TrainingData
from chainrule.formulas.lookup import Array
from chainrule.formulas.solvers import Solver, State
from chainrule.network import Network


class NativeEngine:
    """The fast twin of the reference engine (being connected)."""

    name = "native"

    def refusal(self, network: Network, dtype: Any, solver: Solver | None = None) -> str | None:
        """Why this engine cannot do it."""
        return "the compiled part of chainrule is missing."

    def predict(self, network: Network, theta: Array, X: Any, n_threads: int = 1) -> Array:
        """Output activations."""
        raise ValueError(self.refusal(network, theta.dtype))

    def loss_and_gradient(
        self,
        network: Network,
        theta: Array,
        X: Any,
        Y: Any,
        sample_weight: Any = None,
        alpha: float = 0.0,
        n_threads: int = 1,
    ) -> tuple[float, Array]:
        """The objective and its gradient."""
        raise ValueError(self.refusal(network, theta.dtype))

    def session(
        self,
        network: Network,
        theta: Array,
        data: TrainingData,
        solver: Solver,
        alpha: float = 0.0,
        n_threads: int = 1,
        state: State | None = None,
        t: int = 0,
    ) -> Session:
        """Begin or resume a training."""
        raise ValueError(self.refusal(network, theta.dtype))
