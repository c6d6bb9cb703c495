"""Operations of the loss: terms, rows, penalties."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import xlogy

from chainrule.trace.operations.arithmetic import Operation, Parents, Settings, numbers


def _softmax_term(p: Parents, s: Settings) -> Any:
    y, z, shift, total = p
    return y * (np.log(total) - (z - shift)) if y else 0.0


def _logistic_term(p: Parents, s: Settings) -> Any:
    y, z = p
    return (z * (1 - y) if z > 0 else -z * y) + np.log1p(np.exp(-abs(z)))


def _poisson_exp_term(p: Parents, s: Settings) -> Any:
    y, z, a = p
    return xlogy(y, y) - y * z - y + a


def _huber_term(p: Parents, s: Settings) -> Any:
    size = abs(p[0] - p[1])
    near = min(size, s["delta"])
    return near * (size - near / 2)


def _quantile_term(p: Parents, s: Settings) -> Any:
    below = p[1] - p[0]
    return max(s["level"] * below, (s["level"] - 1) * below)


def signed(y: Any) -> Any:
    """Classes 0 and 1 as -1 and +1."""
    return 2 * y - 1


def groups(p: Parents, s: Settings, count: int) -> list[Any]:
    """Arrays with one data row each: the targets, then `count` groups of outputs; whole arrays stay as they are."""
    if np.ndim(p[0]):
        return list(p)
    targets, rest = np.array([p[: s["targets"]]]), numbers(p[s["targets"] :])
    return [targets, *(group[None, :] for group in np.split(rest, count))]


def _whole_loss(p: Parents, s: Settings) -> Any:
    y, outputs = groups(p, s, 1)
    fused = s["loss"].fused(s["activation"]) if s["fused"] else None
    rows = fused.value(y, outputs) if fused else s["loss"].value(y, outputs)
    return rows if np.ndim(p[0]) else rows[0]


def _l2_penalty(p: Parents, s: Settings) -> Any:
    weights = numbers(p[1:])
    return (s["alpha"] / p[0] + s["l2"]) / 2 * np.dot(weights, weights)


LOSS: dict[str, Operation] = {
    "smooth_labels": Operation(lambda p, s: p[0] * (1 - s["share"]) + s["share"] / s["classes"]),
    "squared_error_term": Operation(lambda p, s: (p[0] - p[1]) ** 2 / 2),
    "mse_term": Operation(lambda p, s: (p[0] - p[1]) ** 2),
    "absolute_error_term": Operation(lambda p, s: abs(p[0] - p[1])),
    "huber_term": Operation(_huber_term),
    "quantile_term": Operation(_quantile_term),
    "softmax_log_loss_term": Operation(_softmax_term),
    "logistic_log_loss_term": Operation(_logistic_term),
    "poisson_exp_term": Operation(_poisson_exp_term),
    "poisson_softplus_term": Operation(
        lambda p, s: xlogy(p[0], p[0]) - p[0] * (np.log(p[2]) if p[1] > -37 else p[1]) - p[0] + p[2]
    ),
    "hinge_term": Operation(lambda p, s: max(0.0, 1 - signed(p[1]) * p[0])),
    "perceptron_term": Operation(lambda p, s: max(0.0, -signed(p[1]) * p[0])),
    "whole_loss": Operation(_whole_loss),
    "weighted_total": Operation(lambda p, s: sum(f * x for f, x in zip(s["factors"], p, strict=True)), sums=True),
    "l2_penalty": Operation(_l2_penalty),
    "l1_penalty": Operation(lambda p, s: s["l1"] * np.abs(numbers(p)).sum()),
}
