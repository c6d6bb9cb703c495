"""The network as pure data."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from sklearn.neural_network import MLPClassifier, MLPRegressor

from chainrule.engines import ENGINES
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


@pytest.mark.parametrize("engine", list(ENGINES))
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": np.zeros((5, 2))}, r"X must have shape \(n, 3\) for this network, got \(5, 2\)"),
        ({"X": np.zeros(3)}, r"X must have shape \(n, 3\) for this network, got \(3,\)"),
        ({"X": [["a", "b", "c"]]}, "X must be an array of numbers"),
        ({"X": np.zeros((5, 3), complex)}, "X must hold real numbers"),
        ({"theta": np.zeros(25)}, r"theta must have shape \(26,\)"),
        ({"theta": np.zeros(26, np.float16)}, "theta must be float32 or float64, got float16"),
        ({"n_threads": 0}, "n_threads must be a whole number from 1 to 4096, got 0"),
        ({"n_threads": 10**9}, "n_threads must be a whole number from 1 to 4096"),
        ({"y": np.zeros((4, 2))}, r"encoded targets of shape \(5, 2\).*got \(4, 2\)"),
        ({"y": np.zeros(5)}, r"encoded targets of shape \(5, 2\).*got \(5,\)"),
        ({"sample_weight": np.ones(4)}, r"sample_weight must have shape \(5,\), got \(4,\)"),
        ({"sample_weight": [1, 1, 1, 1, -1]}, "sample_weight must be finite and not negative"),
        ({"sample_weight": [1, 1, 1, 1, np.nan]}, "sample_weight must be finite and not negative"),
        ({"sample_weight": np.zeros(5)}, "sample_weight is zero for every row"),
        ({"X": np.zeros((0, 3)), "y": np.zeros((0, 2))}, "X has no rows"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(engine, arguments, message):
    good = {"theta": NET.init(0), "X": np.zeros((5, 3)), "y": np.zeros((5, 2))}
    with pytest.raises(ValueError, match=message):
        NET.loss_and_gradient(**{**good, **arguments}, engine=engine)
    if not {"y", "sample_weight"} & set(arguments):
        arguments = {"theta": NET.init(0), "X": np.zeros((5, 3)), **arguments}
        with pytest.raises(ValueError, match=message):
            NET.predict(**arguments, engine=engine)


@pytest.mark.parametrize("engine", list(ENGINES))
def test_lists_whole_numbers_and_no_rows(engine):
    whole = np.arange(26) % 3
    rows = [[1, 2, 3], [4, 5, 6]]
    expected = NET.predict(whole.astype(float), np.array(rows, float), engine=engine)
    np.testing.assert_array_equal(NET.predict(whole.tolist(), rows, engine=engine), expected)
    assert NET.predict(NET.init(0, dtype=np.float32), np.zeros((0, 3)), engine=engine).shape == (0, 2)
    one = Network(3, [Dense(1, "identity")])
    flat = one.loss_and_gradient([1.0, 2, 3, 4], rows, [5, 6], engine=engine)
    column = one.loss_and_gradient(np.array([1.0, 2, 3, 4]), np.array(rows), np.array([[5], [6]]), engine=engine)
    assert flat[0] == column[0] == pytest.approx(((18 - 5) ** 2 + (36 - 6) ** 2) / 4)
    np.testing.assert_array_equal(flat[1], column[1])


@pytest.mark.parametrize("engine", list(ENGINES))
@pytest.mark.parametrize("column", [-1, 3, 2**30])
def test_sparse_rows_with_impossible_columns_are_refused(engine, column):
    damaged = scipy.sparse.csr_matrix(np.eye(3))
    damaged.indices[1] = column
    with pytest.raises(ValueError, match="the sparse matrix is damaged: column indices from"):
        NET.predict(NET.init(0), damaged, engine=engine)
    with pytest.raises(ValueError, match="the sparse matrix is damaged: row indices from"):
        NET.predict(NET.init(0), damaged.T, engine=engine)


def test_pack_checks_every_shape():
    views = NET.views(NET.init(0))
    with pytest.raises(ValueError, match=r"have shapes .*\(3, 4\).*got .*\(4, 3\)"):
        NET.pack([views.W[0].T, views.W[1]], views.b)
    with pytest.raises(ValueError, match="have shapes"):
        NET.pack(views.W, [views.b[0][:3], np.zeros(3)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("loss"), "the network lacks the field 'loss'"),
        (lambda d: d["layers"][1].pop("units"), "layer 1 lacks the field 'units'"),
        (lambda d: d["layers"][0].update(units="4"), "layer 0 has units='4', which is of the wrong type"),
        (lambda d: d.update(layers=3), "the network has layers=3"),
        (lambda d: d.update(inputs=None), "the network has inputs=None"),
        (lambda d: d.update(layers=[5]), "layer 0 must be described by a dict"),
        (lambda d: d["layers"][0].update(drop=0.5), "layer 0 has the unknown field 'drop'; known are .*'dropout'"),
        (lambda d: d.update(dropout=0.5), "the network has the unknown field 'dropout'; known are .*'input_dropout'"),
    ],
)
def test_wrong_descriptions_name_the_field(change, message):
    data = NET.to_dict()
    change(data)
    with pytest.raises(ValueError, match=message):
        Network.from_dict(data)


@pytest.mark.parametrize("layers", [Dense(1), 3, None, [], "relu", [Dense(1), 2]])
def test_what_is_no_sequence_of_layers_is_named(layers):
    with pytest.raises(ValueError, match=r"layers must be a sequence of at least one Dense layer, such as .*; got "):
        Network(5, layers)


def test_descriptions_with_every_field():
    network = Network(3, [Dense(4, "tanh", 0.5, True), Dense(1, "identity")], input_dropout=0.1)
    assert Network.from_dict(network.to_dict()) == network
