"""Solvers and schedules: steps equal to scikit-learn's optimisers, minima found, tables complete."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from chainrule import train
from chainrule.engines import ENGINES
from chainrule.formulas.schedules import SCHEDULES, Adaptive, Clock, Constant, InvScaling, get_schedule
from chainrule.formulas.solvers import LBFGS, SGD, SOLVERS, Adam, get_solver
from chainrule.network import Dense, Network

STOCHASTIC = [name for name, kind in SOLVERS.items() if kind.stochastic]
LINE = Network(2, (Dense(1, "identity"),), "squared_error")
USABLE = [name for name, engine in ENGINES.items() if engine.refusal(LINE, np.float64) is None]

THEIRS = {
    "sgd": (SGD(0.9, True), lambda p: SGDOptimizer(p, 0.05, momentum=0.9, nesterov=True)),
    "sgd, Polyak": (SGD(0.7, False), lambda p: SGDOptimizer(p, 0.05, momentum=0.7, nesterov=False)),
    "sgd, plain": (SGD(0.0, True), lambda p: SGDOptimizer(p, 0.05, momentum=0.0, nesterov=True)),
    "adam": (Adam(), lambda p: AdamOptimizer(p, 0.05)),
    "adam, other rates": (Adam(0.8, 0.9, 1e-3), lambda p: AdamOptimizer(p, 0.05, 0.8, 0.9, 1e-3)),
}


@pytest.mark.parametrize("case", THEIRS)
def test_steps_are_scikit_learns(case):
    mine, make = THEIRS[case]
    rng = np.random.RandomState(0)
    theta = rng.randn(7)
    parameters = [theta.copy()]
    theirs, state = make(parameters), mine.init(theta)
    for t in range(1, 30):
        gradient = rng.randn(7)
        mine.step(theta, gradient, state, t, 0.05)
        theirs.update_params(parameters, [gradient])
        np.testing.assert_allclose(theta, parameters[0], rtol=1e-12)


def test_every_stochastic_solver_is_compared():
    assert {mine.name for mine, _ in THEIRS.values()} >= {"sgd", "adam"}


@pytest.mark.parametrize("engine", USABLE)
@pytest.mark.parametrize("solver", SOLVERS)
def test_solver_finds_the_least_squares_line(solver, engine):
    """A network without hidden layer under squared error is linear regression: numpy's lstsq is the oracle."""
    rng = np.random.RandomState(1)
    X = rng.randn(40, 2)
    y = X @ [1.5, -2.0] + 0.5 + 0.1 * rng.randn(40)
    design = np.column_stack([X, np.ones(40)])
    expected = np.linalg.lstsq(design, y, rcond=None)[0]
    options = {"learning_rate_init": 0.02, "max_iter": 800, "n_iter_no_change": np.inf, "tol": 1e-10}
    training = train(LINE, LINE.init(0), X, y, solver=solver, batch_size=40, engine=engine, **options)
    for _ in training:
        pass
    np.testing.assert_allclose(training.theta, expected, atol=1e-4)


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_solver_descends_rosenbrocks_valley(solver):
    theta = np.array([-1.2, 1.0])
    method = get_solver(solver)
    state = method.init(theta)
    for t in range(1, 20001):
        x, y = theta
        gradient = np.array([-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)])
        method.step(theta, gradient, state, t, 2e-3 if solver == "adam" else 1e-4)
    np.testing.assert_allclose(theta, [1, 1], atol=0.02)


def _clock(**more):
    given = {"initial": 0.1, "current": 0.1, "epoch": 0, "epochs": 10, "steps": 4, "samples": 0}
    return Clock(**{**given, **more})


@pytest.mark.parametrize("samples", [0, 40, 80, 4000])
def test_invscaling_is_scikit_learns(samples):
    theirs = SGDOptimizer([np.zeros(1)], 0.1, "invscaling", power_t=0.3)
    if samples:
        theirs.iteration_ends(samples)
    rates = InvScaling(0.3).rates(_clock(samples=samples))
    np.testing.assert_allclose(rates, [theirs.learning_rate] * 4, rtol=1e-15)


def test_adaptive_is_scikit_learns():
    theirs = SGDOptimizer([np.zeros(1)], 0.1, "adaptive")
    rate = 0.1
    while (slower := Adaptive().after_plateau(rate)) is not None:
        assert not theirs.trigger_stopping("", False)
        assert slower == theirs.learning_rate
        rate = slower
    assert theirs.trigger_stopping("", False)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_gives_one_finite_rate_per_step(name):
    schedule = get_schedule(name)
    for epoch in range(10):
        rates = schedule.rates(_clock(epoch=epoch, samples=40 * epoch))
        assert rates.shape == (4,) and np.isfinite(rates).all() and (rates > 0).all()


def test_names_and_objects():
    assert get_solver("adam") == Adam() and get_solver(SGD(0.5)) == SGD(0.5)
    assert get_schedule("constant") == Constant()
    assert LBFGS(7).max_fun == 7 and not LBFGS.stochastic
    with pytest.raises(ValueError, match=r"unknown solver 'adma'.*Did you mean 'adam'"):
        get_solver("adma")
    with pytest.raises(ValueError, match="unknown schedule"):
        get_schedule("cosin")
    with pytest.raises(AttributeError):
        Adam().beta_1 = 0.5
