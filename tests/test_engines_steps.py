"""What a training step does beside the loss and the solver: both engines against each other and against what the words mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from chainrule.engines import ENGINES, StepSettings, TrainingData
from chainrule.engines.normalization import EPSILON
from chainrule.engines.reference import draw_masks, forward, tape
from chainrule.formulas import dropout
from chainrule.formulas.solvers import SGD, SOLVERS, Adam, AdamW
from chainrule.network import Dense, Network
from tests.combinations import HIDDEN, PAIRS, targets
from tests.test_engines_agree import close
from tests.test_gradients import central_differences

REFERENCE, NATIVE = ENGINES["reference"], ENGINES["native"]
STEPS = [
    StepSettings(alpha=0.3, l2=0.01),
    StepSettings(l1=0.05),
    StepSettings(weight_decay=0.4),
    StepSettings(max_norm=0.4),
    StepSettings(clip_norm=0.05, alpha=0.2),
    StepSettings(clip_value=0.002),
    StepSettings(clip_norm=0.3, clip_value=0.01, max_norm=1.0, l1=0.01, weight_decay=0.1, l2=0.1),
    StepSettings(layer_rates=(0.0, 1.0, 0.5), l1=0.01, weight_decay=0.2, max_norm=0.5),
    StepSettings(layer_rates=(2.0, 0.0, 1.0), clip_norm=0.1),
]
PLAIN = (Dense(20, "relu"), Dense(17, "tanh"), Dense(3, "softmax"))


def described(**changes):
    """A small classifier: layers with these fields."""
    layers = [Dense(layer.units, layer.activation, **changes) for layer in PLAIN[:-1]]
    return Network(9, (*layers, PLAIN[-1]), "log_loss")


def rows(network, n=53, dtype=np.float64, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, network.inputs)).astype(dtype)
    Y = np.eye(network.outputs, dtype=dtype)[rng.randint(network.outputs, size=n)]
    return X, Y, rng.uniform(0.2, 2, n).astype(dtype)


def epochs(engine, network, theta, data, solver, settings, n_threads=1, rate=0.02, number=3, batch=10):
    order = np.random.RandomState(1).permutation(len(data.Y)).astype(np.int64)
    session = engine.session(network, theta, data, solver, settings, n_threads)
    steps = -(-len(order) // batch)
    return session, [session.epoch(order, np.full(steps, rate), batch) for _ in range(number)]


def agree(network, theta, data, solver, settings, factor=1e3, batch=10):
    # Adaptive solvers make any gradient's first step as long as the rate: a small one keeps roundings from growing at kinks.
    rate = 0.02 if isinstance(solver, SGD) else 1e-3
    (mine, got), (theirs, wanted) = (
        epochs(engine, network, theta, data, solver, settings, rate=rate, batch=batch) for engine in (NATIVE, REFERENCE)
    )
    dtype = theta.dtype
    close(mine.theta, theirs.theta, dtype, factor)
    for slot, vector in theirs.state.items():
        close(mine.state[slot][: network.n_trained], vector[: network.n_trained], dtype, factor)
    for one, other in zip(got, wanted, strict=True):
        close(one.loss, other.loss, dtype, factor)
        close(one.gradient_norms, other.gradient_norms, dtype, factor)
        close(one.update_norms, other.update_norms, dtype, factor * 100)


@pytest.mark.parametrize("settings", STEPS, ids=lambda settings: str(STEPS.index(settings)))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "solver", [SGD(), Adam(), *(SOLVERS[name]() for name in ("adagrad", "rmsprop", "adamw"))], ids=repr
)
def test_engines_agree_on_every_setting(settings, dtype, solver):
    network = Network(9, PLAIN, "log_loss")
    X, Y, weight = rows(network, dtype=dtype)
    theta = network.init(0, dtype=dtype)
    for data in (TrainingData(X, Y), TrainingData(X, Y, weight)):
        agree(network, theta, data, solver, settings, 1e3 if dtype == np.float64 else 30)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(
    "changes", [{"dropout": 0.4}, {"batch_norm": True}, {"dropout": 0.2, "batch_norm": True}], ids=str
)
def test_engines_agree_on_dropout_and_batch_norm(hidden, changes):
    layers = (Dense(37, hidden, **changes), Dense(5, hidden), Dense(16, hidden, **changes), Dense(3, "softmax"))
    network = Network(9, layers, "log_loss", input_dropout=0.3 if "dropout" in changes else 0.0)
    X, Y, weight = rows(network)
    theta = network.init(0)
    for data in (TrainingData(X, Y), TrainingData(X, Y, weight)):
        agree(network, theta, data, Adam(), StepSettings(0.1, seed=7), 1e4)
    theta = REFERENCE.session(network, theta, TrainingData(X, Y), SGD()).theta
    for one, other in zip(
        NATIVE.loss_and_gradient(network, theta, X, Y, weight, 0.2, 1, 0.05),
        REFERENCE.loss_and_gradient(network, theta, X, Y, weight, 0.2, 1, 0.05),
        strict=True,
    ):
        close(one, other, np.float64, 1e2)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse_inputs_are_dropped_alike(dtype):
    network = Network(60, (Dense(8, "tanh"), Dense(2, "softmax")), "log_loss", input_dropout=0.5)
    X, Y, weight = rows(network, 2100, dtype)
    X = np.where(np.random.RandomState(3).uniform(size=X.shape) < 0.2, X, 0).astype(dtype)
    sparse = scipy.sparse.csr_matrix(X)
    theta, settings = network.init(0, dtype=dtype), StepSettings(0.1, seed=11)
    ends = [
        epochs(engine, network, theta, TrainingData(data, Y, weight), Adam(), settings, 2, batch=1500)[0].theta
        for engine, data in ((REFERENCE, X), (REFERENCE, sparse), (NATIVE, X), (NATIVE, sparse))
    ]
    for end in ends[1:]:
        close(end, ends[0], dtype, 1e3 if dtype == np.float64 else 30)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_same_bits_for_any_number_of_threads(dtype):
    layers = (Dense(130, "gelu", 0.3, True), Dense(40, "relu", 0.5), Dense(30, "tanh", 0.0, True), Dense(3, "softmax"))
    network = Network(60, layers, "log_loss", input_dropout=0.1)
    X, Y, weight = rows(network, 1500, dtype)
    theta = network.init(0, dtype=dtype)
    settings = StepSettings(0.1, 0.01, 1e-3, 0.1, 2.0, 0.5, 0.1, (1.0, 0.5, 1.0, 1.0), 5)
    data = TrainingData(X, Y, weight)
    one, results = epochs(NATIVE, network, theta, data, Adam(), settings, 1, batch=333)
    for n_threads in (2, 3, 4, 8):
        session, again = epochs(NATIVE, network, theta, data, Adam(), settings, n_threads, batch=333)
        np.testing.assert_array_equal(session.theta, one.theta)
        assert [epoch.loss for epoch in again] == [epoch.loss for epoch in results]


NORMALIZED = [(hidden, "log_loss", "softmax") for hidden in HIDDEN]
NORMALIZED += [("tanh", loss, output) for loss, output in PAIRS if output != "step"]


@pytest.mark.parametrize(("hidden", "loss", "output"), NORMALIZED)
def test_gradient_through_batch_norm(engine, hidden, loss, output):
    layers = (
        Dense(4, hidden, batch_norm=True),
        Dense(3, hidden),
        Dense(3, hidden, batch_norm=True),
        Dense(2, output),
    )
    network = Network(3, layers, loss)
    X, _, weight = rows(network, 11)
    Y = targets(output, np.random.RandomState(4), (11, 2))
    theta = network.init(2)
    # Away from zero biases: a unit that is 0 for every row would put a ReLU at its kink.
    theta[: network.n_trained] += np.random.RandomState(5).uniform(-0.4, 0.8, network.n_trained)
    if (why := engine.refusal(network, np.float64)) is not None:
        pytest.skip(why)
    value, gradient = engine.loss_and_gradient(network, theta, X, Y, weight, 0.3, 1, 0.1)
    numeric = central_differences(lambda at: engine.loss_and_gradient(network, at, X, Y, weight, 0.3, 1, 0.1)[0], theta)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-6 * np.abs(numeric).max())
    assert np.isfinite(value) and not gradient[network.n_trained :].any()


@pytest.mark.parametrize(("hidden", "loss", "output"), NORMALIZED)
def test_gradient_through_dropout_with_the_same_masks(hidden, loss, output):
    network = Network(3, (Dense(6, hidden, 0.4), Dense(5, hidden, 0.2), Dense(2, output)), loss, 0.2)
    X, _, weight = rows(network, 7)
    Y = targets(output, np.random.RandomState(4), (7, 2))
    theta, masks = network.init(1), draw_masks(network, 3, 5, 7, np.float64)
    done = tape(network, theta, X, Y, weight, 0.2, 0.0, masks)
    numeric = central_differences(lambda at: tape(network, at, X, Y, weight, 0.2, 0.0, masks).loss, theta)
    np.testing.assert_allclose(done.gradient, numeric, rtol=1e-6, atol=1e-7)


def test_predictions_know_nothing_of_dropout(engine):
    network, without = replace(described(dropout=0.4), input_dropout=0.2), described()
    theta = network.init(0)
    X = rows(network)[0]
    np.testing.assert_array_equal(engine.predict(network, theta, X), engine.predict(without, theta, X))


def test_dropout_keeps_the_expectation_and_the_variance():
    """Inverted dropout of a linear layer: the mean is the prediction, the variance p / (1 - p) sum w^2 x^2 (lab 4.13)."""
    p, w, x = 0.3, np.linspace(-1, 2, 40), np.linspace(0.5, 1.5, 40)
    masks = dropout.mask(1, 0, 0, 20_000, 40, p)
    outputs = (masks * x) @ w
    variance = p / (1 - p) * (w**2 * x**2).sum()
    assert abs(outputs.mean() - x @ w) < 4 * np.sqrt(variance / 20_000)
    assert abs(outputs.var() / variance - 1) < 4 * np.sqrt(2 / 20_000) * 1.5


def test_masks_differ_by_seed_step_layer_row_and_unit():
    base = dropout.mask(1, 2, 3, 500, 64, 0.5)
    for other in ((2, 2, 3), (1, 3, 3), (1, 2, 4)):
        assert abs(np.corrcoef(base.ravel(), dropout.mask(*other, 500, 64, 0.5).ravel())[0, 1]) < 0.03
    between = np.corrcoef(base.T)[np.triu_indices(64, 1)]
    assert abs(between).max() < 5 / np.sqrt(500) and abs(between.mean()) < 0.005
    np.testing.assert_array_equal(dropout.mask(1, 2, 3, 20, 30, 0.5), base[:20, :30])
    np.testing.assert_array_equal(dropout.mask(1, 2, 3, 5, 6, 0.0), np.ones((5, 6)))


def test_batch_norm_as_published(engine):
    """Outputs have mean beta and variance gamma^2 s / (s + eps); running statistics follow (1 - m)^k (lab 4.14)."""
    network = Network(4, (Dense(6, "identity", batch_norm=True), Dense(6, "identity")))
    X, Y = np.random.RandomState(0).standard_normal((40, 4)) * 3 + 1, np.zeros((40, 6))
    theta = network.init(0)
    views = network.views(theta)
    views.gamma[0][...], views.b[0][...] = np.linspace(0.5, 2, 6), np.linspace(-1, 1, 6)
    done = tape(network, theta, X, Y)
    linear = X @ views.W[0]
    np.testing.assert_allclose(done.z[0].mean(axis=0), views.b[0], atol=1e-12)
    np.testing.assert_allclose(
        done.z[0].var(axis=0), views.gamma[0] ** 2 * linear.var(axis=0) / (linear.var(axis=0) + EPSILON)
    )
    session = engine.session(network, theta, TrainingData(X, Y), SGD())
    for _ in range(5):
        session.epoch(np.arange(40, dtype=np.int64), np.array([0.0]), 40)
    after = network.views(session.theta)
    np.testing.assert_allclose(after.mean[0], (1 - 0.9**5) * linear.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(after.variance[0], 0.9**5 + (1 - 0.9**5) * linear.var(axis=0, ddof=1), rtol=1e-12)
    scores = (linear - after.mean[0]) / np.sqrt(after.variance[0] + EPSILON) * views.gamma[0] + views.b[0]
    np.testing.assert_allclose(forward(network, session.theta, X)[0][0], scores, rtol=1e-12)
    np.testing.assert_allclose(engine.predict(network, session.theta, X), scores @ views.W[1] + views.b[1], rtol=1e-9)


def test_a_weight_of_two_is_two_rows_in_batch_norm_too(engine):
    network = described(batch_norm=True)
    X, Y, _ = rows(network, 12)
    weight = np.array([1.0, 2, 1, 3, 1, 1, 2, 1, 1, 1, 2, 1])
    repeated = np.repeat(np.arange(12), weight.astype(int))
    ends = [
        epochs(engine, network, network.init(0), data, SGD(), StepSettings(0.1), batch=len(data.Y))[0].theta
        for data in (TrainingData(X, Y, weight), TrainingData(X[repeated], Y[repeated]))
    ]
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-9, atol=1e-12)


def test_l1_makes_exact_zeros_and_weights_come_back(engine):
    network = Network(9, PLAIN, "log_loss")
    data = TrainingData(*rows(network)[:2])
    strong, _ = epochs(engine, network, network.init(0), data, SGD(), StepSettings(l1=0.5), rate=0.1, number=20)
    weights = strong.theta[: network.n_weights]
    assert (weights == 0).mean() > 0.95 and (strong.theta[network.n_weights :] != 0).all()
    start = network.init(0)
    start[: network.n_weights : 2] = 0.0
    weak, _ = epochs(engine, network, start, data, SGD(), StepSettings(l1=1e-4), rate=0.1)
    assert (weak.theta[: network.n_weights : 2] != 0).mean() > 0.5


LASSO_RATES = {"sgd": 0.05, "adagrad": 0.5, "adadelta": 3.0, "rmsprop": 0.01, "adam": 0.02, "adamw": 0.02}


@pytest.mark.parametrize("name", [name for name, solver in SOLVERS.items() if solver.stochastic])
def test_every_solver_with_l1_finds_the_lasso(engine, name):
    """Least squares with an L1 penalty: the same coefficients as scikit-learn's coordinate descent, zeros included."""
    from sklearn.linear_model import Lasso

    rng = np.random.RandomState(0)
    X = rng.standard_normal((80, 6)) * np.array([1, 0.5, 2, 1, 1, 0.7])
    y = X @ np.array([1.5, 0, -1, 0.3, 0.05, 0]) + 0.1 * rng.standard_normal(80)
    wanted = Lasso(0.1, tol=1e-12, max_iter=100_000).fit(X, y)
    assert (wanted.coef_ == 0).sum() >= 2
    network = Network(6, (Dense(1, "identity"),))
    solver = AdamW(weight_decay=0.0) if name == "adamw" else SOLVERS[name]()
    session = engine.session(network, network.init(0), TrainingData(X, y[:, None]), solver, StepSettings(l1=0.1))
    order = np.arange(80, dtype=np.int64)
    # Adaptive solvers need small steps in the end; momentum, whose velocity remembers the rates, a while at the same rate.
    for rate in LASSO_RATES[name] * np.r_[np.geomspace(1, 0.01, 3000), np.full(1000, 0.01)]:
        session.epoch(order, np.array([rate]), 80)
    np.testing.assert_allclose(session.theta, [*wanted.coef_, wanted.intercept_], atol=2e-3)
    np.testing.assert_array_equal(session.theta[:6] == 0, wanted.coef_ == 0)


def test_l2_does_not_depend_on_the_batch(engine):
    """alpha is divided by the batch's rows (scikit-learn), l2 is not: in batches of 10 alpha = 10 l2 is the same."""
    network = Network(9, PLAIN, "log_loss")
    data = TrainingData(*(part[:50] for part in rows(network)[:2]))
    ends = [
        epochs(engine, network, network.init(0), data, Adam(), settings)[0].theta
        for settings in (StepSettings(alpha=0.5), StepSettings(l2=0.05))
    ]
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-9, atol=1e-12)


def test_decay_max_norm_and_clipping_mean_what_they_say(engine):
    network = Network(9, PLAIN, "log_loss")
    data, theta = TrainingData(*rows(network)[:2]), network.init(0)
    no_gradient = TrainingData(np.zeros_like(data.X), data.Y)
    one, _ = epochs(engine, network, theta, no_gradient, SGD(0.0), StepSettings(weight_decay=0.5), number=1, batch=53)
    np.testing.assert_allclose(network.views(one.theta).W[0], network.views(theta).W[0] * (1 - 0.02 * 0.5), rtol=1e-12)
    limited, _ = epochs(engine, network, theta, data, SGD(), StepSettings(max_norm=0.3))
    for W in network.views(limited.theta).W:
        assert np.linalg.norm(W, axis=0).max() <= 0.3 * (1 + 1e-12)
    _, gradient = engine.loss_and_gradient(network, theta, data.X, data.Y)
    length = np.linalg.norm(gradient)
    clipped, result = epochs(engine, network, theta, data, SGD(0.0), StepSettings(clip_norm=length / 4), 1, 0.1, 1, 53)
    order = np.random.RandomState(1).permutation(53)
    np.testing.assert_allclose(clipped.theta, theta - 0.1 * gradient / 4, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(result[0].gradient_norms), length, rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(result[0].update_norms), 0.1 * length / 4, rtol=1e-9)
    assert len(order) == 53
    values, _ = epochs(engine, network, theta, data, SGD(0.0), StepSettings(clip_value=0.01), 1, 0.1, 1, 53)
    np.testing.assert_allclose(values.theta, theta - 0.1 * np.clip(gradient, -0.01, 0.01), rtol=1e-9, atol=1e-12)


def test_frozen_layers_keep_every_bit(engine):
    network = Network(9, PLAIN, "log_loss")
    data, theta = TrainingData(*rows(network)[:2]), network.init(0)
    settings = StepSettings(alpha=0.1, l1=0.01, weight_decay=0.1, max_norm=0.1, layer_rates=(0.0, 1.0, 1.0))
    frozen, results = epochs(engine, network, theta, data, Adam(), settings)
    before, after = network.views(theta), network.views(frozen.theta)
    np.testing.assert_array_equal(after.W[0], before.W[0])
    np.testing.assert_array_equal(after.b[0], before.b[0])
    assert (after.W[1] != before.W[1]).all() and results[-1].update_norms[0] == 0 < results[-1].gradient_norms[0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_frozen_batch_norm_goes_by_its_running_statistics(dtype):
    """What a frozen layer gives the next one in training is what it gives in predictions."""
    network = described(batch_norm=True)
    X, Y, weight = rows(network, dtype=dtype)
    theta = epochs(
        NATIVE, network, network.init(0, dtype=dtype), TrainingData(X, Y, weight), Adam(), StepSettings(), number=9
    )[0].theta
    settings, factor = StepSettings(layer_rates=(0.0, 1.0, 1.0)), 1e3 if dtype == np.float64 else 30
    agree(network, theta, TrainingData(X, Y, weight), SGD(), settings, factor)
    agree(network, theta, TrainingData(X, Y), SGD(), StepSettings(layer_rates=(1.0, 0.0, 1.0)), factor)
    after = epochs(NATIVE, network, theta, TrainingData(X, Y), SGD(), settings)[0].theta
    before, now = network.views(theta), network.views(after)
    for name in ("W", "b", "gamma", "mean", "variance"):
        np.testing.assert_array_equal(getattr(now, name)[0], getattr(before, name)[0])
    assert (now.mean[1] != before.mean[1]).all() and (now.W[1] != before.W[1]).all()
    done = tape(network, theta, X, Y, frozen=(0, 1))
    np.testing.assert_allclose(
        done.a[-1], REFERENCE.predict(network, theta, X), rtol=1e-5 if dtype == np.float32 else 1e-12
    )


def test_layers_go_at_their_own_rate(engine):
    network = Network(9, PLAIN, "log_loss")
    data, theta = TrainingData(*rows(network)[:2]), network.init(0)
    factors = (3.0, 1.0, 0.5)
    slow, _ = epochs(engine, network, theta, data, SGD(0.0), StepSettings(layer_rates=factors), number=1, batch=53)
    _, gradient = engine.loss_and_gradient(network, theta, data.X, data.Y)
    moved, step = network.views(slow.theta - theta), network.views(gradient)
    for k, factor in enumerate(factors):
        np.testing.assert_allclose(moved.W[k], -0.02 * factor * step.W[k], rtol=1e-9, atol=1e-12)
