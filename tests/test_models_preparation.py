"""Model files of estimators that prepare columns themselves: categories, missing values, scales."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.estimators.multitask import MLPMultiTask
from chainrule.models import save
from chainrule.models.container import read
from tests.forged import assert_forgery_refused, assert_refused
from tests.test_models import QUICK, X, again

pd = pytest.importorskip("pandas")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
Y = X[:, 0] > 0
FRAME = pd.DataFrame(
    {
        "number": np.where(np.arange(60) % 7 == 3, np.nan, X[:, 0] * 100),
        "level": pd.Categorical(np.array(["a", "b", "c"])[np.arange(60) % 3]),
        "text": np.array(["x", "y"])[np.arange(60) % 2],
        "truth": X[:, 1] > 0,
        "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(60) * 31, unit="h"),
    }
)
OPTIONS = {"categorical_features": "from_dtype", "allow_nan": True, "scale_features": True}


@pytest.mark.parametrize("options", [OPTIONS, {**OPTIONS, "scale_features": False}])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor, MLPMultiTask])
def test_columns_become_the_same_inputs(tmp_path, kind, options):
    saved = kind(**QUICK, **options).fit(FRAME, Y * 1)
    loaded = again(saved, tmp_path)
    assert vars(loaded).keys() == vars(saved).keys()
    assert loaded.preparation_ == saved.preparation_
    assert loaded.predict(FRAME).tobytes() == saved.predict(FRAME).tobytes()
    for model in (saved, loaded):
        model.partial_fit(FRAME, Y * 1)
    assert loaded.theta_.tobytes() == saved.theta_.tobytes()


def test_columns_of_an_array(tmp_path):
    rows = np.column_stack([X[:, :2], np.arange(60) % 3])
    for given in ([2], [False, False, True], np.array([2])):
        saved = MLPRegressor(**QUICK, categorical_features=given).fit(rows, X[:, 3])
        loaded = again(saved, tmp_path)
        assert loaded.n_features_in_ == 3
        assert loaded.network_.inputs == 5
        assert loaded.predict(rows).tobytes() == saved.predict(rows).tobytes()


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "a.model"
    save(MLPClassifier(**QUICK, **OPTIONS).fit(FRAME, Y), path)
    return read(path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ([], None),
        (["clip"], -1.0),
        (["clip"], "3"),
        (["allow_nan"], 1),
        (["columns"], []),
        (["columns", 0, "kind"], "os"),
        (["columns", 0, "kind"], "text"),
        (["columns", 0, "category"], True),
        (["columns", 0, "levels"], ["a"]),
        (["columns", 0, "parts", 0, "scale"], 0.0),
        (["columns", 0, "parts", 0, "centre"], None),
        (["columns", 0, "parts", 0, "name"], "month"),
        (["columns", 0, "parts", 0, "flag"], 1),
        (["columns", 0, "extra"], 1),
        (["columns", 1, "levels"], ["a", "b"]),
        (["columns", 1, "levels"], ["a", "b", "b"]),
        (["columns", 1, "levels"], ["a", "b", 3]),
        (["columns", 1, "name"], 1),
        (["columns", 4, "parts"], []),
        (["columns", 4, "category"], True),
    ],
)
def test_a_forged_document_is_refused(tmp_path, parts, path, value):
    assert_forgery_refused(tmp_path, parts, ["estimator", "preparation", *path], value)


def test_a_preparation_that_is_missing_is_noticed(tmp_path, parts):
    document, arrays = copy.deepcopy(parts)
    del document["estimator"]["preparation"]
    assert_refused(tmp_path, document, arrays, "n_features_in_")
