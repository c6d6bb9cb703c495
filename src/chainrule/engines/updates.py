"""From the gradient to the new parameters: clipping, decay, the solver's rule, L1, max-norm, in this order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.base import StepSettings
from chainrule.formulas.lookup import Array
from chainrule.formulas.solvers import Solver, State
from chainrule.network import Network


def absolute_penalty(network: Network, theta: Array, settings: StepSettings) -> float:
    """The L1 term of the objective."""
    return settings.l1 * float(np.abs(theta[: network.n_weights]).sum()) if settings.l1 else 0.0


def clipped(network: Network, gradient: Array, settings: StepSettings) -> Array:
    """The gradient, not longer than `clip_norm` and in no component larger than `clip_value`; frozen layers do not count."""
    with np.errstate(over="ignore", invalid="ignore"):
        if settings.clip_norm is not None:
            counted = gradient[: network.n_trained].astype(np.float64, copy=False)
            if settings.frozen:
                counted = counted[factors(network, settings) > 0]
            norm = float(np.linalg.norm(counted))
            if norm > settings.clip_norm:
                gradient = gradient * gradient.dtype.type(settings.clip_norm / norm)
        if settings.clip_value is not None:
            gradient = np.clip(gradient, -settings.clip_value, settings.clip_value)
    return gradient


def layer_factors(network: Network, settings: StepSettings) -> tuple[float, ...]:
    """Each layer's factor of the learning rate."""
    return settings.layer_rates or (1.0,) * len(network.layers)


def factors(network: Network, settings: StepSettings) -> Array:
    """Each trained parameter's factor of the learning rate, shape (n_trained,)."""
    filled = np.zeros(network.n_parameters)
    views = network.views(filled)
    for W, b, gamma, factor in zip(views.W, views.b, views.gamma, layer_factors(network, settings), strict=True):
        W[...] = b[...] = factor
        if gamma is not None:
            gamma[...] = factor
    trained: Array = filled[: network.n_trained]
    return trained


def step(
    network: Network,
    theta: Array,
    gradient: Array,
    solver: Solver,
    state: State,
    t: int,
    rate: float,
    carried: float,
    settings: StepSettings,
) -> None:
    """Change theta and the solver's state in place: step number `t` (from 1) at learning rate `rate`.

    `carried` is `Solver.carried` of this step. `limit_norms` comes after it.
    """
    gradient = clipped(network, gradient, settings)
    if settings.layer_rates is None:
        rates = rate, carried
        _group_step(network, theta, gradient, solver, state, t, rates, settings, slice(0, network.n_trained))
    else:
        speeds = factors(network, settings)
        for speed in np.unique(speeds[speeds > 0]):
            chosen = np.flatnonzero(speeds == speed)
            rates = rate * float(speed), carried * float(speed)
            _group_step(network, theta, gradient, solver, state, t, rates, settings, chosen)


def _group_step(
    network: Network,
    theta: Array,
    gradient: Array,
    solver: Solver,
    state: State,
    t: int,
    rates: tuple[float, float],
    settings: StepSettings,
    chosen: slice | NDArray[np.int64],
) -> None:
    """The step of the parameters `chosen`, which share a learning rate; the weights come before all others."""
    rate, carried = rates
    part, own = theta[chosen], {slot: vector[chosen] for slot, vector in state.items()}
    n_weights = network.n_weights if isinstance(chosen, slice) else int((chosen < network.n_weights).sum())
    weights, decay = part[:n_weights], settings.weight_decay + solver.decay
    if decay:
        weights *= 1 - rate * decay
    with np.errstate(over="ignore", invalid="ignore"):
        solver.step(part, gradient[chosen], own, t, rate)
    if settings.l1:
        speed = np.broadcast_to(solver.speed(own, t, rate, carried), part.shape)[:n_weights]
        weights[...] = np.copysign(np.maximum(np.abs(weights) - speed * weights.dtype.type(settings.l1), 0), weights)
    theta[chosen] = part
    for slot, vector in own.items():
        state[slot][chosen] = vector


def limit_norms(network: Network, theta: Array, settings: StepSettings) -> None:
    """Scale back, in place, the incoming weights of every unit whose norm is beyond `max_norm`."""
    if settings.max_norm is None:
        return
    for W, speed in zip(network.views(theta).W, layer_factors(network, settings), strict=True):
        norms = np.linalg.norm(W, axis=0)
        if speed > 0:
            W *= np.where(norms > settings.max_norm, settings.max_norm / np.maximum(norms, np.finfo(W.dtype).tiny), 1)
