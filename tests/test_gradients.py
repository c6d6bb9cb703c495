"""Every allowed combination of the tables against central differences, on every engine, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from tests.combinations import COMBINATIONS, case


def central_differences(function, theta, h=1e-6):
    steps = np.eye(len(theta)) * h
    return np.array([(function(theta + step) - function(theta - step)) / (2 * h) for step in steps])


@pytest.mark.parametrize(("hidden", "loss", "output"), COMBINATIONS)
def test_gradient(engine, hidden, loss, output):
    c = case(hidden, loss, output, seed=11)
    assert engine.refusal(c.network, c.theta.dtype) is None, f"add the native twin of {hidden}, {loss} or {output}"

    def objective(theta):
        return engine.loss_and_gradient(c.network, theta, c.X, c.Y, c.weight, alpha=0.3)[0]

    gradient = engine.loss_and_gradient(c.network, c.theta, c.X, c.Y, c.weight, alpha=0.3)[1]
    numeric = central_differences(objective, c.theta)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-6 * np.abs(numeric).max())


def test_zero_slope_at_zero_weights_is_not_trivial(engine):
    c = case("tanh", "squared_error", "identity")
    gradient = engine.loss_and_gradient(c.network, c.theta, c.X, c.Y)[1]
    assert np.count_nonzero(gradient) == c.network.n_parameters


def test_network_front_door(engine):
    c = case("relu", "log_loss", "softmax", widths=(3, 6, 3))
    loss, gradient = c.network.loss_and_gradient(
        c.theta, c.X, c.Y, sample_weight=c.weight, alpha=0.1, engine=engine.name
    )
    direct = engine.loss_and_gradient(c.network, c.theta, c.X, c.Y, c.weight, 0.1)
    assert loss == direct[0]
    np.testing.assert_array_equal(gradient, direct[1])
    np.testing.assert_allclose(c.network.predict(c.theta, c.X, engine=engine.name).sum(axis=1), 1, rtol=1e-12)
