"""Every operation that a row of a trace may name: one literal table, by stage, put together from four parts.

The builder takes a row's value from the engine where the engine has it; `derive` says the same again from the row's parents, for
the verifier and for the steps between that no engine stores (a path's share, an exponential of the softmax).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, xlogy

from chainrule.trace.arithmetic import ARITHMETIC, FORWARD, Operation, Parents, Settings, by_row, numbers
from chainrule.trace.changes import UPDATE
from chainrule.trace.checking import CHECK

__all__ = ["BACKWARD", "LOSS", "OPERATIONS", "Operation"]


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


def _sign(y: Any) -> Any:
    return 2 * y - 1


def _split(p: Parents, s: Settings, count: int) -> list[Any]:
    """Arrays with one data row each: the targets, then `count` groups of outputs; whole arrays stay as they are."""
    if np.ndim(p[0]):
        return list(p)
    targets, rest = np.array([p[: s["targets"]]]), numbers(p[s["targets"] :])
    return [targets, *(group[None, :] for group in np.split(rest, count))]


def _whole_loss(p: Parents, s: Settings) -> Any:
    y, outputs = _split(p, s, 1)
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
    "hinge_term": Operation(lambda p, s: max(0.0, 1 - _sign(p[1]) * p[0])),
    "perceptron_term": Operation(lambda p, s: max(0.0, -_sign(p[1]) * p[0])),
    "whole_loss": Operation(_whole_loss),
    "weighted_total": Operation(lambda p, s: sum(f * x for f, x in zip(s["factors"], p, strict=True)), sums=True),
    "l2_penalty": Operation(_l2_penalty),
    "l1_penalty": Operation(lambda p, s: s["l1"] * np.abs(numbers(p)).sum()),
}


def _quantile_slope(p: Parents, s: Settings) -> Any:
    below = p[1] - p[0]
    return (-s["level"] if below > 0 else 1 - s["level"]) * (below != 0) / s["outputs"]


def _perceptron_slope(p: Parents, s: Settings) -> Any:
    t = _sign(p[1])
    return -t if (p[0] > 0) != (t > 0) else 0.0


def _poisson_softplus_slope(p: Parents, s: Settings) -> Any:
    z, a, y = p
    return expit(z) - y * (expit(z) / a if z > -37 else 1.0)


def _whole_slope(p: Parents, s: Settings) -> Any:
    found = s["loss"].slope(*_split(p, s, 1))
    return found if np.ndim(p[0]) else found[0, s["unit"]]


def _whole_delta(p: Parents, s: Settings) -> Any:
    y, z, a = _split(p, s, 2)
    found = s["loss"].delta(y, z, a, s["activation"])
    return found if np.ndim(p[0]) else found[0, s["unit"]]


def _slope(p: Parents, s: Settings) -> Any:
    return s["activation"].slope(np.asarray(p[0]), np.asarray(p[1]))


def _pullback(p: Parents, s: Settings) -> Any:
    if np.ndim(p[0]):
        return s["activation"].backward(p[1], p[2], p[0])
    upstream, z, a = (part[None, :] for part in np.split(numbers(p), 3))
    return s["activation"].backward(z, a, upstream)[0, s["unit"]]


def _through_batch_norm(p: Parents, s: Settings) -> Any:
    delta, z_hat, scale, variance, delta_sum, product_sum, weight_sum = p[:7]
    share = by_row(p[7]) / weight_sum if len(p) > 7 else 1 / weight_sum
    return scale / np.sqrt(variance + s["epsilon"]) * (delta - share * (delta_sum + z_hat * product_sum))


BACKWARD: dict[str, Operation] = {
    "mse_slope": Operation(lambda p, s: (p[0] - p[1]) * (2 / s["outputs"])),
    "absolute_error_slope": Operation(lambda p, s: np.sign(p[0] - p[1]) / s["outputs"]),
    "huber_slope": Operation(lambda p, s: np.clip(p[0] - p[1], -s["delta"], s["delta"]) / s["outputs"]),
    "quantile_slope": Operation(_quantile_slope),
    "hinge_slope": Operation(lambda p, s: -_sign(p[1]) if _sign(p[1]) * p[0] < 1 else 0.0),
    "perceptron_slope": Operation(_perceptron_slope),
    "poisson_softplus_slope": Operation(_poisson_softplus_slope),
    "whole_slope": Operation(_whole_slope),
    "whole_delta": Operation(_whole_delta),
    "slope": Operation(_slope),
    "softmax_pullback": Operation(lambda p, s: p[0] * (p[1] - p[2])),
    "pullback": Operation(_pullback),
    "back_through_weights": Operation(lambda p, s: p[0] @ p[1].T, sums=True),
    "through_batch_norm": Operation(_through_batch_norm, sums=True),
    "through_fixed_norm": Operation(lambda p, s: p[1] / np.sqrt(p[2] + s["epsilon"]) * p[0]),
    "column_sum": Operation(lambda p, s: p[0].sum(axis=0), sums=True),
    "column_sum_of_products": Operation(lambda p, s: (p[0] * p[1]).sum(axis=0), sums=True),
    "average_over_rows": Operation(lambda p, s: numbers(p[1:]).sum() / p[0], sums=True),
    "weight_gradient": Operation(lambda p, s: p[0].T @ p[1] / p[2], sums=True),
    "bias_gradient": Operation(lambda p, s: p[0].sum(axis=0) / p[1], sums=True),
    "scale_gradient": Operation(lambda p, s: (p[0] * p[1]).sum(axis=0) / p[2], sums=True),
    "penalty_gradient": Operation(lambda p, s: (s["alpha"] / p[1] + s["l2"]) * p[0]),
}

OPERATIONS: dict[str, Operation] = {**ARITHMETIC, **FORWARD, **LOSS, **BACKWARD, **UPDATE, **CHECK}
