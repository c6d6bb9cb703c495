"""Traces that the tests of what is told share: every activation, loss and solver of the tables, and a batch with everything."""

from __future__ import annotations

import numpy as np

from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.solvers import SOLVERS
from chainrule.network import Dense, Network
from chainrule.trace import trace

# Output activation and a target row of losses that do not take any number.
SPECIAL = {
    "log_loss": ("softmax", [0, 1, 0]),
    "poisson": ("exp", [1, 2, 0]),
    "hinge": ("identity", [0, 1, 1]),
    "perceptron": ("identity", [0, 1, 1]),
}


def of(network, y, **options):
    """A trace of random rows."""
    rng = np.random.default_rng(len(y))
    return trace(network, network.init(1) + 0.05, rng.normal(size=(len(y), network.inputs)), y, **options)


def mazur(**options):
    """The network of Mazur's example, which lecture 001 cites."""
    network = Network(2, (Dense(2, "logistic"), Dense(2, "logistic")))
    weights = [np.array([[0.15, 0.25], [0.20, 0.30]]), np.array([[0.40, 0.50], [0.45, 0.55]])]
    theta = network.pack(weights, [np.full(2, 0.35), np.full(2, 0.60)])
    return trace(network, theta, [[0.05, 0.10]], [[0.01, 0.99]], learning_rate_init=0.5, **options)


def batch():
    """Batch normalisation, dropout, weights of rows, penalties, limits and Adam, all at once."""
    layers = (Dense(3, "relu", batch_norm=True, dropout=0.3), Dense(2, "tanh"), Dense(2, "softmax"))
    return of(
        Network(2, layers, "log_loss", input_dropout=0.2),
        [[0, 1], [1, 0], [0, 1]],
        sample_weight=[1, 2, 0.5],
        solver="adam",
        alpha=0.1,
        l1=0.01,
        weight_decay=0.1,
        max_norm=0.9,
        clip_norm=0.1,
        clip_value=0.05,
        level="unit",
    )


def _of_loss(name):
    output, row = SPECIAL.get(name, ("identity", [0.1, 2, -0.3]))
    return of(Network(2, (Dense(3, "tanh"), Dense(3, output)), name), [row])


def _of_solver(name):
    limits = {} if name == "lbfgs" else {"l1": 0.01, "max_norm": 0.9}
    return of(Network(2, (Dense(3, "tanh"), Dense(2, "identity"))), [[0.3, -1.0]], solver=name, **limits)


CASES = {
    **{f"loss {name}": lambda name=name: _of_loss(name) for name in LOSSES},
    **{f"solver {name}": lambda name=name: _of_solver(name) for name in SOLVERS},
    **{
        f"activation {name}": lambda name=name: of(
            Network(2, (Dense(3, name), Dense(2, "identity"))), [[0.3, -1.0]], check=False
        )
        for name, function in ACTIVATIONS.items()
        if function.hidden and not function.untrainable
    },
    "softmax without a fused loss": lambda: of(Network(2, (Dense(3, "relu"), Dense(2, "softmax")), "mse"), [[0, 1]]),
    "poisson with softplus": lambda: of(Network(2, (Dense(2, "softplus"),), "poisson"), [[0, 2]]),
    "mazur": mazur,
    "batch": batch,
    "layers only": lambda: of(Network(30, (Dense(20, "relu"), Dense(2, "softmax")), "log_loss"), [[0, 1]]),
    "prediction": lambda: trace(Network(2, (Dense(3, "relu"),)), np.arange(9) / 9, [[1.0, 2.0]]),
}
