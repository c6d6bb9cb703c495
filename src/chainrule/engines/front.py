"""Behind `Network.predict` and `Network.loss_and_gradient`: checks, the choice of an engine, the engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.engines import checked_inputs, checked_theta, checked_threads, choose, prepared
from chainrule.formulas.lookup import Array
from chainrule.formulas.targets import check_targets
from chainrule.network import Network


def predict(network: Network, theta: Array, X: Any, *, engine: str, n_threads: int) -> Array:
    """See `Network.predict`."""
    theta = checked_theta(network, theta)
    X, threads = checked_inputs(network, X, theta.dtype), checked_threads(n_threads)
    chosen = choose(engine, network, theta.dtype)
    if not X.shape[0]:
        return np.empty((0, network.outputs), theta.dtype)
    return chosen.predict(network, theta, X, n_threads=threads)


def loss_and_gradient(
    network: Network,
    theta: Array,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    alpha: float,
    l2: float,
    engine: str,
    n_threads: int,
) -> tuple[float, Array]:
    """See `Network.loss_and_gradient`."""
    network.check_trainable()
    theta = checked_theta(network, theta)
    data = prepared(network, X, y, sample_weight, theta.dtype)
    check_targets(network.objective.target_ranges, data.Y)
    chosen, threads = choose(engine, network, theta.dtype), checked_threads(n_threads)
    return chosen.loss_and_gradient(
        network, theta, data.X, data.Y, data.sample_weight, alpha=alpha, l2=l2, n_threads=threads
    )
