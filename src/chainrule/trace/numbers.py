"""The engine's numbers for a trace's layer rows: from a tape, from a step, never computed here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.optimize

from chainrule.engines import StepSettings, updates
from chainrule.engines.normalization import follow
from chainrule.engines.reference import Masks, reported, tape, training_forward
from chainrule.engines.tape import Tape
from chainrule.formulas.lookup import Array
from chainrule.formulas.solvers import Solver, State
from chainrule.network import Network
from chainrule.trace.plans.plan import Q
from chainrule.trace.rows import PARAMETERS

Numbers = dict[str, Any]


@dataclass(frozen=True)
class Pass:
    """What goes through the network.

    Parameters
    ----------
    network : Network
        The network.
    theta : ndarray of shape (P,)
        Its parameters.
    X : ndarray of shape (N, I)
        Inputs.
    Y : ndarray of shape (N, T) or None
        Encoded targets; None for a prediction.
    weight : ndarray of shape (N,) or None
        Sample weights.
    masks : list of ndarray or None
        Dropout factors of the inputs and of each hidden layer.
    frozen : tuple of int
        Layers whose batch normalisation goes by the running statistics.
    """

    network: Network
    theta: Array
    X: Array
    Y: Array | None
    weight: Array | None = None
    masks: Masks | None = None
    frozen: tuple[int, ...] = ()

    @property
    def masked(self) -> tuple[int | None, ...]:
        """Layers whose output is multiplied by dropout factors; None stands for the inputs."""
        places = [place for place, mask in enumerate(self.masks or ()) if mask is not None]
        return tuple(place - 1 if place else None for place in places)

    def tape(self, settings: StepSettings) -> Tape:
        """The engine's tape."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return tape(
                self.network,
                self.theta,
                self.X,
                self.Y if self.Y is not None else np.zeros((0, 0)),
                self.weight,
                settings.alpha,
                settings.l2,
                self.masks,
                self.frozen,
            )


@dataclass(frozen=True)
class Step:
    """What changes the parameters.

    Parameters
    ----------
    solver : Solver
        The rule.
    state : dict of ndarray
        Its vectors before the step.
    t : int
        The step's number, from 1.
    rate, carried : float
        Learning rate, and `Solver.carried` of this step.
    settings : StepSettings
        Penalties, limits, factors of layers.
    """

    solver: Solver
    state: State = field(default_factory=dict)
    t: int = 1
    rate: float = 0.1
    carried: float = 0.1
    settings: StepSettings = field(default_factory=StepSettings)


def parameter_numbers(network: Network, theta: Array, kind: str = "", name: str = "") -> Numbers:
    """Each array of a vector like theta under the id of its row: parameters, or what `kind` and `name` say of them."""
    found: Numbers = {}
    for parameter, parts in zip(PARAMETERS, network.views(theta), strict=True):
        arrays: Any = parts
        for layer, part in enumerate(arrays):
            if part is not None:
                quantity = Q(kind, layer, of=parameter, name=name) if kind else Q(parameter, layer)
                found[quantity.id] = np.array(part, np.float64)
    return found


def given_numbers(passed: Pass) -> Numbers:
    """What is given: data and parameters."""
    found = {Q("input").id: passed.X, **parameter_numbers(passed.network, passed.theta)}
    if passed.Y is not None:
        found[Q("target").id] = passed.Y
    if passed.weight is not None:
        found[Q("sample_weight").id] = passed.weight
    masks = [mask for mask in passed.masks or () if mask is not None]
    return found | {Q("mask", layer).id: mask for layer, mask in zip(passed.masked, masks, strict=True)}


def prediction_numbers(passed: Pass) -> Numbers:
    """The forward pass alone."""
    with np.errstate(over="ignore", invalid="ignore"):
        z, a, normalized = training_forward(
            passed.network, passed.theta, passed.X, np.ones(len(passed.X)), passed.masks, passed.frozen
        )
    return _forward(passed, z, a, normalized)


def _forward(passed: Pass, z: list[Array], a: list[Array], normalized: list[Any]) -> Numbers:
    found: Numbers = {}
    for layer, (score, output, done) in enumerate(zip(z, a[1:], normalized, strict=True)):
        found[Q("pre_activation", layer).id] = score
        found[Q("dropped" if layer in passed.masked else "activation", layer).id] = output
        if done is not None:
            found[Q("normalized", layer).id] = done.z_hat
            if not done.frozen:
                found |= {Q("batch_mean", layer).id: done.mean, Q("batch_variance", layer).id: done.variance}
    return found


def tape_numbers(passed: Pass, done: Tape) -> Numbers:
    """Everything on the tape."""
    found = _forward(passed, done.z, done.a, done.normalized)
    found |= {Q("delta", layer).id: delta for layer, delta in enumerate(done.delta)}
    found |= {Q("row_loss").id: done.rows, Q("weight_sum").id: done.weight_sum}
    found |= {Q("l2_penalty").id: done.penalty}
    return found | parameter_numbers(passed.network, done.gradient, "gradient")


def step_numbers(passed: Pass, done: Tape, step: Step) -> Numbers:
    """State before and after, and the new parameters, by the engine's own step."""
    network = passed.network
    if not step.solver.stochastic:
        return _search_numbers(passed, step)
    theta, state = passed.theta.copy(), {slot: vector.copy() for slot, vector in step.state.items()}
    rule = (step.solver, state, step.t, step.rate, step.carried, step.settings)
    updates.step(network, theta, done.gradient, *rule)
    updates.limit_norms(network, theta, step.settings)
    follow(network, theta, done.normalized, done.weight_sum)
    found = parameter_numbers(network, theta, "new")
    for slot, vector in step.state.items():
        found |= parameter_numbers(network, vector, "state", slot)
        found |= parameter_numbers(network, state[slot], "state_after", slot)
    return found


def _search_numbers(passed: Pass, step: Step) -> Numbers:
    """The first iteration of L-BFGS from here: the length of its step along the negative gradient."""
    network = passed.network
    trained = slice(0, network.n_trained)

    def evaluate(point: Array) -> tuple[float, Array]:
        theta = np.concatenate([point, passed.theta[network.n_trained :]])
        done = Pass(network, theta, passed.X, passed.Y, passed.weight, passed.masks, passed.frozen).tape(step.settings)
        return reported(network, done), done.gradient[trained]

    start = passed.theta[trained]
    gradient = evaluate(start)[1]
    found = scipy.optimize.minimize(evaluate, start, method="L-BFGS-B", jac=True, options={"maxiter": 1})
    squares = float(gradient @ gradient)
    return {Q("step_length").id: float((start - found.x) @ gradient) / squares if squares else 0.0}
