"""Solvers: from a gradient to a step. One frozen dataclass of hyper-parameters each; the state is explicit.

A solver owns no learning rate: schedules do. `init(theta)` makes the state (a dict of vectors as long as theta), `step` changes
theta and the state in place. `t` counts steps from 1. LBFGS is not a direction but a driver (`training/lbfgs.py`) over the
full loss. To add a solver, append one dataclass to `SOLVERS`; for native speed, add the twin the tests then ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.formulas.lookup import Array, lookup

State = dict[str, Array]


@dataclass(frozen=True)
class Solver:
    """Base of all solvers."""

    name: ClassVar[str]
    slots: ClassVar[tuple[str, ...]] = ()
    stochastic: ClassVar[bool] = True

    def init(self, theta: Array) -> State:
        """The state before the first step: one zero vector per slot."""
        return {slot: np.zeros_like(theta) for slot in self.slots}

    def step(self, theta: Array, gradient: Array, state: State, t: int, rate: float) -> None:
        """Take step number `t` (from 1) at learning rate `rate`, in place."""
        raise TypeError(f"{self.name} does not take single steps")


@dataclass(frozen=True)
class SGD(Solver):
    """Stochastic gradient descent with momentum (Polyak 1964) or Nesterov's (Sutskever et al. 2013).

    ``v <- momentum * v - rate * g``; ``theta <- theta + v``, or with `nesterov`
    ``theta <- theta + momentum * v - rate * g``. scikit-learn's convention: the rate is inside the velocity.
    """

    momentum: float = 0.9
    nesterov: bool = True

    name: ClassVar[str] = "sgd"
    slots: ClassVar[tuple[str, ...]] = ("velocity",)

    def step(self, theta: Array, gradient: Array, state: State, t: int, rate: float) -> None:
        """One step, in place."""
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity -= rate * gradient
        theta += self.momentum * velocity - rate * gradient if self.nesterov else velocity


@dataclass(frozen=True)
class Adam(Solver):
    """Adam (Kingma & Ba 2015, arXiv 1412.6980, the reordered form at the end of their section 2).

    ``m <- beta_1 m + (1 - beta_1) g``; ``v <- beta_2 v + (1 - beta_2) g**2``;
    ``theta <- theta - rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)``.
    As in scikit-learn, epsilon is the paper's "epsilon hat": it is added to the uncorrected square root (PyTorch adds
    it to the corrected one).
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    name: ClassVar[str] = "adam"
    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def step(self, theta: Array, gradient: Array, state: State, t: int, rate: float) -> None:
        """One step, in place."""
        m, v = state["m"], state["v"]
        m *= self.beta_1
        m += (1 - self.beta_1) * gradient
        v *= self.beta_2
        v += (1 - self.beta_2) * gradient**2
        theta -= self.corrected(rate, t) * m / (np.sqrt(v) + self.epsilon)

    def corrected(self, rate: float, t: int) -> float:
        """The rate with the bias corrections of both moments folded in."""
        return float(rate * np.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t))


@dataclass(frozen=True)
class LBFGS(Solver):
    """Limited-memory BFGS on the full batch, driven by scipy (Liu & Nocedal 1989; Zhu et al. 1997, L-BFGS-B).

    Parameters
    ----------
    max_fun : int
        Upper bound on evaluations of loss and gradient.
    """

    max_fun: int = 15000

    name: ClassVar[str] = "lbfgs"
    stochastic: ClassVar[bool] = False


SOLVERS: dict[str, type[Solver]] = {solver.name: solver for solver in (SGD, Adam, LBFGS)}


def get_solver(solver: str | Solver) -> Solver:
    """Return the solver of that name with its default hyper-parameters, or the user's own object as it is."""
    return solver if isinstance(solver, Solver) else lookup("solver", solver, SOLVERS, (), {})()
