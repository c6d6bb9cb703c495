"""Operations of a step: clipping, decay, the rules of the solvers, L1, max-norm, running statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.engines.normalization import unbiased
from chainrule.trace.operations.arithmetic import Operation, Parents, Settings, numbers


def _clip_norm(p: Parents, s: Settings) -> Any:
    gradient, norm = p
    return gradient * (s["clip_norm"] / norm) if norm > s["clip_norm"] else gradient


def _adadelta_direction(p: Parents, s: Settings) -> Any:
    gradient, before, average = p
    return np.sqrt(before + s["eps"]) / np.sqrt(average + s["eps"]) * gradient


def _adam_rate(p: Parents, s: Settings) -> Any:
    return s["rate"] * np.sqrt(1 - s["beta_2"] ** s["t"]) / (1 - s["beta_1"] ** s["t"])


def _speed(p: Parents, s: Settings) -> Any:
    state = dict(zip(s["slots"], p, strict=True))
    return s["solver"].speed(state, s["t"], s["rate"], s["carried"])


def _soft_threshold(p: Parents, s: Settings) -> Any:
    weight, speed = p
    return np.copysign(np.maximum(np.abs(weight) - speed * s["l1"], 0), weight)


def _limit_norm(p: Parents, s: Settings) -> Any:
    weight, norm = p
    tiny = np.finfo(np.float64).tiny
    return weight * np.where(norm > s["max_norm"], s["max_norm"] / np.maximum(norm, tiny), 1)


def _own_step(p: Parents, s: Settings) -> Any:
    """What a user's own solver makes of all parameters together: one of them, or of its state vectors."""
    count = len(p) // (2 + len(s["slots"]))
    sizes = np.cumsum([np.size(one) for one in p[:count]])[:-1]
    flat = [numbers(p[at : at + count]) for at in range(0, len(p), count)]
    theta, gradient, state = flat[0], flat[1], dict(zip(s["slots"], flat[2:], strict=True))
    s["solver"].step(theta, gradient, state, s["t"], s["rate"])
    chosen = state[s["slot"]] if s["slot"] else theta
    return np.split(chosen, sizes)[s["part"]].reshape(np.shape(p[s["part"]]))


UPDATE: dict[str, Operation] = {
    "norm": Operation(lambda p, s: np.linalg.norm(numbers(p))),
    "clip_norm": Operation(_clip_norm),
    "clip_value": Operation(lambda p, s: np.clip(p[0], -s["clip_value"], s["clip_value"])),
    "decay": Operation(lambda p, s: p[0] * (1 - s["rate"] * s["weight_decay"])),
    "descent": Operation(lambda p, s: -s["rate"] * p[0]),
    "sgd_velocity": Operation(lambda p, s: s["momentum"] * p[0] - (1 - s["dampening"]) * (s["rate"] * p[1]), sums=True),
    "nesterov": Operation(lambda p, s: s["momentum"] * p[0] - s["rate"] * p[1], sums=True),
    "adagrad_sum": Operation(lambda p, s: p[0] + p[1] ** 2),
    "adagrad_change": Operation(lambda p, s: -s["rate"] * p[0] / (np.sqrt(p[1]) + s["eps"])),
    "average": Operation(lambda p, s: s["keep"] * p[0] + (1 - s["keep"]) * p[1], sums=True),
    "average_of_squares": Operation(lambda p, s: s["keep"] * p[0] + (1 - s["keep"]) * p[1] ** 2),
    "adadelta_direction": Operation(_adadelta_direction),
    "rms_direction": Operation(lambda p, s: p[0] / (np.sqrt(p[1]) + s["eps"])),
    "accumulate": Operation(lambda p, s: s["keep"] * p[0] + p[1], sums=True),
    "adam_rate": Operation(_adam_rate),
    "adam_change": Operation(lambda p, s: -p[0] * p[1] / (np.sqrt(p[2]) + s["epsilon"])),
    "scaled_descent": Operation(lambda p, s: -p[1] * p[0]),
    "speed": Operation(_speed),
    "soft_threshold": Operation(_soft_threshold),
    "column_norms": Operation(lambda p, s: np.linalg.norm(p[0], axis=0)),
    "limit_norm": Operation(_limit_norm),
    "own_step": Operation(_own_step),
    "follow": Operation(lambda p, s: p[0] + s["momentum"] * (p[1] - p[0]), sums=True),
    "follow_unbiased": Operation(lambda p, s: p[0] + s["momentum"] * (unbiased(p[2]) * p[1] - p[0]), sums=True),
}
