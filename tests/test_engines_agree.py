"""The native engine against its specification, the reference engine: prediction, gradient and training, both precisions."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from chainrule.engines import ENGINES, StepSettings, TrainingData
from chainrule.engines.description import NATIVE_ACTIVATIONS, NATIVE_LOSSES, NATIVE_SOLVERS
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.heads import Head, Heads
from chainrule.formulas.losses import LOSSES, Huber, LogLoss, Quantile
from chainrule.formulas.solvers import SGD, SOLVERS, Adadelta, Adagrad, Adam, AdamW, RMSProp
from chainrule.network import Dense, Network
from tests.combinations import COVERING, case
from tests.test_gradients import central_differences

REFERENCE, NATIVE = ENGINES["reference"], ENGINES["native"]
# Widths below, at and beyond one vector and one panel of every instruction set; one layer; stripes cut short.
SHAPES = [(3, 5, 4, 2), (7, 1), (1, 1, 1), (20, 50, 33, 10), (17, 130, 16, 3), (100, 8, 64, 32, 9)]
ROWS = [1, 2, 13, 70]
# Every solver as it is by default, and with each of its hyper-parameters changed.
SOLVING = [solver() for solver in SOLVERS.values() if solver.stochastic] + [
    SGD(momentum=0.5, nesterov=False),
    SGD(momentum=0.8, nesterov=False, dampening=0.8),
    Adam(0.8, 0.95, 1e-4),
    AdamW(0.8, 0.95, 1e-4, 0.3),
    Adagrad(1e-3, 0.2),
    Adadelta(0.7, 1e-3),
    RMSProp(0.8, 1e-4, 0.7),
]


def close(got, wanted, dtype, factor=1.0):
    tolerance = factor * (1e-12 if dtype == np.float64 else 3e-5)
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * (np.abs(wanted).max() + 1e-30))


def test_every_table_entry_has_a_native_twin():
    """Who adds an entry to a table adds its kernel: activations.hpp, losses.hpp, solvers.hpp, and the name here."""
    assert set(NATIVE_ACTIVATIONS) == set(ACTIVATIONS), "src/native/activations.hpp and engines/description.py"
    assert set(NATIVE_LOSSES) == set(LOSSES), "src/native/losses.hpp and engines/description.py"
    stochastic = {solver for solver in SOLVERS.values() if solver.stochastic}
    assert set(NATIVE_SOLVERS) == stochastic, "src/native/solvers.hpp and engines/description.py"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("hidden", "loss", "output"), COVERING)
def test_prediction_and_gradient(hidden, loss, output, dtype):
    for widths in SHAPES:
        for rows in ROWS:
            c = case(hidden, loss, output, widths, rows, dtype)
            close(NATIVE.predict(c.network, c.theta, c.X), REFERENCE.predict(c.network, c.theta, c.X), dtype)
            for weight in (None, c.weight):
                got = NATIVE.loss_and_gradient(c.network, c.theta, c.X, c.Y, weight, 0.2)
                wanted = REFERENCE.loss_and_gradient(c.network, c.theta, c.X, c.Y, weight, 0.2)
                close(got[0], wanted[0], dtype)
                close(got[1], wanted[1], dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("solver", SOLVING, ids=repr)
@pytest.mark.parametrize(
    ("loss", "output"), [("squared_error", "identity"), ("log_loss", "softmax"), ("poisson", "exp")]
)
def test_training(loss, output, solver, dtype):
    for hidden, widths in (("relu", (9, 20, 3)), ("tanh", (4, 33, 17, 2)), ("logistic", (5, 3))):
        c = case(hidden, loss, output, widths, 53, dtype)
        order = np.random.RandomState(1).permutation(53).astype(np.int64)
        ends = []
        for engine in (REFERENCE, NATIVE):
            session = engine.session(c.network, c.theta, TrainingData(c.X, c.Y, c.weight), solver, StepSettings(0.1))
            results = [session.epoch(order, np.full(6, 1e-3), 10) for _ in range(3)]
            ends.append((session.theta, session.state, session.t, results))
        wanted, got = ends
        factor = 1e3 if dtype == np.float64 else 20
        close(got[0], wanted[0], dtype, factor)
        for slot in wanted[1]:
            close(got[1][slot], wanted[1][slot], dtype, factor)
        assert got[2] == wanted[2] == 18
        for mine, reference in zip(got[3], wanted[3], strict=True):
            close(mine.loss, reference.loss, dtype, factor)
            close(mine.gradient_norms, reference.gradient_norms, dtype, factor)
            close(mine.update_norms, reference.update_norms, dtype, factor * 100)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_batches_beyond_one_chunk(n_threads):
    c = case("relu", "log_loss", "softmax", (30, 40, 5), 2500)
    wanted = REFERENCE.loss_and_gradient(c.network, c.theta, c.X, c.Y, c.weight, 0.2)
    got = NATIVE.loss_and_gradient(c.network, c.theta, c.X, c.Y, c.weight, 0.2, n_threads)
    close(got[0], wanted[0], np.float64)
    close(got[1], wanted[1], np.float64, 10)


@pytest.mark.parametrize("form", [scipy.sparse.csr_matrix, scipy.sparse.csr_array, scipy.sparse.csc_matrix])
def test_sparse_rows(form):
    c = case("relu", "log_loss", "softmax", (200, 40, 5), 150)
    X = np.where(np.random.RandomState(0).uniform(size=c.X.shape) < 0.1, c.X, 0)
    sparse = form(X)
    close(NATIVE.predict(c.network, c.theta, sparse), REFERENCE.predict(c.network, c.theta, X), np.float64)
    got = NATIVE.loss_and_gradient(c.network, c.theta, sparse, c.Y, c.weight, 0.1)
    wanted = REFERENCE.loss_and_gradient(c.network, c.theta, X, c.Y, c.weight, 0.1)
    close(got[1], wanted[1], np.float64, 10)
    order = np.arange(150, dtype=np.int64)[::-1].copy()
    ends = []
    for engine, rows in ((NATIVE, sparse.tocsr()), (NATIVE, X), (REFERENCE, X)):
        session = engine.session(c.network, c.theta, TrainingData(rows, c.Y, None), Adam(), StepSettings(0.1), 2)
        session.epoch(order, np.full(3, 1e-3), 64)
        ends.append(session.theta)
    close(ends[0], ends[2], np.float64, 1e3)
    close(ends[1], ends[2], np.float64, 1e3)


def test_rows_of_weight_zero_are_absent_rows(engine):
    c = case("tanh", "squared_error", "identity", (3, 4, 1), 20)
    weight = np.r_[np.zeros(10), np.ones(10)]
    data = TrainingData(c.X, c.Y, weight)
    session = engine.session(c.network, c.theta, data, Adam(), StepSettings(0.1))
    result = session.epoch(np.arange(20, dtype=np.int64), np.full(4, 1e-3), 5)
    only = engine.session(c.network, c.theta, TrainingData(c.X[10:], c.Y[10:], weight[10:]), Adam(), StepSettings(0.1))
    wanted = only.epoch(np.arange(10, dtype=np.int64), np.full(2, 1e-3), 5)
    np.testing.assert_array_equal(session.theta, only.theta)
    assert (session.t, result.rows, result.loss) == (2, 10, wanted.loss)


def test_resume_is_exact(engine):
    c = case("relu", "log_loss", "softmax", (6, 20, 3), 40)
    data, order, rates = TrainingData(c.X, c.Y), np.arange(40, dtype=np.int64), np.full(4, 1e-2)
    whole = engine.session(c.network, c.theta, data, Adam(), StepSettings(0.1))
    losses = [whole.epoch(order, rates, 10).loss for _ in range(6)]
    first = engine.session(c.network, c.theta, data, Adam(), StepSettings(0.1))
    parts = [first.epoch(order, rates, 10).loss for _ in range(3)]
    second = engine.session(c.network, first.theta, data, Adam(), StepSettings(0.1), state=first.state, t=first.t)
    parts += [second.epoch(order, rates, 10).loss for _ in range(3)]
    assert parts == losses
    np.testing.assert_array_equal(second.theta, whole.theta)


def test_refusals_name_what_is_missing():
    own = Activation("own", np.sin, lambda z, a: np.cos(z), r"\sin z")
    network = Network(2, (Dense(3, own), Dense(1, "identity")))
    assert "own" in NATIVE.refusal(network, np.float64)
    assert REFERENCE.refusal(network, np.float64) is None
    assert "float16" in NATIVE.refusal(Network(2, (Dense(1, "identity"),)), np.float16)
    with pytest.raises(ValueError, match="'own' has no native kernel"):
        network.predict(network.init(0), np.ones((1, 2)), engine="native")
    assert network.predict(network.init(0), np.ones((1, 2))).shape == (1, 1)


SEVERAL = Heads(
    (
        Head(3, "softmax", "log_loss"),
        Head(2, "identity", Huber(0.3), 0.5),
        Head(1, "logistic", LogLoss(0.2), 2.0),
        Head(9, "identity", "squared_error", 0.1),
        Head(4, "softplus", "poisson"),
        Head(1, "identity", Quantile(0.8)),
    )
)
OBJECTIVES = [
    (Quantile((0.1, 0.5, 0.9)), "ordered", 3),
    (Quantile((0.1, 0.5, 0.9)), "identity", 3),
    (Quantile(0.3), "identity", 2),
    (Huber(0.2), "tanh", 4),
    (LogLoss(0.1), "softmax", 5),
    (LogLoss(0.1), "logistic", 2),
    (SEVERAL, SEVERAL, SEVERAL.units),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("loss", "output", "units"), OBJECTIVES, ids=lambda given: getattr(given, "name", given))
def test_losses_with_hyper_parameters(loss, output, units, dtype):
    network = Network(5, (Dense(20, "tanh"), Dense(units, output)), loss)
    rng = np.random.RandomState(0)
    X, Y = rng.standard_normal((37, 5)).astype(dtype), rng.uniform(0.1, 0.9, (37, network.targets)).astype(dtype)
    if "softmax" in str(output):  # probabilities, as the fused cross-entropy presumes
        Y[:, : 3 if loss is SEVERAL else 5] /= Y[:, : 3 if loss is SEVERAL else 5].sum(axis=1, keepdims=True)
    weight, theta = rng.uniform(0.2, 2, 37).astype(dtype), network.init(1, dtype=dtype)
    assert NATIVE.refusal(network, dtype) is None
    close(NATIVE.predict(network, theta, X), REFERENCE.predict(network, theta, X), dtype)
    for rows in (1, 5, 37):
        got = NATIVE.loss_and_gradient(network, theta, X[:rows], Y[:rows], weight[:rows], 0.2)
        wanted = REFERENCE.loss_and_gradient(network, theta, X[:rows], Y[:rows], weight[:rows], 0.2)
        close(got[0], wanted[0], dtype)
        close(got[1], wanted[1], dtype, 3)
    if dtype == np.float64:
        objective = lambda at: NATIVE.loss_and_gradient(network, at, X, Y, weight)[0]  # noqa: E731
        numeric = central_differences(objective, theta)
        gradient = NATIVE.loss_and_gradient(network, theta, X, Y, weight)[1]
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-6 * np.abs(numeric).max())
