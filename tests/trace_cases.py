"""Networks, data and own formulas that the tests of traces share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.losses import LOSSES, Huber, LogLoss, Loss, Quantile
from chainrule.formulas.solvers import Solver
from chainrule.network import Dense, Network

CUBE = Activation("cube", lambda z: z**3, lambda z, a: 3 * z * z, "z^3")
SHARES = Activation(
    "shares", ACTIVATIONS["softmax"].value, None, "s(z)", pullback=ACTIVATIONS["softmax"].pullback, hidden=True
)
QUARTIC = Loss("quartic", lambda y, a: ((a - y) ** 4).sum(axis=1), lambda y, a: 4 * (a - y) ** 3, r"\sum (a - y)^4")
HEADS = Heads((Head(1, "identity", "mse", 0.5), Head(2, "softmax", "log_loss", 3.0), Head(1, CUBE, QUARTIC, 2.0)))


@dataclass(frozen=True)
class Signs(Solver):
    """A solver of the user's own that looks at all parameters together."""

    name = "signs"

    @property
    def slots(self):
        """One vector."""
        return ("last",)

    def step(self, theta, gradient, state, t, rate):
        """In place."""
        theta -= rate * np.sign(gradient) * np.linalg.norm(gradient)
        state["last"][...] = gradient


def targets(network, rows, rng):
    """Targets in the range that the loss asks for."""
    count, ranges = network.targets, network.objective.target_ranges
    if isinstance(network.loss, Heads):
        return np.column_stack([rng.randn(rows), np.eye(2)[rng.randint(2, size=rows)], rng.randn(rows)])
    if network.layers[-1].function.name == "softmax" and ranges:
        return np.eye(count)[rng.randint(count, size=rows)]
    if ranges and ranges[0].high == 1:
        return rng.randint(0, 2, size=(rows, count)).astype(float)
    if ranges:
        return rng.poisson(2, size=(rows, count)).astype(float)
    return rng.randn(rows, count)


def case(network, rows=3, seed=0):
    """Parameters, inputs and targets."""
    rng = np.random.RandomState(seed)
    return network.init(rng), rng.randn(rows, network.inputs), targets(network, rows, rng)


def hidden_networks():
    """One network for each activation of hidden layers."""
    names = [name for name, entry in ACTIVATIONS.items() if entry.hidden and not entry.untrainable]
    return {name: Network(2, [Dense(3, name), Dense(2, "identity")]) for name in names}


def output_networks():
    """One network for each pair of loss and output activation that go together."""
    found = {}
    for loss in LOSSES:
        for output in ACTIVATIONS:
            try:
                network = Network(2, [Dense(3, "tanh"), Dense(2, output)], loss)
                network.check_trainable()
            except ValueError:
                continue
            found[f"{loss}-{output}"] = network
    return found


TANH = Dense(3, "tanh")
SPECIAL = {
    "own": Network(2, [Dense(3, CUBE), Dense(2, SHARES)], QUARTIC),
    "own layer inside": Network(2, [Dense(3, SHARES), Dense(2, "logistic")], QUARTIC),
    "heads": Network(2, [TANH, Dense(4, HEADS)], HEADS),
    "quantiles": Network(2, [TANH, Dense(3, "ordered")], Quantile((0.1, 0.5, 0.9))),
    "crossing quantiles": Network(2, [TANH, Dense(3, "identity")], Quantile((0.1, 0.5, 0.9))),
    "smooth": Network(2, [TANH, Dense(3, "softmax")], LogLoss(0.1)),
    "smooth labels": Network(2, [TANH, Dense(2, "logistic")], LogLoss(0.2)),
    "huber": Network(2, [TANH, Dense(2, "softplus")], Huber(0.3)),
    "no hidden layer": Network(3, [Dense(1, "logistic")], "log_loss"),
    "regularised": Network(
        2,
        [Dense(3, "gelu", dropout=0.4, batch_norm=True), Dense(3, "tanh", batch_norm=True), Dense(2, "identity")],
        input_dropout=0.3,
    ),
}
