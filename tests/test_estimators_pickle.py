"""Pickling, joblib, cloning and copying of fitted estimators."""

from __future__ import annotations

import copy
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

import chainrule
from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
COPIES = {
    "pickle": lambda model, folder: pickle.loads(pickle.dumps(model)),
    "joblib": lambda model, folder: joblib.load(joblib.dump(model, folder / "model.joblib")[0]),
    "joblib, mapped": lambda model, folder: joblib.load(joblib.dump(model, folder / "model.joblib")[0], mmap_mode="r"),
    "deepcopy": lambda model, folder: copy.deepcopy(model),
    "copy": lambda model, folder: copy.copy(model),
}


def _fitted(kind):
    return kind(hidden_layer_sizes=(5,), max_iter=4, random_state=0).fit(X, y, X_val=X, y_val=y)


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_copies_predict_the_same_and_keep_their_views(kind, way, tmp_path):
    model = _fitted(kind)
    again = COPIES[way](model, tmp_path)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert vars(again).keys() == vars(model).keys()
    assert all(np.shares_memory(part, again.theta_) for part in (*again.coefs_, *again.intercepts_))
    assert again.loss_curve_ == model.loss_curve_ and len(again.history_) == 4


@pytest.mark.parametrize("way", ["pickle", "joblib", "joblib, mapped"])
def test_training_goes_on_after_reading(way, tmp_path):
    model = MLPClassifier((5,), random_state=0)
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1, 2])
    again = COPIES[way](model, tmp_path)
    for one in (model, again):
        one.partial_fit(X, y)
    np.testing.assert_array_equal(again.theta_, model.theta_)
    assert again.t_ == 4 * len(X)


def test_assigned_parameters_are_pickled():
    model = _fitted(MLPRegressor)
    model.intercepts_[-1] = np.array([100.0])
    assert pickle.loads(pickle.dumps(model)).intercepts_[-1][0] == 100.0


def test_clone_is_unfitted():
    again = clone(_fitted(MLPClassifier))
    assert again.get_params() == _fitted(MLPClassifier).get_params()
    assert not [name for name in vars(again) if name.endswith("_")]


def test_the_version_is_recorded(monkeypatch):
    written = pickle.dumps(_fitted(MLPClassifier))
    assert pickle.loads(written) is not None
    monkeypatch.setattr(chainrule, "__version__", "99.0")
    with pytest.warns(UserWarning, match=r"pickled by chainrule .*, now read by 99\.0"):
        pickle.loads(written)


def test_a_pickle_holds_the_parameters_once():
    """Three vectors of the size of theta (theta itself and Adam's two moments), not the views again."""
    model = MLPClassifier((300,), max_iter=1).fit(X, y)
    assert len(pickle.dumps(model)) < 3 * model.theta_.nbytes + 10_000


def test_documentation_link_is_the_packages(monkeypatch):
    from importlib import metadata

    class Found(dict):
        def get_all(self, name, default):
            return self.get(name, default)

    found = Found({"Project-URL": ["Source, https://example.org/source", "Documentation, https://example.org/docs"]})
    monkeypatch.setattr(metadata, "metadata", lambda package: found)
    assert MLPClassifier()._get_doc_link() == "https://example.org/docs"
    assert "https://example.org/docs" in MLPClassifier()._repr_html_()
    monkeypatch.setattr(metadata, "metadata", lambda package: Found())
    assert MLPClassifier()._get_doc_link() == ""
