"""Solvers: from a gradient to a step. One frozen dataclass of hyper-parameters each; the state is explicit.

A solver owns no learning rate: schedules do. `init(theta)` makes the state (a dict of vectors as long as theta), `step` changes
theta and the state in place. `t` counts steps from 1. LBFGS is not a direction but a driver (`training/lbfgs.py`) over the
full loss. To add a solver, append one dataclass to `SOLVERS`; for native speed, add the twin the tests then ask for.

A field that an estimator has too, such as `momentum` or `epsilon`, takes the estimator's value; where scikit-learn's default
would be the wrong one for the solver, the field bears another name (`eps`, `heavy_ball`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.formulas.lookup import Array, lookup
from chainrule.formulas.ranges import check_number, check_whole

State = dict[str, Array]


@dataclass(frozen=True)
class Solver:
    """Base of all solvers."""

    name: ClassVar[str]
    stochastic: ClassVar[bool] = True

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the state's vectors."""
        return ()

    @property
    def decay(self) -> float:
        """Decoupled weight decay: before each step the engine multiplies the weights, not the biases, by 1 - rate * decay."""
        return 0.0

    def init(self, theta: Array) -> State:
        """The state before the first step: one zero vector per slot."""
        return {slot: np.zeros_like(theta) for slot in self.slots}

    def carried(self, before: float, rate: float) -> float:
        """The rate that the coming step's velocity is made of, from the one of the step before."""
        return rate

    def speed(self, state: State, t: int, rate: float, carried: float) -> float | Array:
        """How far a constant gradient of 1 would move a parameter in step `t`, with the state after it.

        The L1 penalty's proximal step is taken with it: then the solver's fixed points are the penalised objective's minima,
        whatever the schedule.
        """
        return rate

    def step(self, theta: Array, gradient: Array, state: State, t: int, rate: float) -> None:
        """Take step number `t` (from 1) at learning rate `rate`, in place."""
        raise TypeError(f"{self.name} does not take single steps")


@dataclass(frozen=True)
class SGD(Solver):
    """Stochastic gradient descent with momentum (Polyak 1964) or Nesterov's (Sutskever et al. 2013).

    ``v <- momentum * v - (1 - dampening) * rate * g``; ``theta <- theta + v``, or with `nesterov`
    ``theta <- theta + momentum * v - rate * g``; v starts at zero. scikit-learn's convention: the rate is inside the
    velocity. With ``dampening=momentum`` this is the lectures' average ``v <- a v + (1 - a) g`` (lecture 000, "Momentum";
    lecture 002, "Gradient descent with momentum"). Without momentum it is ``theta <- theta - rate * g`` (lecture 000,
    "Stochastic Gradient Descent"; lecture 002, "Minibatch Stochastic gradient descent"), and with a batch of all rows gradient
    descent (lectures 000 and 001, "Gradient descent").

    Parameters
    ----------
    momentum : float
        What is kept of the velocity.
    nesterov : bool
        Whether to look ahead.
    dampening : float
        What is left out of the gradient, from the first step on (PyTorch leaves nothing out at the first).
    """

    momentum: float = 0.9
    nesterov: bool = True
    dampening: float = 0.0

    name: ClassVar[str] = "sgd"

    def __post_init__(self) -> None:
        check_number(self, "momentum", 0, 1, "[]")
        check_number(self, "dampening", 0, 1, "[]")
        if self.nesterov and self.dampening:
            raise ValueError(
                f"SGD: nesterov=True has no meaning with dampening={self.dampening!r}; set nesterov=False or dampening=0."
            )

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the state's vectors."""
        return ("velocity",)

    def carried(self, before: float, rate: float) -> float:
        """The velocity of a constant gradient of 1: old rates live on in it."""
        return self.momentum * before + (1 - self.dampening) * rate

    def speed(self, state: State, t: int, rate: float, carried: float) -> float:
        """The velocity, or what Nesterov's step makes of it."""
        return self.momentum * carried + rate if self.nesterov else carried

    def step(self, theta: Array, gradient: Array, state: State, t: int, rate: float) -> None:
        """One step, in place."""
        velocity, descent = state["velocity"], rate * gradient
        velocity *= self.momentum
        velocity -= (1 - self.dampening) * descent if self.dampening else descent
        theta += self.momentum * velocity - descent if self.nesterov else velocity


@dataclass(frozen=True)
class Adagrad(Solver):
    """Adagrad (Duchi, Hazan & Singer 2011, JMLR 12), with PyTorch's convention (lecture 000, "Other Optimization Algorithms").

    ``sum <- sum + g**2``; ``theta <- theta - rate * g / (sqrt(sum) + eps)``.

    Parameters
    ----------
    eps : float
        Added to the square root.
    initial_accumulator : float
        What the sum starts from.
    """

    eps: float = 1e-10
    initial_accumulator: float = 0.0

    name: ClassVar[str] = "adagrad"

    def __post_init__(self) -> None:
        check_number(self, "eps", ends="()")
        check_number(self, "initial_accumulator")

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the state's vectors."""
        return ("sum",)

    def init(self, theta: Array) -> State:
        """The state before the first step."""
        return {"sum": np.full_like(theta, self.initial_accumulator)}

    def speed(self, state: State, t: int, rate: float, carried: float) -> Array:
        """Each parameter's own rate."""
        speed: Array = rate / (np.sqrt(state["sum"]) + self.eps)
        return speed

    def step(self, theta: Array, gradient: Array, state: State, t: int, rate: float) -> None:
        """One step, in place."""
        total = state["sum"]
        total += gradient**2
        theta -= rate * gradient / (np.sqrt(total) + self.eps)


@dataclass(frozen=True)
class Adadelta(Solver):
    """Adadelta (Zeiler 2012, arXiv 1212.5701, algorithm 1; lecture 002, "Other stochastic optimizers"), times the rate.

    ``v <- rho v + (1 - rho) g**2``; ``s = sqrt(d + eps) / sqrt(v + eps) * g``; ``d <- rho d + (1 - rho) s**2``;
    ``theta <- theta - rate * s``. The paper has no rate: it is ``learning_rate_init=1``.

    Parameters
    ----------
    rho : float
        What is kept of both averages.
    eps : float
        Added under both square roots.
    """

    rho: float = 0.9
    eps: float = 1e-6

    name: ClassVar[str] = "adadelta"

    def __post_init__(self) -> None:
        check_number(self, "rho", 0, 1)
        check_number(self, "eps", ends="()")

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the state's vectors."""
        return ("v", "d")

    def speed(self, state: State, t: int, rate: float, carried: float) -> Array:
        """Each parameter's own rate."""
        speed: Array = rate * np.sqrt(state["d"] + self.eps) / np.sqrt(state["v"] + self.eps)
        return speed

    def step(self, theta: Array, gradient: Array, state: State, t: int, rate: float) -> None:
        """One step, in place."""
        v, d = state["v"], state["d"]
        v *= self.rho
        v += (1 - self.rho) * gradient**2
        change = np.sqrt(d + self.eps) / np.sqrt(v + self.eps) * gradient
        d *= self.rho
        d += (1 - self.rho) * change**2
        theta -= rate * change


@dataclass(frozen=True)
class RMSProp(Solver):
    """RMSProp (Tieleman & Hinton 2012), with PyTorch's convention (lecture 000, "Other Optimization Algorithms").

    ``v <- decay_rate * v + (1 - decay_rate) * g**2``; ``s = g / (sqrt(v) + eps)``; ``theta <- theta - rate * s``, or with
    momentum ``velocity <- heavy_ball * velocity + s``; ``theta <- theta - rate * velocity``.

    Parameters
    ----------
    decay_rate : float
        What is kept of the mean square.
    eps : float
        Added to the square root.
    heavy_ball : float
        Momentum of the scaled gradients, without the rate (in SGD the rate is inside the velocity).
    """

    decay_rate: float = 0.99
    eps: float = 1e-8
    heavy_ball: float = 0.0

    name: ClassVar[str] = "rmsprop"

    def __post_init__(self) -> None:
        check_number(self, "decay_rate", 0, 1)
        check_number(self, "eps", ends="()")
        check_number(self, "heavy_ball", 0, 1)

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the state's vectors."""
        return ("v", "velocity") if self.heavy_ball else ("v",)

    def speed(self, state: State, t: int, rate: float, carried: float) -> Array:
        """Each parameter's own rate, and what momentum makes of it."""
        speed: Array = rate / (1 - self.heavy_ball if self.heavy_ball < 1 else 1) / (np.sqrt(state["v"]) + self.eps)
        return speed

    def step(self, theta: Array, gradient: Array, state: State, t: int, rate: float) -> None:
        """One step, in place."""
        v = state["v"]
        v *= self.decay_rate
        v += (1 - self.decay_rate) * gradient**2
        change: Array = gradient / (np.sqrt(v) + self.eps)
        if self.heavy_ball:
            velocity = state["velocity"]
            velocity *= self.heavy_ball
            velocity += change
            change = velocity
        theta -= rate * change


@dataclass(frozen=True)
class Adam(Solver):
    """Adam (Kingma & Ba 2015, arXiv 1412.6980, the reordered form at the end of their section 2).

    ``m <- beta_1 m + (1 - beta_1) g``; ``v <- beta_2 v + (1 - beta_2) g**2``;
    ``theta <- theta - rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)``.
    As in scikit-learn, epsilon is the paper's "epsilon hat": it is added to the uncorrected square root (PyTorch adds
    it to the corrected one). Named in lecture 002, "Other stochastic optimizers".
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    name: ClassVar[str] = "adam"

    def __post_init__(self) -> None:
        check_number(self, "beta_1", 0, 1)
        check_number(self, "beta_2", 0, 1)
        check_number(self, "epsilon", ends="()")

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the state's vectors."""
        return ("m", "v")

    def speed(self, state: State, t: int, rate: float, carried: float) -> Array:
        """Each parameter's own rate."""
        speed: Array = self.corrected(rate, t) / (np.sqrt(state["v"]) + self.epsilon)
        return speed

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
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv 1711.05101), as in PyTorch.

    Before each step ``w <- w - rate * weight_decay * w``, for weights, not for biases; then Adam's step.

    Parameters
    ----------
    beta_1, beta_2, epsilon : float
        Adam's.
    weight_decay : float
        The decay.
    """

    weight_decay: float = 0.01

    name: ClassVar[str] = "adamw"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "weight_decay")

    @property
    def decay(self) -> float:
        """Decoupled weight decay."""
        return self.weight_decay


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

    def __post_init__(self) -> None:
        check_whole(self, "max_fun")


SOLVERS: dict[str, type[Solver]] = {
    solver.name: solver for solver in (SGD, Adagrad, Adadelta, RMSProp, Adam, AdamW, LBFGS)
}


def get_solver(solver: str | Solver) -> Solver:
    """Return the solver of that name with its default hyper-parameters, or the user's own object as it is."""
    return solver if isinstance(solver, Solver) else lookup("solver", solver, SOLVERS, (), {})()
