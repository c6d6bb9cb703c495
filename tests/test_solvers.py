"""Solvers: steps equal to scikit-learn's optimisers and to the lectures' formula, minima found, fields checked."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from chainrule import MLPClassifier, MLPRegressor, train
from chainrule.engines import ENGINES
from chainrule.estimators.parameters import solver_of
from chainrule.formulas.initializers import INITIALIZERS
from chainrule.formulas.schedules import SCHEDULES
from chainrule.formulas.solvers import LBFGS, SGD, SOLVERS, Adam, AdamW, RMSProp, get_solver
from chainrule.network import Dense, Network

STOCHASTIC = [name for name, kind in SOLVERS.items() if kind.stochastic]
LINE = Network(2, (Dense(1, "identity"),), "squared_error")
# Rates at which a solver gets down Rosenbrock's valley and to the least-squares line; 0.02 if it is not here.
RATES = {"sgd": (1e-4, 0.02), "adagrad": (0.5, 0.5), "adadelta": (0.03, 5.0), "rmsprop": (2e-3, 0.02)}
RATES |= {"adam": (2e-3, 0.1), "adamw": (2e-3, 0.1)}
NUMBERS = [(name, field.name) for name, kind in SOLVERS.items() for field in fields(kind) if field.type != "bool"]

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


def test_dampening_as_large_as_momentum_is_the_lectures_average():
    """Lecture 000, "Momentum": v <- a v + (1 - a) g; W <- W - eta v."""
    mine, rng, rate, a = SGD(momentum=0.9, nesterov=False, dampening=0.9), np.random.RandomState(0), 0.1, 0.9
    theta = rng.randn(5)
    expected, v, state = theta.copy(), np.zeros(5), mine.init(theta)
    for t in range(1, 40):
        gradient = rng.randn(5)
        mine.step(theta, gradient, state, t, rate)
        v = a * v + (1 - a) * gradient
        expected = expected - rate * v
        np.testing.assert_allclose(theta, expected, rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("solver", SOLVERS)
def test_solver_finds_the_least_squares_line(solver, engine):
    """A network without hidden layer under squared error is linear regression: numpy's lstsq is the oracle."""
    method = get_solver(solver)
    if (why := ENGINES[engine].refusal(LINE, np.float64, method if method.stochastic else None)) is not None:
        pytest.skip(why)
    if method.decay:
        method = replace(method, weight_decay=0.0)
    rng = np.random.RandomState(1)
    X = rng.randn(40, 2)
    y = X @ [1.5, -2.0] + 0.5 + 0.1 * rng.randn(40)
    design = np.column_stack([X, np.ones(40)])
    expected = np.linalg.lstsq(design, y, rcond=None)[0]
    rate = RATES.get(solver, (0.02, 0.02))[1]
    options = {"learning_rate_init": rate, "max_iter": 800, "n_iter_no_change": np.inf, "tol": 1e-10}
    options |= {"learning_rate": "cosine" if method.stochastic else "constant", "batch_size": 40}
    training = train(LINE, LINE.init(0), X, y, solver=method, engine=engine, **options)
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
        method.step(theta, gradient, state, t, RATES.get(solver, (0.02, 0.02))[0])
    np.testing.assert_allclose(theta, [1, 1], atol=0.02)


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_state_is_what_the_slots_say(solver):
    method, theta = get_solver(solver), np.linspace(-1, 1, 4, dtype=np.float32)
    state = method.init(theta)
    assert tuple(state) == method.slots
    assert all(vector.dtype == theta.dtype and vector.shape == theta.shape for vector in state.values())
    method.step(theta, theta.copy(), state, 1, 0.1)
    assert theta.dtype == np.float32 and tuple(state) == method.slots


def test_a_parameter_without_gradient_stays():
    for solver in STOCHASTIC:
        method, theta = get_solver(solver), np.array([2.0, 3.0])
        state = method.init(theta)
        for t in range(1, 5):
            method.step(theta, np.array([0.0, 1.0]), state, t, 0.1)
        assert theta[0] == 2.0 and theta[1] < 3.0, solver


@pytest.mark.parametrize(("solver", "field"), NUMBERS)
@pytest.mark.parametrize("value", [-0.5, np.nan, np.inf, "much", None, True])
def test_impossible_fields_are_refused_by_name(solver, field, value):
    with pytest.raises(ValueError, match=rf"{SOLVERS[solver].__name__}: {field} must be a (whole )?number.*; got"):
        SOLVERS[solver](**{field: value})


def test_nesterov_with_dampening_is_refused():
    with pytest.raises(ValueError, match=r"nesterov=True has no meaning with dampening=0\.5"):
        SGD(dampening=0.5)
    assert SGD(nesterov=False, dampening=1).dampening == 1


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_name_means_the_solvers_own_defaults(solver, estimator):
    """scikit-learn's defaults for sgd and adam do not reach the solvers for which they are wrong."""
    assert solver_of(estimator(solver=solver)) == SOLVERS[solver]()


def test_slots_and_decay_follow_the_fields():
    assert RMSProp().slots == ("v",) and RMSProp(heavy_ball=0.5).slots == ("v", "velocity")
    assert AdamW(weight_decay=0.3).decay == 0.3
    assert {name for name, kind in SOLVERS.items() if kind().decay} == {"adamw"}


def test_names_and_objects():
    assert get_solver("adam") == Adam() and get_solver(SGD(0.5)) == SGD(0.5)
    assert LBFGS(7).max_fun == 7 and not LBFGS.stochastic
    with pytest.raises(ValueError, match=r"unknown solver 'adma'.*Did you mean 'adam'"):
        get_solver("adma")
    with pytest.raises(AttributeError):
        Adam().beta_1 = 0.5


def test_the_page_of_conventions_names_every_entry():
    page = (Path(__file__).parent.parent / "docs" / "conventions.md").read_text(encoding="utf-8")
    named = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert {*SOLVERS, *SCHEDULES, *INITIALIZERS} <= named
