"""Batch normalisation before the activation (Ioffe & Szegedy 2015, algorithms 1 and 2; lecture 002).

The lecture prints sigma without its square root; the standard deviation is meant:
``z_hat = (z - mean) / sqrt(variance + EPSILON)``.
Rows count by their sample weights, so that a row of weight two is two rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from chainrule.formulas.lookup import Array
from chainrule.network import Network, Views

EPSILON = 1e-5
# Share of the newest batch in the running statistics (PyTorch's convention).
MOMENTUM = 0.1


@dataclass(frozen=True)
class Normalized:
    """What batch normalisation did to one layer's linear outputs.

    Parameters
    ----------
    z_hat : ndarray of shape (N, O)
        Normalised values.
    mean, variance : ndarray of shape (O,)
        Statistics of the batch; the variance is the biased one.
    frozen : bool
        Whether they are the running statistics instead, as in predictions: so it is in frozen layers.
    """

    z_hat: Array
    mean: Array
    variance: Array
    frozen: bool = False


def _scale_and_shift(z_hat: Array, views: Views, k: int) -> Array:
    gamma = views.gamma[k]
    assert gamma is not None
    return gamma * z_hat + views.b[k]


def normalize(linear: Array, views: Views, k: int) -> Array:
    """Layer k's pre-activations from its linear outputs by the running statistics."""
    return normalize_frozen(linear, views, k)[1]


def normalize_batch(linear: Array, weight: Array, views: Views, k: int) -> tuple[Normalized, Array]:
    """The same by the batch's own statistics, and these; a single row of positive weight has none, see `normalize_frozen`."""
    if np.count_nonzero(weight) < 2:
        return normalize_frozen(linear, views, k)
    share = (weight / weight.sum()).astype(linear.dtype, copy=False)
    mean = share @ linear
    centred = linear - mean
    variance = share @ centred**2
    z_hat = centred / np.sqrt(variance + linear.dtype.type(EPSILON))
    return Normalized(z_hat, mean, variance), _scale_and_shift(z_hat, views, k)


def normalize_frozen(linear: Array, views: Views, k: int) -> tuple[Normalized, Array]:
    """The same by the running statistics, which stay as they are."""
    mean, variance = views.mean[k], views.variance[k]
    assert mean is not None and variance is not None
    z_hat = (linear - mean) / np.sqrt(variance + linear.dtype.type(EPSILON))
    return Normalized(z_hat, mean.copy(), variance.copy(), frozen=True), _scale_and_shift(z_hat, views, k)


def running_scale(gamma: Array, variance: Array) -> Array:
    """What the running statistics multiply a unit's linear output by: ``gamma / sqrt(variance + EPSILON)``."""
    scale: Array = gamma / np.sqrt(variance + gamma.dtype.type(EPSILON))
    return scale


def folded_layers(network: Network, theta: Array) -> Iterator[tuple[Array, Array]]:
    """Weights and biases of each layer with the running statistics folded in, which makes normalisation affine.

    ``W s`` and ``b - mean s`` with ``s = gamma / sqrt(variance + EPSILON)`` (Ioffe & Szegedy 2015, algorithm 2).
    """
    for W, b, gamma, mean, variance in zip(*network.views(theta), strict=True):
        if gamma is None or mean is None or variance is None:
            yield W, b
        else:
            scale = running_scale(gamma, variance)
            yield W * scale, b - mean * scale


def pull_back(delta: Array, done: Normalized, gamma: Array | None, share: Array) -> Array:
    """``dl/d(linear)`` from ``delta = dl/dz`` (both weighted): every row also acts through the batch's mean and variance.

    Parameters
    ----------
    delta : ndarray of shape (N, O)
        Weighted derivatives after normalisation.
    done : Normalized
        Of the forward pass.
    gamma : ndarray of shape (O,)
        Scales.
    share : ndarray of shape (N,)
        Weight of each row over the sum of weights.
    """
    if not done.frozen:
        through = delta.sum(axis=0) + done.z_hat * (delta * done.z_hat).sum(axis=0)
        delta = delta - share[:, None].astype(delta.dtype, copy=False) * through
    value: Array = gamma / np.sqrt(done.variance + delta.dtype.type(EPSILON)) * delta
    return value


def unbiased(weight_sum: float) -> float:
    """Factor from the biased to the unbiased variance, ``S / (S - 1)``: weights count rows.

    Weights that sum to less than two count no rows: the factor stays below two and tends to one.
    """
    return max(1.0, weight_sum / max(weight_sum - 1, 1.0))


def follow(network: Network, theta: Array, normalized: list[Normalized | None], weight_sum: float) -> None:
    """Let the running statistics in theta follow a batch's, in place; the running variance is the unbiased one."""
    views = network.views(theta)
    for done, mean, variance in zip(normalized, views.mean, views.variance, strict=True):
        if done is not None and not done.frozen and mean is not None and variance is not None:
            mean += MOMENTUM * (done.mean - mean)
            variance += MOMENTUM * (unbiased(weight_sum) * done.variance - variance)
