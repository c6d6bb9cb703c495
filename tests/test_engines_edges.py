"""Steps at the edges: rates of zero, frozen layers in large batches, weights of any scale, gradients beyond float32's squares."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engines import ENGINES, StepSettings, TrainingData
from chainrule.formulas.solvers import SGD, SOLVERS, Adam, RMSProp
from chainrule.network import Dense, Network
from chainrule.training import train
from tests.test_engines_agree import close
from tests.test_engines_steps import agree, described, epochs, rows

REFERENCE, NATIVE = ENGINES["reference"], ENGINES["native"]
REGRESSION = Network(6, (Dense(1, "identity"),))


def moved(engine, network, theta, data, solver, settings, rates, batch):
    session = engine.session(network, theta, data, solver, settings)
    for rate in rates:
        steps = -(-len(data.Y) // batch)
        session.epoch(np.arange(len(data.Y), dtype=np.int64), np.full(steps, rate), batch)
    return session


@pytest.mark.parametrize("name", [name for name, solver in SOLVERS.items() if solver.stochastic])
def test_a_rate_of_zero_is_a_step_like_any_other(name):
    network = described()
    data, solver = TrainingData(*rows(network)), SOLVERS[name]()
    ends = [
        moved(engine, network, network.init(0), data, solver, StepSettings(0.1), (0.01, 0.0, 0.0, 0.01), 20)
        for engine in (REFERENCE, NATIVE)
    ]
    close(ends[1].theta, ends[0].theta, np.float64, 1e3)
    for slot, vector in ends[0].state.items():
        close(ends[1].state[slot], vector, np.float64, 1e3)
    assert ends[1].t == ends[0].t == 12


@pytest.mark.parametrize("factors", [(0.0, 1.0, 1.0), (1.0, 0.0, 2.0)])
@pytest.mark.parametrize(
    "limits", [{"clip_norm": 0.05}, {"clip_norm": 0.05, "max_norm": 0.4}, {"clip_value": 1e-3}], ids=str
)
def test_frozen_layers_in_batches_beyond_one_chunk(factors, limits):
    network = described()
    X, Y, weight = rows(network, 2500)
    settings = StepSettings(0.1, layer_rates=factors, **limits)
    agree(network, network.init(0), TrainingData(X, Y, weight), SGD(), settings, batch=1250)


def test_frozen_layers_do_not_count_in_the_clipped_norm(engine):
    """As PyTorch's clip_grad_norm_, which does not see parameters without gradients."""
    network, factors = described(), (0.0, 1.0, 1.0)
    X, Y, _ = rows(network)
    theta = network.init(0)
    gradient = engine.loss_and_gradient(network, theta, X, Y)[1]
    views = network.views(gradient)
    length = np.sqrt(sum((part**2).sum() for k in (1, 2) for part in (views.W[k], views.b[k])))
    settings = StepSettings(clip_norm=length / 3, layer_rates=factors)
    after = moved(engine, network, theta, TrainingData(X, Y), SGD(0.0), settings, [0.1], len(Y)).theta
    change = network.views(after - theta)
    np.testing.assert_allclose(change.W[1], -0.1 / 3 * views.W[1], rtol=1e-9, atol=1e-14)
    np.testing.assert_array_equal(change.W[0], 0)


@pytest.mark.parametrize(
    "solver", [SGD(), SGD(nesterov=False), SGD(0.9, False, 0.9), RMSProp(heavy_ball=0.5)], ids=repr
)
@pytest.mark.parametrize("schedule", ["cosine", "step", "one_cycle", "exponential"])
def test_l1_finds_the_lasso_under_any_schedule(engine, solver, schedule):
    from sklearn.linear_model import Lasso

    from chainrule.formulas.schedules import SCHEDULES

    rng = np.random.RandomState(0)
    X = rng.standard_normal((80, 6)) * np.array([1, 0.5, 2, 1, 1, 0.7])
    y = X @ np.array([1.5, 0, -1, 0.3, 0.05, 0]) + 0.1 * rng.standard_normal(80)
    wanted = Lasso(0.1, tol=1e-12, max_iter=100_000).fit(X, y)
    slow = {"exponential": {"gamma": 0.998}, "step": {"step_size": 400, "gamma": 0.3}}.get(schedule, {})
    training = train(
        REGRESSION, REGRESSION.init(0), X, y, solver=solver, learning_rate=SCHEDULES[schedule](**slow), l1=0.1,
        learning_rate_init=0.05 if isinstance(solver, SGD) else 0.01, batch_size=80, max_iter=2000, tol=0.0,
        n_iter_no_change=np.inf, engine=engine.name, random_state=0,
    )  # fmt: skip
    for _ in training:
        pass
    np.testing.assert_array_equal(training.theta[:6] == 0, wanted.coef_ == 0)
    np.testing.assert_allclose(training.theta, [*wanted.coef_, wanted.intercept_], atol=5e-3)


@pytest.mark.parametrize("solver", [SGD(), Adam()], ids=repr)
def test_a_training_with_l1_resumes_exactly(engine, solver):
    network = described(dropout=0.2)
    X, Y, _ = rows(network)
    given = {
        "solver": solver,
        "l1": 0.01,
        "batch_size": 10,
        "engine": engine.name,
        "random_state": 3,
        "learning_rate_init": 0.02,
    }
    whole = train(network, network.init(0), X, Y, max_iter=6, **given)
    losses = [epoch.loss for epoch in whole]
    half = train(network, network.init(0), X, Y, max_iter=3, **given)
    first = [epoch.loss for epoch in half]
    rest = train(network, half.theta, X, Y, max_iter=3, resume=half.state, **given)
    assert first + [epoch.loss for epoch in rest] == losses
    np.testing.assert_array_equal(rest.theta, whole.theta)


def test_the_scale_of_weights_does_not_blow_up_running_variances(engine):
    network = described(batch_norm=True)
    X, Y, _ = rows(network, 50)
    for total in (1 + 1e-12, 1.5, 0.3, 1e-6):
        data = TrainingData(X, Y, np.full(50, total / 50))
        session, _ = epochs(engine, network, network.init(0), data, SGD(), StepSettings(), batch=50)
        plain, _ = epochs(engine, network, network.init(0), TrainingData(X, Y), SGD(), StepSettings(), batch=50)
        got, wanted = network.views(session.theta).variance, network.views(plain.theta).variance
        for one, other in zip(got[:2], wanted[:2], strict=True):
            assert (one < 2.2 * other).all() and (one > 0.4 * other).all()


def test_a_single_row_with_weight_goes_by_the_running_statistics():
    network = described(batch_norm=True)
    X, Y, _ = rows(network, 20)
    theta = epochs(NATIVE, network, network.init(0), TrainingData(X, Y), SGD(), StepSettings())[0].theta
    weight = np.zeros(20)
    weight[3] = 1.5
    agree(network, theta, TrainingData(X, Y, weight), SGD(), StepSettings(), batch=20)
    after = moved(NATIVE, network, theta, TrainingData(X, Y, weight), SGD(), StepSettings(), [0.01], 20).theta
    np.testing.assert_array_equal(after[network.n_trained :], theta[network.n_trained :])


def test_norms_beyond_float32s_squares_are_clipped():
    X = np.full((4, 6), 1e18, np.float32)
    data = TrainingData(X, np.full((4, 1), 1e3, np.float32))
    theta = np.zeros(REGRESSION.n_parameters, np.float32)
    ends = [
        moved(engine, REGRESSION, theta, data, SGD(0.0), StepSettings(clip_norm=0.5), [0.1], 4).theta
        for engine in (REFERENCE, NATIVE)
    ]
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(ends[1]), 0.05, rtol=1e-5)


def test_without_penalties_large_weights_leave_the_loss_finite(engine):
    network = Network(1, (Dense(1, "identity"),))
    theta = np.array([1e20, 0.0], np.float32)
    zeros = np.zeros((3, 1), np.float32)
    assert engine.loss_and_gradient(network, theta, zeros, zeros + 1)[0] == 0.5


def test_clipping_below_the_l1_penalty_is_refused():
    X, y = np.ones((5, 6)), np.ones(5)
    with pytest.raises(ValueError, match=r"clip_value=0\.1 must be above l1=0\.3"):
        train(REGRESSION, REGRESSION.init(0), X, y, l1=0.3, clip_value=0.1)
    for name in ("clip_norm", "alpha", "max_norm"):
        with pytest.raises(ValueError, match=f"{name} must be .* got True"):
            train(REGRESSION, REGRESSION.init(0), X, y, **{name: True})
