"""Fitting and predicting in forked, spawned and loky processes and in Python threads, on every engine."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import sklearn.neural_network
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

from chainrule import MLPClassifier
from chainrule.engines import ENGINES
from chainrule.network import Dense, Network

PROBE = Network(2, (Dense(1, "identity"),), "squared_error")
USABLE = [name for name, engine in ENGINES.items() if engine.refusal(PROBE, np.float64) is None]
engines = pytest.mark.parametrize("engine", USABLE)
X, y = load_iris(return_X_y=True)
TIMEOUT = 120
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


def _fit(engine: str, seed: int = 0) -> np.ndarray:
    """Parameters after some epochs; wide enough that two threads share the work."""
    return MLPClassifier((128,), max_iter=5, random_state=seed, engine=engine, n_threads=2).fit(X, y).theta_


def _predict(model: MLPClassifier) -> np.ndarray:
    return model.predict_proba(np.tile(X, (20, 1)))


@engines
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_fit_here_then_fit_in_a_child(engine, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    here = _fit(engine)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        there = pool.submit(_fit, engine).result(TIMEOUT)
    np.testing.assert_array_equal(there, here)
    np.testing.assert_array_equal(_fit(engine), here)


@engines
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_fork_while_threads_fit(engine):
    expected = _fit(engine)
    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(_fit, engine) for _ in range(8)]
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
            there = pool.submit(_fit, engine).result(TIMEOUT)
        found = [future.result(TIMEOUT) for future in running]
    for theta in (there, *found):
        np.testing.assert_array_equal(theta, expected)


@engines
@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_one_estimator_in_many_workers(engine, backend):
    model = MLPClassifier((64,), max_iter=3, random_state=0, engine=engine).fit(X, y)
    expected = _predict(model)
    found = joblib.Parallel(n_jobs=2, backend=backend, timeout=TIMEOUT)(
        joblib.delayed(_predict)(model) for _ in range(4)
    )
    for probabilities in found:
        np.testing.assert_array_equal(probabilities, expected)


@engines
def test_a_fitted_estimator_predicts_the_same_in_a_spawned_process(engine):
    model = MLPClassifier((64,), max_iter=3, random_state=0, engine=engine).fit(X, y)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = pool.submit(_predict, model).result(TIMEOUT)
    np.testing.assert_array_equal(there, _predict(model))


@engines
def test_eight_threads_fit_eight_estimators(engine):
    expected = [_fit(engine, seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda seed: _fit(engine, seed), range(8), timeout=TIMEOUT))
    for theta, alone in zip(found, expected, strict=True):
        np.testing.assert_array_equal(theta, alone)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search(n_jobs):
    grid, fixed = {"alpha": [1e-4, 1.0]}, {"hidden_layer_sizes": (16,), "max_iter": 30, "random_state": 0}
    mine = GridSearchCV(MLPClassifier(**fixed), grid, cv=3, n_jobs=n_jobs).fit(X, y)
    theirs = GridSearchCV(sklearn.neural_network.MLPClassifier(**fixed), grid, cv=3).fit(X, y)
    np.testing.assert_allclose(mine.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"])


def _many_rows(model: MLPClassifier, threads: int) -> np.ndarray:
    """Enough rows that threads share them."""
    return model.network_.predict(model.theta_, np.tile(X, (200, 1)), engine=model.engine, n_threads=threads)


@engines
def test_predictions_share_and_leave_their_threads(engine):
    model = MLPClassifier((128,), max_iter=5, random_state=0, engine=engine).fit(X, y)
    expected = _many_rows(model, 1)
    numbers = [2, 3, 2, 8, 1, 300, 2, 5]
    for threads in numbers:
        np.testing.assert_array_equal(_many_rows(model, threads), expected)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda threads: _many_rows(model, threads), numbers * 4))
    for outputs in found:
        np.testing.assert_array_equal(outputs, expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_fork_while_threads_predict():
    # The native engine only: a fork amid a product of NumPy's BLAS may leave BLAS itself waiting for ever, in parent and child.
    model = MLPClassifier((128,), max_iter=5, random_state=0, engine="native").fit(X, y)
    expected = _many_rows(model, 2)
    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(_many_rows, model, 2) for _ in range(20)]
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
            there = pool.submit(_many_rows, model, 2).result(TIMEOUT)
        found = [future.result(TIMEOUT) for future in running]
    for outputs in (there, *found):
        np.testing.assert_array_equal(outputs, expected)
