"""`init`: drawn weights, given weights, and the hidden layers of a network fitted before."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import MLPClassifier, MLPRegressor
from chainrule.estimators.starting import Pretrained
from chainrule.formulas.initializers import INITIALIZERS
from chainrule.network import Dense, Network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
STILL = {"max_iter": 1, "solver": "sgd", "learning_rate_init": 1e-300, "random_state": 7}


def start(**options):
    """The parameters that training starts from: steps of length zero change nothing."""
    return MLPClassifier(**{"hidden_layer_sizes": (8, 5), **STILL, **options}).fit(X, y)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_every_initializer_by_name_and_as_an_object(name):
    model = start(init=name, activation="tanh")
    network = Network(4, (Dense(8, "tanh"), Dense(5, "tanh"), Dense(3, "softmax")), "log_loss")
    np.testing.assert_allclose(model.theta_, network.init(7, name), rtol=1e-15, atol=1e-290)
    np.testing.assert_array_equal(model.theta_, start(init=INITIALIZERS[name], activation="tanh").theta_)


def test_auto_keeps_the_variance_of_a_deep_stack():
    """He et al. 2015: with the right gain the second moment of the activations stays what it is; Glorot's loses it."""
    rng = np.random.RandomState(0)
    inputs = rng.normal(size=(200, 200))
    for activation in ("relu", "silu", "gelu"):
        moments = []
        for init in ("auto", "glorot_uniform"):
            model = MLPRegressor("squared_error", (200,) * 8, activation, init=init, **STILL)
            model.fit(inputs, inputs[:, 0])
            a = inputs
            for layer, W in zip(model.network_.layers, model.coefs_[:-1], strict=False):
                a = layer.function.value(a @ W)
            moments.append((a**2).mean())
        assert 0.1 < moments[0] < 10 and moments[1] < 0.02


def test_given_weights_as_vector_or_as_matrices():
    theta = np.random.RandomState(0).normal(size=4 * 8 + 8 * 5 + 5 * 3 + 16)
    flat = start(init=theta)
    np.testing.assert_array_equal(flat.theta_, theta)
    np.testing.assert_array_equal(start(init=theta.tolist()).theta_, theta)
    np.testing.assert_array_equal(start(init=(flat.coefs_, flat.intercepts_)).theta_, theta)
    np.testing.assert_array_equal(clone(flat).fit(X, y).theta_, theta)
    assert start(init=theta, dtype="float32").theta_.dtype == np.float32
    single = start(hidden_layer_sizes=(), init=([np.ones((4, 3))], [np.zeros(3)]))
    assert (single.coefs_[0] == 1).all()


def test_training_does_not_change_what_was_given():
    theta = np.zeros(4 * 3 + 3)
    model = MLPClassifier((), init=theta, max_iter=5, random_state=0).fit(X, y)
    assert not theta.any() and model.theta_.any()


def test_fitting_from_fitted_weights_goes_on_from_there():
    first = MLPClassifier((6,), solver="lbfgs", max_iter=20, random_state=0).fit(X, y)
    second = MLPClassifier((6,), solver="lbfgs", max_iter=5, init=first.theta_).fit(X, y)
    assert second.loss_curve_[0] < first.loss_curve_[-1]


WRONG = [
    (np.zeros(7), "init must be a vector of 103 numbers"),
    ([np.zeros((4, 8))], "init must be a vector"),
    (([np.zeros((4, 8))], [np.zeros(8)]), r"matrices of shapes \[\(4, 8\), \(8, 5\), \(5, 3\)\]"),
    (np.full(103, np.nan), "init must hold finite numbers"),
    ("glorot", "'init' parameter of MLPClassifier must be"),
]


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_wrong_starts_say_what_is_needed(given, message):
    with pytest.raises(ValueError, match=message):
        start(init=given)


@pytest.fixture(scope="module")
def teacher():
    options = {"batch_norm": [True, False], "activation": ["tanh", "relu"], "max_iter": 30, "random_state": 0}
    return MLPClassifier((8, 5), **options).fit(X, y)


LIKE = {"activation": ["tanh", "relu"], "batch_norm": [True, False], "hidden_layer_sizes": (8, 5)}


@pytest.mark.parametrize("layers", [None, 2, 1, 0])
def test_pretrained_layers_are_taken_over_and_the_rest_is_drawn(teacher, layers):
    student = MLPRegressor(**LIKE, **STILL, init=Pretrained(teacher, layers)).fit(X, X[:, 0])
    drawn = MLPRegressor(**LIKE, **STILL).fit(X, X[:, 0])
    count = 2 if layers is None else layers
    for kind in ("W", "b", "gamma"):
        mine, theirs, new = (getattr(m.network_.views(m.theta_), kind) for m in (student, teacher, drawn))
        for place in range(3):
            if mine[place] is not None:
                expected = theirs[place] if place < count else new[place]
                np.testing.assert_allclose(mine[place], expected, rtol=1e-15, atol=1e-290)


def test_pretrained_from_a_network_and_its_parameters(teacher):
    given = Pretrained((teacher.network_, teacher.theta_), rest="he_normal")
    student = MLPClassifier(**LIKE, **STILL, init=given).fit(X, y == 0)
    np.testing.assert_array_equal(student.coefs_[1], teacher.coefs_[1])
    assert clone(student).fit(X, y == 0).coefs_[1] == pytest.approx(teacher.coefs_[1])
    assert repr(Pretrained(clone(teacher))).startswith("Pretrained(estimator=MLPClassifier(")


def test_frozen_layers_stay_and_slow_layers_move_less():
    teacher = MLPClassifier((8, 5), max_iter=30, random_state=0).fit(X, y)
    options = {"solver": "sgd", "momentum": 0.0, "max_iter": 1, "batch_size": 150, "shuffle": False, "random_state": 1}
    moved = {}
    for name, rates in {"free": None, "slow": [0.1, 0.1, 1], "frozen": [0, 0, 1]}.items():
        student = MLPClassifier((8, 5), init=Pretrained(teacher), layer_rates=rates, **options).fit(X, y)
        moved[name] = [student.coefs_[0] - teacher.coefs_[0], student.intercepts_[1] - teacher.intercepts_[1]]
    for free, slow, frozen in zip(*moved.values(), strict=True):
        np.testing.assert_allclose(slow, 0.1 * free, rtol=1e-6, atol=1e-14)
        assert free.any() and not frozen.any()


def test_what_cannot_be_taken_over_is_refused(teacher):
    cases = [
        (make_pipeline(StandardScaler(), clone(teacher)), {}, TypeError, "Of a pipeline, give its last step"),
        (clone(teacher), {}, ValueError, "is not fitted yet"),
        (teacher, {"hidden_layer_sizes": (9, 5)}, ValueError, "hidden layer 0 was trained with units=8, here it has 9"),
        (teacher, {"activation": "relu"}, ValueError, "trained with activation='tanh', here it has 'relu'"),
        (teacher, {"batch_norm": False}, ValueError, "trained with batch_norm=True"),
        (teacher, {"hidden_layer_sizes": (8,), "activation": "tanh", "batch_norm": True}, ValueError, "give layers=1"),
    ]
    for given, changed, kind, message in cases:
        with pytest.raises(kind, match=message):
            MLPClassifier(**{**LIKE, **changed}, init=Pretrained(given)).fit(X, y)
    with pytest.raises(ValueError, match="has 4 inputs, X has 3 features"):
        MLPClassifier(**LIKE, init=Pretrained(teacher)).fit(X[:, :3], y)
    for layers in (3, -1, True, 1.0):
        with pytest.raises(ValueError, match="layers must be a whole number from 0 to 2"):
            MLPClassifier(**LIKE, init=Pretrained(teacher, layers)).fit(X, y)


def test_the_source_is_not_changed(teacher):
    before = copy.deepcopy(teacher)
    MLPClassifier(**LIKE, init=Pretrained(teacher), max_iter=3, random_state=0).fit(X, y)
    np.testing.assert_array_equal(before.theta_, teacher.theta_)
