"""The network as pure data."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from chainrule.formulas.activations import Activation
from chainrule.network import Dense, Network

NET = Network(3, [Dense(4, "relu"), Dense(2, "softmax")], "log_loss")


def test_shapes_and_counts():
    assert NET.widths == (3, 4, 2) and NET.outputs == 2
    assert (NET.n_weights, NET.n_parameters) == (20, 26)
    views = NET.views(np.arange(26.0))
    assert [w.shape for w in views.W] == [(3, 4), (4, 2)] and [b.shape for b in views.b] == [(4,), (2,)]
    np.testing.assert_array_equal(views.W[1], np.arange(12, 20).reshape(4, 2))
    np.testing.assert_array_equal(views.b[0], [20, 21, 22, 23])


def test_views_write_through_and_pack_undoes_them():
    theta = NET.init(0)
    views = NET.views(theta)
    views.b[1][:] = 7
    assert (theta[-2:] == 7).all()
    np.testing.assert_array_equal(NET.pack(views.W, views.b), theta)
    with pytest.raises(ValueError, match=r"theta must have shape \(26,\).*got \(25,\)"):
        NET.views(theta[1:])


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("hidden", [(), (5,), (6, 4)])
@pytest.mark.filterwarnings("ignore")
def test_init_draws_scikit_learns_numbers(activation, hidden):
    X, y = np.random.RandomState(0).randn(12, 3), np.arange(12) % 3
    for model, output, loss, units in (
        (MLPClassifier, "softmax", "log_loss", 3),
        (MLPRegressor, "identity", "squared_error", 1),
    ):
        # A learning rate of almost nothing keeps the initial weights.
        fitted = model(
            hidden_layer_sizes=hidden,
            activation=activation,
            random_state=5,
            max_iter=1,
            solver="sgd",
            learning_rate_init=1e-300,
        ).fit(X, y)
        network = Network(3, [*(Dense(n, activation) for n in hidden), Dense(units, output)], loss)
        theta = network.init(5, output_like=None if hidden else activation)
        np.testing.assert_array_equal(theta, network.pack(fitted.coefs_, fitted.intercepts_))


def test_plain_data_round_trip():
    assert Network.from_dict(NET.to_dict()) == NET
    own = Activation("own", np.sin, lambda z, a: np.cos(z), r"\sin z")
    with pytest.raises(ValueError, match="'own'"):
        Network(1, [Dense(1, own)]).to_dict()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(0), "at least 1; got units=0"),
        (lambda: Dense(2.5), "whole number of units"),
        (lambda: Dense(True), "whole number of units"),
        (lambda: Dense(2, "rellu"), "Did you mean 'relu'"),
        (lambda: Network(0, [Dense(1)]), "at least one input, got inputs=0"),
        (lambda: Network(2, []), "at least one Dense layer"),
        (lambda: Network(2, [3]), "at least one Dense layer"),
        (lambda: Network(2, [Dense(3, "softmax"), Dense(1, "identity")]), "layer 0: 'softmax' is an output activation"),
        (lambda: Network(2, [Dense(1, "tanh")], "log_loss"), "cross-entropy compares probabilities"),
        (lambda: Network(2, [Dense(1, "identity")], "mse2"), "unknown loss"),
    ],
)
def test_impossible_networks_say_why(make, message):
    with pytest.raises(ValueError, match=message):
        make()
