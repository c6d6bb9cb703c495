"""The tables against finite differences, closed forms and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from chainrule.formulas.activations import ACTIVATIONS, ALIASES, get_activation
from chainrule.formulas.initializers import INITIALIZERS, get_initializer
from chainrule.formulas.losses import LOSSES, get_loss
from chainrule.formulas.schedules import SCHEDULES, Clock, get_schedule
from chainrule.formulas.solvers import SOLVERS, get_solver
from tests.combinations import PAIRS, REFUSED

POINTS = np.array([-30.0, -5.0, -1.0, -0.3, -1e-3, 1e-3, 0.2, 1.0, 4.0, 20.0])
KNOWN = {
    "identity": lambda z: z,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": lambda z: np.sinh(z) / np.cosh(z),
    "relu": lambda z: z * (z > 0),
    "exp": lambda z: np.e**z,
    "softmax": lambda z: special.softmax(z, axis=-1),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_values(name):
    z = np.linspace(-4, 4, 12).reshape(3, 4)
    assert name in KNOWN, f"give tests/test_formulas.py an independent formula for {name!r}"
    np.testing.assert_allclose(ACTIVATIONS[name].value(z), KNOWN[name](z), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("name", [name for name, entry in ACTIVATIONS.items() if entry.slope])
def test_activation_slopes_are_central_differences(name):
    entry, h = ACTIVATIONS[name], 1e-6
    z = POINTS if name != "exp" else POINTS[:-1]
    numeric = (entry.value(z + h) - entry.value(z - h)) / (2 * h)
    np.testing.assert_allclose(entry.slope(z, entry.value(z)), numeric, rtol=1e-6, atol=1e-9)


def test_softmax_pullback_is_the_jacobian_product():
    rng = np.random.RandomState(0)
    z, upstream = rng.randn(5, 4), rng.randn(5, 4)
    a = ACTIVATIONS["softmax"].value(z)
    for row in range(5):
        jacobian = np.diag(a[row]) - np.outer(a[row], a[row])
        np.testing.assert_allclose(
            ACTIVATIONS["softmax"].backward(z, a, upstream)[row], jacobian @ upstream[row], atol=1e-15
        )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_have_latex_and_gain(name):
    assert ACTIVATIONS[name].latex.strip() and ACTIVATIONS[name].gain > 0


@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_loss_slopes_are_central_differences(loss, output):
    rng = np.random.RandomState(3)
    z = rng.uniform(0.1, 2, (6, 3))
    y = rng.uniform(0.1, 0.9, (6, 3))
    y /= y.sum(axis=1, keepdims=True)
    entry, activation, h = LOSSES[loss], ACTIVATIONS[output], 1e-6

    def rows(scores):
        return entry.rows(y, scores, activation.value(scores), activation)

    delta = entry.delta(y, z, activation.value(z), activation)
    for k in range(3):
        step = h * np.eye(3)[k]
        np.testing.assert_allclose(delta[:, k], (rows(z + step) - rows(z - step)) / (2 * h), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("loss", "output"), [(loss, out) for loss in LOSSES for out in LOSSES[loss].outputs])
def test_fused_losses_equal_the_plain_ones(loss, output):
    rng = np.random.RandomState(4)
    z = rng.randn(8, 2)
    y = (rng.uniform(size=(8, 1)) > 0.5) * [[1.0, -1.0]] + [[0.0, 1.0]]
    entry, activation = LOSSES[loss], ACTIVATIONS[output]
    a = activation.value(z)
    plain = entry.value(y, a)
    if output == "softmax":
        plain = -special.xlogy(y, a).sum(axis=1)
    np.testing.assert_allclose(entry.outputs[output].value(y, z), plain, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e4, 1e30])
@pytest.mark.parametrize("output", LOSSES["log_loss"].outputs)
def test_log_loss_is_finite_for_any_score(scale, output):
    z = np.array([[scale, -scale], [-scale, scale], [scale, scale], [0.0, scale]])
    y = np.array([[0.0, 1.0]] * 4)
    activation = ACTIVATIONS[output]
    a = activation.value(z)
    rows = LOSSES["log_loss"].rows(y, z, a, activation)
    assert np.isfinite(rows).all() and np.isfinite(LOSSES["log_loss"].delta(y, z, a, activation)).all()
    assert rows[0] == pytest.approx(2 * scale, rel=1e-12)
    assert rows[1] == 0


@pytest.mark.parametrize(("loss", "output"), REFUSED)
def test_refused_pairs_say_why(loss, output):
    with pytest.raises(ValueError, match=r"does not go with output activation .*: .+ Use one of"):
        LOSSES[loss].check_output(ACTIVATIONS[output])


@pytest.mark.parametrize(
    ("get", "table"),
    [(get_activation, ACTIVATIONS), (get_loss, LOSSES), (get_solver, SOLVERS), (get_schedule, SCHEDULES)],
)
def test_lookup(get, table):
    for name in table:
        assert get(get(name)) is not None
    name = next(iter(table))
    with pytest.raises(ValueError, match="Did you mean"):
        get(name + "x")
    with pytest.raises(TypeError, match="must be one of"):
        get(3)


def test_aliases_and_initializers():
    assert {alias: get_activation(alias).name for alias in ALIASES} == ALIASES
    assert get_initializer("glorot_uniform") is INITIALIZERS["glorot_uniform"]
    assert get_initializer(len) is len


@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_glorot_uniform_is_bounded_and_fills_its_bound(activation):
    weights, biases = INITIALIZERS["glorot_uniform"](np.random.RandomState(0), 40, 60, activation)
    bound = np.sqrt((2 if activation == "logistic" else 6) / 100)
    assert weights.shape == (40, 60) and biases.shape == (60,)
    assert 0.95 * bound < np.abs(weights).max() <= bound
    assert np.var(weights) == pytest.approx(bound**2 / 3, rel=0.05)


def test_schedules():
    clock = Clock(initial=0.1, current=0.02, epoch=2, epochs=10, steps=3, samples=99)
    np.testing.assert_array_equal(SCHEDULES["constant"]().rates(clock), [0.02] * 3)
    np.testing.assert_allclose(SCHEDULES["invscaling"]().rates(clock), [0.01] * 3)
    assert SCHEDULES["constant"]().after_plateau(0.1) is None
    assert SCHEDULES["adaptive"]().after_plateau(0.1) == pytest.approx(0.02)
    assert SCHEDULES["adaptive"]().after_plateau(1e-6) is None


@pytest.mark.parametrize("name", [name for name, solver in SOLVERS.items() if solver.stochastic])
def test_solvers_minimise_a_parabola_and_rosenbrock(name):
    solver = SOLVERS[name]()
    for slope, start, rate, steps, goal in (
        (lambda p: 2 * (p - 3), np.array([10.0, -4.0]), 0.05, 2000, np.array([3.0, 3.0])),
        (_rosenbrock_slope, np.array([-1.0, 1.5]), 2e-4 if name == "sgd" else 5e-3, 30000, np.array([1.0, 1.0])),
    ):
        theta = start.copy()
        state = solver.init(theta)
        for t in range(1, steps + 1):
            solver.step(theta, slope(theta), state, t, rate)
        np.testing.assert_allclose(theta, goal, atol=2e-2)


def _rosenbrock_slope(p):
    x, y = p
    return np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])


def test_lbfgs_takes_no_single_steps():
    with pytest.raises(TypeError, match="lbfgs"):
        SOLVERS["lbfgs"]().step(np.zeros(1), np.zeros(1), {}, 1, 0.1)
