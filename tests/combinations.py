"""Every network the tables allow, and data for it. Tests loop over these, so a new table entry is tested without an edit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.losses import LOSSES
from chainrule.network import Dense, Network

HIDDEN = [name for name, activation in ACTIVATIONS.items() if activation.hidden and not activation.untrainable]


def allowed(loss: str, output: str) -> bool:
    """Whether the table allows this output activation with this loss."""
    try:
        LOSSES[loss].check_output(ACTIVATIONS[output])
    except ValueError:
        return False
    return True


PAIRS = [(loss, output) for loss in LOSSES for output in ACTIVATIONS if allowed(loss, output)]
REFUSED = [(loss, output) for loss in LOSSES for output in ACTIVATIONS if not allowed(loss, output)]
COMBINATIONS = [(hidden, loss, output) for hidden in HIDDEN for loss, output in PAIRS]
# Every hidden activation with some pairs, every pair with some hidden activations: for tests that repeat much for each.
COVERING = [
    (hidden, loss, output)
    for place, hidden in enumerate(HIDDEN)
    for number, (loss, output) in enumerate(PAIRS)
    if (place + number) % len(HIDDEN) == 0 or (place == 0 and number < 1) or hidden == "tanh"
]


@dataclass(frozen=True)
class Case:
    """A network, its parameters and a batch."""

    network: Network
    theta: np.ndarray
    X: np.ndarray
    Y: np.ndarray
    weight: np.ndarray


def targets(output: str, rng: np.random.RandomState, shape: tuple[int, int]) -> np.ndarray:
    """Targets any loss accepts: within (0, 1), and summing to one for softmax."""
    Y = rng.uniform(0.05, 0.95, shape)
    return Y / Y.sum(axis=1, keepdims=True) if output == "softmax" else Y


def case(hidden: str, loss: str, output: str, widths=(3, 5, 4, 2), rows=7, dtype=np.float64, seed=0) -> Case:
    """A network of these widths with random parameters, and random rows."""
    rng = np.random.RandomState(seed)
    layers = [Dense(units, hidden) for units in widths[1:-1]] + [Dense(widths[-1], output)]
    network = Network(widths[0], layers, loss)
    theta = network.init(rng, dtype=dtype)
    X = rng.standard_normal((rows, widths[0])).astype(dtype)
    Y = targets(output, rng, (rows, widths[-1])).astype(dtype)
    return Case(network, theta, X, Y, rng.uniform(0.2, 2.0, rows).astype(dtype))
