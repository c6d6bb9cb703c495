"""Operations of the backward pass: slopes of losses and activations, and what is passed back through the layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from chainrule.trace.operations.arithmetic import Operation, Parents, Settings, by_row, numbers
from chainrule.trace.operations.loss import groups, signed


def _quantile_slope(p: Parents, s: Settings) -> Any:
    below = p[1] - p[0]
    return (-s["level"] if below > 0 else 1 - s["level"]) * (below != 0) / s["outputs"]


def _perceptron_slope(p: Parents, s: Settings) -> Any:
    t = signed(p[1])
    return -t if (p[0] > 0) != (t > 0) else 0.0


def _poisson_softplus_slope(p: Parents, s: Settings) -> Any:
    z, a, y = p
    return expit(z) - y * (expit(z) / a if z > -37 else 1.0)


def _whole_slope(p: Parents, s: Settings) -> Any:
    found = s["loss"].slope(*groups(p, s, 1))
    return found if np.ndim(p[0]) else found[0, s["unit"]]


def _whole_delta(p: Parents, s: Settings) -> Any:
    y, z, a = groups(p, s, 2)
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
    "hinge_slope": Operation(lambda p, s: -signed(p[1]) if signed(p[1]) * p[0] < 1 else 0.0),
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
