"""Same seed, float64: loss curve, coefficients, scores and predictions equal to scikit-learn's over 20 epochs.

Every solver x activation x task, with early stopping, sparse input, sample weights and schedules. Oracle: scikit-learn.
"""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest
import scipy.sparse
import sklearn.neural_network
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.preprocessing import scale

import chainrule
from chainrule.engines import ENGINES
from chainrule.network import Dense, Network

PROBE = Network(2, (Dense(1, "identity"),), "squared_error")
USABLE = [name for name, engine in ENGINES.items() if engine.refusal(PROBE, np.float64) is None]
ROWS = 60


def _multiclass(n_classes: int):
    return make_classification(ROWS, 6, n_informative=4, n_classes=n_classes, random_state=3)


def _regression(n_targets: int):
    X, y = make_regression(ROWS, 6, n_targets=n_targets, noise=3.0, random_state=3)
    return X, scale(y)


def _counts():
    X, y = _regression(1)
    return X, np.random.RandomState(0).poisson(np.exp(y)).astype(float)


TASKS = {
    "binary": ("MLPClassifier", {}, lambda: _multiclass(2)),
    "multiclass": ("MLPClassifier", {}, lambda: _multiclass(3)),
    "multilabel": ("MLPClassifier", {}, lambda: make_multilabel_classification(ROWS, 6, n_classes=4, random_state=3)),
    "regression": ("MLPRegressor", {}, lambda: _regression(1)),
    "multioutput": ("MLPRegressor", {}, lambda: _regression(3)),
    "poisson": ("MLPRegressor", {"loss": "poisson"}, _counts),
}
PLAIN = {
    "plain": {},
    "sparse": {"sparse": True},
    "weighted": {"weighted": True},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.25},
    "early stopping, weighted": {"early_stopping": True, "weighted": True, "tol": 0.05, "n_iter_no_change": 3},
    "patience": {"tol": 0.3, "n_iter_no_change": 2},
    "in order": {"shuffle": False},
    "deep": {"hidden_layer_sizes": (5, 4, 3), "alpha": 0.5},
    "no hidden layer": {"hidden_layer_sizes": ()},
}
SGD = {
    "invscaling": {"learning_rate": "invscaling", "power_t": 0.3},
    "adaptive": {"learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 2},
    "plain momentum": {"nesterovs_momentum": False, "momentum": 0.7},
    "no momentum": {"momentum": 0.0},
}
FULL_BATCH = ("plain", "sparse", "weighted", "deep", "no hidden layer")
VARIANTS = {
    "adam": PLAIN | {"learning rate name": {"learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 2}},
    "sgd": PLAIN | SGD,
    "lbfgs": {name: PLAIN[name] for name in FULL_BATCH},
}
CASES = [
    (solver, activation, task, variant)
    for solver, variants in VARIANTS.items()
    for activation in ("identity", "logistic", "tanh", "relu")
    for task in TASKS
    for variant in variants
]


def _fit(library, case, **more):
    solver, activation, task, variant = case
    name, parameters, data = TASKS[task]
    X, y = data()
    parameters = {
        "hidden_layer_sizes": (5,),
        "solver": solver,
        "activation": activation,
        "learning_rate_init": 0.01,
        "batch_size": 16,
        "max_iter": 20,
        "random_state": 7,
        **parameters,
        **VARIANTS[solver][variant],
        **more,
    }
    if parameters.pop("sparse", False):
        X = scipy.sparse.csr_array(np.where(np.abs(X) > 0.5, X, 0))
    weight = np.random.RandomState(5).uniform(0.2, 2, ROWS) if parameters.pop("weighted", False) else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(library, name)(**parameters).fit(X, y, weight), X


@cache
def _expected(case):
    return _fit(sklearn.neural_network, case)[0]


def _assert_same(mine, theirs, X):
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(mine, name) == getattr(theirs, name), name
    np.testing.assert_allclose(mine.loss_, theirs.loss_, rtol=1e-6)
    for name in ("loss_curve_", "validation_scores_", "best_loss_", "best_validation_score_"):
        expected = getattr(theirs, name, None)
        if expected is not None:
            np.testing.assert_allclose(getattr(mine, name), expected, rtol=1e-6, atol=1e-12, err_msg=name)
        elif hasattr(theirs, name):
            assert getattr(mine, name) is None, name
    for name in ("coefs_", "intercepts_"):
        for own, other in zip(getattr(mine, name), getattr(theirs, name), strict=True):
            np.testing.assert_allclose(own, other, rtol=1e-6, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(mine.predict(X), theirs.predict(X), rtol=1e-6, atol=1e-9)
    if hasattr(theirs, "predict_proba"):
        np.testing.assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("engine", USABLE)
@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case))
def test_same_numbers(case, engine):
    mine, X = _fit(chainrule, case, engine=engine)
    assert mine.engine_ == engine
    _assert_same(mine, _expected(case), X)


@pytest.mark.parametrize("engine", USABLE)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit(solver, task, engine):
    name, parameters, data = TASKS[task]
    X, y = data()
    parameters = {"hidden_layer_sizes": (5,), "solver": solver, "random_state": 7, "batch_size": 16, **parameters}
    models = [
        getattr(sklearn.neural_network, name)(**parameters),
        getattr(chainrule, name)(engine=engine, **parameters),
    ]
    classes = {} if name == "MLPRegressor" else {"classes": np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])}
    for model in models:
        for start in (0, 10, 20, 30) * 5:
            model.partial_fit(X[start : start + 30], y[start : start + 30], **classes)
    theirs, mine = models
    _assert_same(mine, theirs, X)


@pytest.mark.parametrize("engine", USABLE)
@pytest.mark.parametrize("task", TASKS)
def test_warm_start_where_the_solver_has_no_memory(task, engine):
    """sgd without momentum keeps nothing that scikit-learn's restart could lose."""
    name, parameters, data = TASKS[task]
    X, y = data()
    parameters |= {"hidden_layer_sizes": (5,), "solver": "sgd", "momentum": 0.0, "random_state": 7}
    parameters |= {"warm_start": True, "max_iter": 7}
    models = [
        getattr(sklearn.neural_network, name)(**parameters),
        getattr(chainrule, name)(engine=engine, **parameters),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model in models:
            for _ in range(3):
                model.fit(X, y)
    theirs, mine = models
    _assert_same(mine, theirs, X)


@pytest.mark.parametrize("engine", USABLE)
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("task", TASKS)
def test_float32(task, solver, engine):
    """float32 input is computed in float32 and stays near scikit-learn's float32.

    lbfgs is compared over ten iterations: its line search turns on the last bits of the loss.
    """
    name, parameters, data = TASKS[task]
    X, y = data()
    X = X.astype(np.float32)
    parameters = {"solver": solver, "random_state": 7, "hidden_layer_sizes": (5,), **parameters}
    parameters["max_iter"] = 10 if solver == "lbfgs" else 20
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = getattr(sklearn.neural_network, name)(**parameters).fit(X, y)
        mine = getattr(chainrule, name)(engine=engine, **parameters).fit(X, y)
    assert mine.theta_.dtype == np.float32
    np.testing.assert_allclose(mine.loss_, theirs.loss_, rtol=1e-4)
    for own, other in zip(mine.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("engine", USABLE)
def test_random_state_instances_advance_alike(engine):
    X, y = _multiclass(3)
    streams = [np.random.RandomState(11), np.random.RandomState(11)]
    parameters = {"early_stopping": True, "max_iter": 5, "hidden_layer_sizes": (4,)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sklearn.neural_network.MLPClassifier(random_state=streams[0], **parameters).fit(X, y)
        chainrule.MLPClassifier(random_state=streams[1], engine=engine, **parameters).fit(X, y)
    assert streams[0].randint(1 << 30) == streams[1].randint(1 << 30)


def test_string_labels_and_one_class():
    X, y = _multiclass(3)
    for labels in (np.array(["c", "a", "b"])[y], np.array(["c", "a", "b"], dtype=object)[y], np.full(ROWS, 5)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = sklearn.neural_network.MLPClassifier(max_iter=5, random_state=0).fit(X, labels)
            mine = chainrule.MLPClassifier(max_iter=5, random_state=0).fit(X, labels)
        np.testing.assert_array_equal(mine.classes_, theirs.classes_)
        np.testing.assert_array_equal(mine.predict(X), theirs.predict(X))
        np.testing.assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), rtol=1e-6)
