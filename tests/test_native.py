"""What only the native engine promises: the same bits however the work is shared out, on every instruction set."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
import scipy.special

from chainrule import _native
from chainrule.engines import ENGINES, MOST_THREADS, StepSettings, TrainingData
from chainrule.engines.native import KERNELS_VARIABLE, NativeEngine, kernels
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.solvers import SGD, Adam
from chainrule.network import Dense, Network
from tests.combinations import COVERING, HIDDEN, case
from tests.test_engines_agree import SOLVING, close

NATIVE, REFERENCE = ENGINES["native"], ENGINES["reference"]
TYPES = [np.float32, np.float64]


@pytest.fixture(params=_native.available_kernels(), autouse=True)
def instruction_set(request, monkeypatch):
    """Every test on every instruction set of this processor."""
    monkeypatch.setenv(KERNELS_VARIABLE, request.param)
    return request.param


def test_the_environment_chooses_the_kernels(instruction_set, monkeypatch):
    assert kernels() == instruction_set
    monkeypatch.setenv(KERNELS_VARIABLE, "abacus")
    with pytest.raises(ValueError, match=r"CHAINRULE_KERNELS='abacus' is not available.*portable"):
        kernels()
    monkeypatch.delenv(KERNELS_VARIABLE)
    assert kernels() == _native.available_kernels()[0]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("hidden", "loss", "output"), COVERING)
def test_every_instruction_set_agrees_with_the_reference(hidden, loss, output, dtype):
    c = case(hidden, loss, output, (19, 70, 9, 3), 37, dtype)
    close(NATIVE.predict(c.network, c.theta, c.X), REFERENCE.predict(c.network, c.theta, c.X), dtype)
    got = NATIVE.loss_and_gradient(c.network, c.theta, c.X, c.Y, c.weight, 0.2)
    wanted = REFERENCE.loss_and_gradient(c.network, c.theta, c.X, c.Y, c.weight, 0.2)
    close(got[0], wanted[0], dtype)
    close(got[1], wanted[1], dtype)


def trained(c, X, solver, n_threads):
    """theta, state and losses after some epochs of uneven batches."""
    session = NATIVE.session(c.network, c.theta, TrainingData(X, c.Y, c.weight), solver, StepSettings(0.1), n_threads)
    order = np.random.RandomState(0).permutation(len(c.Y)).astype(np.int64)
    losses = [session.epoch(order, np.full(9, 1e-3), 333).loss for _ in range(3)]
    return session.theta, session.state, losses


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("solver", SOLVING[:6], ids=repr)
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_the_same_bits_for_any_number_of_threads(dtype, solver, sparse):
    c = case("relu", "log_loss", "softmax", (60, 130, 40, 5), 1500, dtype)
    X = scipy.sparse.csr_matrix(np.where(c.X > 0.8, c.X, 0).astype(dtype)) if sparse else c.X
    theta, state, losses = trained(c, X, solver, 1)
    gradient = NATIVE.loss_and_gradient(c.network, c.theta, X, c.Y, c.weight, 0.1, 1)
    prediction = NATIVE.predict(c.network, c.theta, X, 1)
    for n_threads in (2, 3, 4, 8):
        again = trained(c, X, solver, n_threads)
        np.testing.assert_array_equal(again[0], theta)
        assert again[2] == losses
        for slot, vector in state.items():
            np.testing.assert_array_equal(again[1][slot], vector)
        other = NATIVE.loss_and_gradient(c.network, c.theta, X, c.Y, c.weight, 0.1, n_threads)
        assert other[0] == gradient[0]
        np.testing.assert_array_equal(other[1], gradient[1])
        np.testing.assert_array_equal(NATIVE.predict(c.network, c.theta, X, n_threads), prediction)


def test_more_threads_than_a_pool_has():
    network = Network(20, (Dense(20, "tanh"), Dense(1, "identity")))
    theta, X = network.init(0), np.random.default_rng(0).normal(size=(60_000, 20))
    most, one = NativeEngine().predict(network, theta, X, MOST_THREADS), NATIVE.predict(network, theta, X, 1)
    np.testing.assert_array_equal(most, one)


ALONE = [("tanh", output) for output in ("softmax", "logistic", "tanh")] + [(hidden, "softmax") for hidden in HIDDEN]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("form", ["dense", "sparse", "batch_norm"])
@pytest.mark.parametrize(("hidden", "output"), ALONE)
def test_a_row_alone_and_in_any_batch(dtype, form, hidden, output):
    loss = "squared_error" if output == "tanh" else "log_loss"
    c = case(hidden, loss, output, (13, 70, 37, 3), 120, dtype)
    network, theta, X = c.network, c.theta, c.X
    if form == "batch_norm":
        network = replace(
            network, layers=[replace(layer, batch_norm=True) for layer in network.layers[:-1]] + [network.layers[-1]]
        )
        theta = network.init(0, dtype=dtype)
    if form == "sparse":
        X = scipy.sparse.csr_matrix(np.where(np.abs(X) > 0.7, X, 0).astype(dtype))
    together = NATIVE.predict(network, theta, X, 2)
    for n_threads in (1, 3, 4, 8):
        np.testing.assert_array_equal(NATIVE.predict(network, theta, X, n_threads), together)
    for rows in (1, 2, 15, 16, 17, 49):
        for first in (0, 7, 120 - rows):
            part = NATIVE.predict(network, theta, X[first : first + rows].copy())
            np.testing.assert_array_equal(part, together[first : first + rows])
    shuffled = np.random.RandomState(0).permutation(120)
    np.testing.assert_array_equal(NATIVE.predict(network, theta, X[shuffled]), together[shuffled])


def ulps(got, exact):
    """Distance in units of the last place of the exact value, rounded to got's precision."""
    return np.abs(got.astype(np.float64) - exact) / np.spacing(np.abs(exact.astype(got.dtype))).astype(np.float64)


def exact(name, z):
    """The activation in extended precision."""
    z = z.astype(np.longdouble)
    negative = np.expm1(np.minimum(z, 0))
    softplus = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    scale, alpha = (
        np.longdouble("1.0507009873554804934193349852946"),
        np.longdouble("1.6732632423543772848170429916717"),
    )
    values = {
        "exp": np.exp(z),
        "tanh": np.tanh(z),
        "logistic": 1 / (1 + np.exp(-z)),
        "elu": np.where(z > 0, z, negative),
        "selu": scale * np.where(z > 0, z, alpha * negative),
        "softplus": softplus,
        "silu": z / (1 + np.exp(-z)),
        "mish": z * np.tanh(softplus),
    }
    return values[name]


# Values at -inf, inf, -1e30 and 1e30; silu and mish are NaN at -inf, as in NumPy (inf * 0).
LIMITS = {
    "exp": [0, np.inf, 0, np.inf],
    "tanh": [-1, 1, -1, 1],
    "logistic": [0, 1, 0, 1],
    "elu": [-1, np.inf, -1, 1e30],
    "softplus": [0, np.inf, 0, 1e30],
}
WORST = {"exp": 2, "tanh": 3, "logistic": 3, "elu": 2, "selu": 3, "softplus": 3, "silu": 5, "mish": 5}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", WORST)
def test_elementary_functions(name, dtype):
    z = np.r_[np.linspace(-80, 80, 20001), np.linspace(-1, 1, 20001), np.geomspace(1e-6, 1, 1000)].astype(dtype)
    network = Network(1, (Dense(1, name),))
    theta = np.array([1, 0], dtype)
    got = NATIVE.predict(network, theta, z[:, None]).ravel()
    assert ulps(got, exact(name, z)).max() <= WORST[name]
    ends = NATIVE.predict(network, theta, np.array([[-np.inf], [np.inf], [-1e30], [1e30]], dtype)).ravel()
    np.testing.assert_array_equal(ends, np.array(LIMITS[name], dtype) if name in LIMITS else ends)
    assert np.isnan(NATIVE.predict(network, theta, np.array([[np.nan]], dtype))[0, 0])


@pytest.mark.parametrize("dtype", TYPES)
def test_gelu(dtype):
    """x Phi(x), to a few units of the last place wherever Phi is a normal number."""
    # In float64 scipy's own rounding of z / sqrt(2) grows like z**2 in the tail.
    z = np.r_[np.linspace(-8 if dtype == np.float32 else -1.5, 8, 20001), np.linspace(-0.5, 0.5, 2001)].astype(dtype)
    wanted = z.astype(np.float64) * scipy.special.ndtr(z.astype(np.float64))
    network = Network(1, (Dense(1, "gelu"),))
    got = NATIVE.predict(network, np.array([1, 0], dtype), z[:, None]).ravel()
    assert ulps(got, wanted).max() <= (6 if dtype == np.float32 else 16)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("output", LOSSES["log_loss"].outputs)
def test_log_loss_is_finite_for_any_score(output, dtype):
    scores = np.array([[1e30, -1e30], [-1e30, 1e30], [1e4, 1e4], [-1e30, -1e30]], dtype)
    Y = np.array([[0, 1]] * 4, dtype)
    network = Network(2, (Dense(2, output),), "log_loss")
    theta = np.r_[np.eye(2).ravel(), 0, 0].astype(dtype)
    loss, gradient = NATIVE.loss_and_gradient(network, theta, scores, Y)
    wanted = REFERENCE.loss_and_gradient(network, theta, scores, Y)
    assert np.isfinite(loss) and np.isfinite(gradient).all()
    close(loss, wanted[0], dtype)
    close(gradient, wanted[1], dtype)


def test_a_diverged_epoch_ends_early():
    c = case("relu", "squared_error", "identity", (3, 8, 1), 400)
    session = NATIVE.session(c.network, c.theta, TrainingData(c.X, c.Y), SGD())
    result = session.epoch(np.arange(400, dtype=np.int64), np.full(400, 1e10), 1)
    assert not np.isfinite(result.loss) and result.rows < 400


def test_denormals_are_left_as_they_were():
    c = case("relu", "squared_error", "identity", (3, 8, 1), 40, np.float32)
    trained_session = NATIVE.session(c.network, c.theta, TrainingData(c.X, c.Y), Adam())
    trained_session.epoch(np.arange(40, dtype=np.int64), np.full(4, 1e-3), 10)
    NATIVE.predict(c.network, c.theta, c.X, 2)
    tiny = np.full(16, 1e-40, np.float32)
    assert (tiny * np.float32(0.5) > 0).all()


def test_an_interrupt_leaves_whole_steps():
    c = case("relu", "log_loss", "softmax", (50, 100, 5), 2000)
    session = NATIVE.session(c.network, c.theta, TrainingData(c.X, c.Y), Adam(), StepSettings(0.1), 2)
    order = np.tile(np.arange(2000, dtype=np.int64), 500)
    rates = np.full(len(order) // 100, 1e-3)
    main = threading.main_thread().ident
    timer = threading.Timer(0.3, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        session.epoch(order, rates, 100)
    assert time.monotonic() - start < 5
    steps = session.t
    assert 0 < steps < len(rates)
    again = NATIVE.session(c.network, c.theta, TrainingData(c.X, c.Y), Adam(), StepSettings(0.1))
    again.epoch(order[: steps * 100], rates[:steps], 100)
    np.testing.assert_array_equal(session.theta, again.theta)


def test_a_session_refuses_a_second_thread():
    c = case("relu", "log_loss", "softmax", (50, 200, 5), 2000)
    session = NATIVE.session(c.network, c.theta, TrainingData(c.X, c.Y), Adam())
    order = np.tile(np.arange(2000, dtype=np.int64), 20)
    first = threading.Thread(target=session.epoch, args=(order, np.full(400, 1e-3), 100))
    first.start()
    time.sleep(0.05)
    with pytest.raises(RuntimeError, match="already running in another thread"):
        session.epoch(order, np.full(400, 1e-3), 100)
    first.join()
    assert session.t == 400


def shape(widths=(3, 4, 1), activations=(3, 0), heads=((0, 0, 0, 1),), dropout=None, batch_norm=None):
    """A network described around the checks in Python; a head is (activation, loss, first, units)."""
    described = [_native.Head(*head, 1.0, 1.0, 0.0, []) for head in heads]
    dropout, batch_norm = dropout or [0.0] * len(widths), batch_norm or [False] * len(activations)
    return _native.Shape(list(widths), list(activations), dropout, batch_norm, described, True)


def settings(**changes):
    """Adam, described likewise."""
    numbers = dict.fromkeys(("dampening", "alpha", "l2", "l1", "weight_decay"), 0.0)
    limits = dict.fromkeys(("max_norm", "clip_norm", "clip_value"), np.inf)
    adam = {"solver": 2, "slots": 2, "momentum": 0.9, "second": 0.999, "epsilon": 1e-8, "nesterov": False}
    return _native.Settings(**{**numbers, **limits, **adam, "layer_rates": [], "seed": 0, **changes})


def raw_trainer(rows=5, targets=None, weights=None, step=None, **described):
    """A trainer built around the checks in Python."""
    X = _native.RowsF64.dense(np.ones((rows, 3)))
    Y = np.ones((rows, 1)) if targets is None else targets
    return _native.TrainerF64(shape(**described), step or settings(), 1, kernels(), X, Y, weights)


def sparse_rows(indptr, indices):
    return _native.RowsF64.sparse(np.array(indptr), np.array(indices, np.int32), np.ones(len(indices)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: raw_trainer(targets=np.ones((4, 1))), "targets of shape"),
        (lambda: raw_trainer(targets=np.ones((5, 2))), "targets of shape"),
        (lambda: raw_trainer(weights=np.ones(4)), "one weight for every row"),
        (lambda: raw_trainer(widths=(2, 4, 1)), "as many columns"),
        (lambda: raw_trainer(widths=(3, 2**31 - 1, 1)), "layer widths"),
        (lambda: raw_trainer(widths=(3, 4)), "one activation for every layer"),
        (lambda: raw_trainer().set_theta(np.ones(3)), "as long as theta"),
        (lambda: raw_trainer().get_theta(np.ones(99)), "as long as theta"),
        (lambda: raw_trainer().set_state(0, np.ones(3)), "as long as theta"),
        (lambda: raw_trainer().get_state(2, np.ones(21)), "a slot of this solver"),
        (lambda: raw_trainer().gradient(np.ones(3)), "as long as theta"),
        (lambda: raw_trainer().gradient(np.ones(21)), "a trainer without a solver"),
        (lambda: raw_trainer(step=settings(layer_rates=[1.0])), "one rate for every layer"),
        (lambda: settings(slots=1), "as many state vectors"),
        (lambda: settings(solver=9), "a known solver"),
        (lambda: shape(activations=(99, 0)), "a known activation"),
        (lambda: shape(activations=(5, 0)), "hidden activations for single units"),
        (lambda: shape(heads=((0, 0, 0, 2),)), "heads that cover the outputs"),
        (lambda: shape(heads=((0, 0, 1, 1),)), "heads that follow each other"),
        (lambda: shape(heads=((15, 0, 0, 1),)), "a known activation"),
        (lambda: shape(heads=((0, 9, 0, 1),)), "a known loss"),
        (lambda: shape(dropout=[0.0, 1.0, 0.0]), "dropout from 0"),
        (lambda: shape(dropout=[0.0, 0.1]), "of every layer"),
        (lambda: shape(batch_norm=[False, True]), "in the output layer"),
        (lambda: native_predict(described=shape(batch_norm=[True, False])), "folded into the weights"),
        (lambda: raw_trainer().epoch(np.array([5]), np.ones(1), 1), "row numbers within the data"),
        (lambda: raw_trainer().epoch(np.array([-1]), np.ones(1), 1), "row numbers within the data"),
        (lambda: raw_trainer().epoch(np.arange(5), np.ones(2), 2), "one rate for every step"),
        (lambda: raw_trainer().epoch(np.arange(5), np.ones(2), 0), "a batch size"),
        (lambda: native_predict(theta=np.ones(20)), "a theta of this network"),
        (lambda: native_predict(out=np.ones((4, 1))), "an output of shape"),
        (lambda: native_predict(rows=sparse_rows([0, 1], [3])), "column indices"),
        (lambda: native_predict(rows=sparse_rows([0, 1], [-1])), "column indices"),
        (lambda: native_predict(rows=sparse_rows([0, 9], [1])), "a well-formed CSR matrix"),
        (lambda: native_predict(rows=sparse_rows([1, 0], [1])), "a well-formed CSR matrix"),
    ],
)
def test_no_caller_reads_outside_the_arrays(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def native_predict(theta=None, out=None, rows=None, described=None):
    rows = rows or _native.RowsF64.dense(np.ones((5, 3)))
    theta = np.ones(21) if theta is None else theta
    out = np.ones((5, 1)) if out is None else out
    return _native.predict(described or shape(), theta, rows, out, 1, kernels(), None)


def test_a_training_goes_on_after_a_fork():
    c = case("relu", "log_loss", "softmax", (50, 200, 5), 1000)
    session = NATIVE.session(c.network, c.theta, TrainingData(c.X, c.Y), Adam(), StepSettings(0.1), 2)
    order, rates = np.arange(1000, dtype=np.int64), np.full(10, 1e-3)
    session.epoch(order, rates, 100)  # the workers are alive now
    child = os.fork()
    if child == 0:
        session.epoch(order, rates, 100)
        theta = session.theta
        del session
        wanted = NATIVE.session(c.network, c.theta, TrainingData(c.X, c.Y), Adam(), StepSettings(0.1))
        for _ in range(2):
            wanted.epoch(order, rates, 100)
        os._exit(0 if (wanted.theta == theta).all() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    session.epoch(order, rates, 100)
    assert session.t == 20


def test_norms_are_those_of_the_last_batch_with_weight():
    c = case("tanh", "squared_error", "identity", (3, 4, 1), 20)
    order, rates = np.arange(20, dtype=np.int64), np.full(4, 1e-3)
    padded = NATIVE.session(c.network, c.theta, TrainingData(c.X, c.Y, np.r_[np.ones(10), np.zeros(10)]), Adam())
    only = NATIVE.session(c.network, c.theta, TrainingData(c.X[:10], c.Y[:10], np.ones(10)), Adam())
    got, wanted = padded.epoch(order, rates, 5), only.epoch(order[:10], rates, 5)
    np.testing.assert_array_equal(got.gradient_norms, wanted.gradient_norms)
    np.testing.assert_array_equal(got.update_norms, wanted.update_norms)
    assert (got.update_norms > 0).all()
