"""TensorFlow Playground's numbers: seedrandom's published ones, and runs of its original code."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.datasets.rival import SHAPES, Random, start
from chainrule.engines import TrainingData, choose
from chainrule.formulas.solvers import SGD
from chainrule.network import Dense, Network

# (data set, hidden widths, square features): loss on training and test rows after these epochs, from the original program
# run in node, for seed 0.59704, no noise, half of the points, batches of 10, rate 0.03, tanh.
RUNS = {
    ("circle", (4, 2), False): {
        0: (0.4994400967795191, 0.5011900890290666),
        1: (0.49757837808668, 0.49811584841551),
        10: (0.48627457079050, 0.48422242942162),
        100: (0.010395673188064, 0.011562363897663),
        300: (0.0015790847202452, 0.0015591454329444),
    },
    ("xor", (4,), False): {
        0: (0.4976332260765818, 0.5071558654881226),
        1: (0.48322919, 0.49867962),
        10: (0.36180029, 0.38136622),
        100: (0.02289825, 0.03669748),
        300: (0.00891261, 0.02448426),
    },
    ("circle", (), True): {
        0: (0.9830711110758107, 1.032320960443385),
        1: (0.48949862, 0.54945017),
        10: (0.03685218, 0.03756427),
        100: (0.00482464, 0.00471681),
    },
}
TOLERANCES = {0: 1e-12, 1: 1e-9, 10: 1e-9, 100: 1e-6, 300: 1e-6}


def test_seedrandom():
    random = Random("hello.")
    assert [random.uniform(), random.uniform()] == [0.9282578795792454, 0.3752569768646784]


def test_default_start():
    found = start("circle", (2, 4, 2, 1), "0.59704")
    assert found.n_train == 250 and (found.y[:250] == 1).sum() == 127
    np.testing.assert_allclose(found.X[:2], [[0.240145, 0.460359], [-4.203729, -0.079791]], atol=5e-7)
    assert found.y[:2].tolist() == [1, -1]
    first = [[0.013961, 0.433026], [0.343979, 0.398531], [-0.17256, 0.323963], [-0.284834, 0.030093]]
    np.testing.assert_allclose(found.weights[0].T, first, atol=5e-7)
    np.testing.assert_allclose(found.weights[2].T, [[-0.231853, -0.199484]], atol=5e-7)
    assert all((b == 0.1).all() for b in found.biases)


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("setting", RUNS, ids=str)
def test_losses_of_the_original(setting, engine):
    shape, hidden, squares = setting
    begun = start(shape, (2, *hidden, 1), "0.59704")
    X = begun.X**2 if squares else begun.X
    network = Network(2, [*(Dense(units, "tanh") for units in hidden), Dense(1, "tanh")], "squared_error")
    train, test = slice(0, begun.n_train), slice(begun.n_train, None)
    data = TrainingData(np.ascontiguousarray(X[train]), begun.y[train, None].copy())
    theta = network.pack(begun.weights, begun.biases)
    session = choose(engine, network, np.float64).session(network, theta, data, SGD(momentum=0.0, nesterov=False))
    order, rates, done = np.arange(begun.n_train), np.full(25, 0.03), 0
    for epoch, expected in RUNS[setting].items():
        for _ in range(done, epoch):
            session.epoch(order, rates, 10)
        done = epoch
        losses = [
            network.loss_and_gradient(session.theta, X[rows], begun.y[rows], engine=engine)[0] for rows in (train, test)
        ]
        # Some of the published numbers are rounded to eight digits.
        slack = max(TOLERANCES[epoch], 5e-9 if max(len(repr(value)) for value in expected) < 13 else 0)
        np.testing.assert_allclose(losses, expected, atol=slack, rtol=0)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape(shape):
    found = start(shape, (2, 1), "1", noise=0.2)
    assert found.X.shape == (SHAPES[shape].n, 2) and np.isfinite(found.X).all()
    assert np.abs(found.y).max() <= 1.8
    labels = set(np.unique(found.y))
    assert shape.startswith("reg") or labels == {-1, 1}


def test_zero_start_and_unknown_shape():
    assert not any(part.any() for part in (*start("xor", (2, 3, 1), "1", zero=True).weights,))
    with pytest.raises(ValueError, match="circle"):
        start("circles", (2, 1), "1")
