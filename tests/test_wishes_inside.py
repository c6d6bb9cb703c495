"""More wishes granted (see test_estimators_wishes.py): watching, threads, looking inside, the same result every run."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from chainrule import GridSearchCV, MLPClassifier
from chainrule.training import default_threads, threads
from chainrule.training.threads import VARIABLES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_digits(return_X_y=True)
X = X / 16


def test_wish_09_every_epoch_can_be_watched_by_scikit_learns_callbacks():
    from sklearn.callback import ScoringMonitor

    monitor = ScoringMonitor(scoring="accuracy")
    model = MLPClassifier((8,), max_iter=4, random_state=0).set_callbacks(monitor).fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(model.history_) == model.n_iter_ == len(rows) == 4
    assert rows[-1]["accuracy"] == model.score(X, y)


def test_wish_11_my_cores_and_no_more(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(3)), raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    monkeypatch.setattr(threads, "_own_quotas", lambda process: (5,))
    monkeypatch.setattr(threads, "pools", lambda: iter((7,)))
    assert default_threads() == 3
    monkeypatch.setattr(threads, "_own_quotas", lambda process: (2,))
    assert default_threads() == 2
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert default_threads() == 1
    monkeypatch.undo()
    with threadpool_limits(limits=1):
        assert default_threads() == 1
    alone = MLPClassifier((16,), max_iter=3, random_state=0, n_threads=1).fit(X, y)
    shared = MLPClassifier((16,), max_iter=3, random_state=0, n_threads=3).fit(X, y)
    np.testing.assert_array_equal(alone.theta_, shared.theta_)


def test_wish_14_look_inside_hidden_layers_are_features():
    """A linear model on the hidden layer does what the network's own last layer does, and better than on the pixels."""
    train, test = np.arange(len(X)) % 2 == 0, np.arange(len(X)) % 2 == 1
    model = MLPClassifier((64, 32), max_iter=60, random_state=0).fit(X[train], y[train])
    features = model.transform(X)
    assert features.shape == (len(X), 32)
    assert list(model.get_feature_names_out())[:2] == ["mlpclassifier0", "mlpclassifier1"]
    inside = model.activations(X)
    np.testing.assert_allclose(inside[1], features, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(inside[-1], model.predict_proba(X), rtol=1e-9, atol=1e-12)
    by_hand = np.maximum(
        np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0) @ model.coefs_[1] + model.intercepts_[1], 0
    )
    np.testing.assert_allclose(features, by_hand, rtol=1e-9, atol=1e-12)
    linear = LogisticRegression(max_iter=2000).fit(features[train], y[train])
    pixels = LogisticRegression(max_iter=2000).fit(X[train], y[train])
    assert linear.score(features[test], y[test]) >= pixels.score(X[test], y[test])


def test_wish_14_input_gradients_are_differences():
    model = MLPClassifier((12,), activation="tanh", max_iter=5, random_state=0).fit(X, y)
    gradients, step = model.input_gradients(X[:3], output=4), 1e-6
    for pixel in (10, 20, 36):
        ahead, behind = X[:3].copy(), X[:3].copy()
        ahead[:, pixel] += step
        behind[:, pixel] -= step
        numeric = (model.predict_proba(ahead)[:, 4] - model.predict_proba(behind)[:, 4]) / (2 * step)
        np.testing.assert_allclose(gradients[:, pixel], numeric, rtol=1e-5, atol=1e-9)


def test_wish_17_the_same_result_every_run():
    models = [
        MLPClassifier((20,), max_iter=3, dropout=0.3, random_state=5, n_threads=n).fit(X, y) for n in (1, 2, 2, 4)
    ]
    for other in models[1:]:
        np.testing.assert_array_equal(other.theta_, models[0].theta_)
    searches = [
        GridSearchCV(MLPClassifier((8,), max_iter=2, random_state=0), {"alpha": [1e-4, 1.0]}, cv=3, n_jobs=n).fit(X, y)
        for n in (1, 2)
    ]
    np.testing.assert_array_equal(*(search.cv_results_["mean_test_score"] for search in searches))
