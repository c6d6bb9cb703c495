"""A training step as pure functions, written for torch.compile and JAX alike: forward pass, then from gradient to new parameters.

`xp` is torch or jax.numpy; parameters are (weights, biases, scales), each a list over the layers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from entries.task import DELTA, QUANTILE, Task

EPSILON, RUNNING, MOMENTUM = 1e-5, 0.1, 0.9
# State vectors per parameter.
SLOTS = {"sgd": 1, "adagrad": 1, "adadelta": 2, "rmsprop": 1, "adam": 2, "adamw": 2}


@dataclass(frozen=True)
class Tools:
    """What the two libraries write differently: x @ w + b (without b if None), the activation, dropout, the loss."""

    xp: Any
    affine: Callable[[Any, Any, Any], Any]
    activate: Callable[[Any], Any]
    drop: Callable[[Any, float, Any], Any]
    loss: Callable[[Any, Any], Any]


def forward(tools: Tools, task: Task, parameters: Any, x: Any, keys: Any) -> tuple[Any, list[Any]]:
    """Raw scores, and mean and variance of every normalised layer; `keys` are one for each dropout."""
    weights, biases, scales = parameters
    seen = []
    for place, (w, b) in enumerate(zip(weights[:-1], biases[:-1], strict=True)):
        if task.batch_norm:
            z = tools.affine(x, w, None)
            mean = z.mean(0)
            centred = z - mean
            variance = (centred * centred).mean(0)
            z = centred * (scales[place] / (variance + EPSILON) ** 0.5) + b
            seen.append((mean, variance))
        else:
            z = tools.affine(x, w, b)
        x = tools.activate(z)
        x = tools.drop(x, task.dropout, keys[place]) if task.dropout else x
    return tools.affine(x, weights[-1], biases[-1]), seen


def sgd(xp: Any, p: Any, g: Any, state: Any, rate: float, t: Any) -> tuple[Any, Any]:
    """Nesterov's momentum, the rate inside the velocity."""
    velocity = MOMENTUM * state[0] - rate * g
    return p + MOMENTUM * velocity - rate * g, (velocity,)


def adagrad(xp: Any, p: Any, g: Any, state: Any, rate: float, t: Any) -> tuple[Any, Any]:
    """Adagrad."""
    total = state[0] + g * g
    return p - rate * g / (xp.sqrt(total) + 1e-10), (total,)


def adadelta(xp: Any, p: Any, g: Any, state: Any, rate: float, t: Any) -> tuple[Any, Any]:
    """Adadelta."""
    v = 0.9 * state[0] + 0.1 * g * g
    change = xp.sqrt(state[1] + 1e-6) / xp.sqrt(v + 1e-6) * g
    return p - rate * change, (v, 0.9 * state[1] + 0.1 * change * change)


def rmsprop(xp: Any, p: Any, g: Any, state: Any, rate: float, t: Any) -> tuple[Any, Any]:
    """RMSProp."""
    v = 0.99 * state[0] + 0.01 * g * g
    return p - rate * g / (xp.sqrt(v) + 1e-8), (v,)


def adam(xp: Any, p: Any, g: Any, state: Any, rate: float, t: Any) -> tuple[Any, Any]:
    """Adam in its reordered form."""
    m, v = 0.9 * state[0] + 0.1 * g, 0.999 * state[1] + 0.001 * g * g
    return p - rate * xp.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (xp.sqrt(v) + 1e-8), (m, v)


UPDATES = {"sgd": sgd, "adagrad": adagrad, "adadelta": adadelta, "rmsprop": rmsprop, "adam": adam, "adamw": adam}


def clipped(xp: Any, task: Task, gradients: list[Any]) -> list[Any]:
    """Gradients of all parameters, in norm or in value not above the limit."""
    if task.clip_norm:
        norm = xp.sqrt(sum((g * g).sum() for g in gradients))
        factor = xp.clip(task.clip_norm / norm, None, 1.0)
        gradients = [g * factor for g in gradients]
    if task.clip_value:
        gradients = [xp.clip(g, -task.clip_value, task.clip_value) for g in gradients]
    return gradients


def step(
    xp: Any, task: Task, leaves: list[Any], gradients: list[Any], states: list[Any], n_weights: int, t: Any
) -> tuple[list[Any], list[Any]]:
    """New parameters and state of all arrays, weights first; max-norm is for weights (I, O)."""
    penalised = [g + task.l2 * p for g, p in zip(gradients[:n_weights], leaves, strict=False)] if task.l2 else None
    gradients = clipped(xp, task, penalised + gradients[n_weights:] if penalised else gradients)
    found = []
    for place, (p, g, state) in enumerate(zip(leaves, gradients, states, strict=True)):
        weight = place < n_weights
        p = p * (1 - task.rate * task.decay) if weight and task.decay else p
        p, state = UPDATES[task.solver](xp, p, g, state, task.rate, t)
        if weight and task.l1:
            p = shrunk(xp, p, task.l1 * speed(task, t))
        if weight and task.max_norm:
            p = p * xp.clip(task.max_norm / xp.sqrt((p * p).sum(0)), None, 1.0)
        found.append((p, state))
    return [p for p, _ in found], [state for _, state in found]


def speed(task: Task, t: Any) -> Any:
    """How far Nesterov's step number t moves under a constant gradient of one."""
    carried = task.rate * (1 - MOMENTUM**t) / (1 - MOMENTUM)
    return MOMENTUM * carried + task.rate


def shrunk(xp: Any, w: Any, amount: Any) -> Any:
    """Every weight moved towards zero, no further."""
    return xp.sign(w) * xp.clip(abs(w) - amount, 0.0, None)


# Losses of the outputs that both libraries write alike; the others are in their modules.
PLAIN_LOSSES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "hinge": lambda xp, z, y: xp.clip(1 - (2 * y - 1) * z, 0.0, None).sum(1).mean(),
    "perceptron": lambda xp, z, y: xp.clip((1 - 2 * y) * z, 0.0, None).sum(1).mean(),
    "poisson": lambda xp, z, y: (xp.exp(z) - y * z).sum(1).mean(),
    "squared_error": lambda xp, z, y: 0.5 * ((z - y) * (z - y)).sum(1).mean(),
    "mse": lambda xp, z, y: ((z - y) * (z - y)).mean(),
    "absolute_error": lambda xp, z, y: abs(z - y).mean(),
    "huber": lambda xp, z, y: xp.where(
        abs(z - y) <= DELTA, 0.5 * (z - y) * (z - y), DELTA * (abs(z - y) - 0.5 * DELTA)
    ).mean(),
    "quantile": lambda xp, z, y: xp.maximum(QUANTILE * (y - z), (QUANTILE - 1) * (y - z)).mean(),
}
