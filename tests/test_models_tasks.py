"""Model files of networks with several kinds of targets."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.estimators.multitask import MLPMultiTask
from chainrule.formulas.losses import Huber, LogLoss
from chainrule.models import inspect_file, save
from chainrule.models.container import read
from tests.command import run
from tests.forged import assert_forgery_refused, assert_refused, set_in
from tests.test_models import QUICK, X, again

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SIGN = np.where(X[:, 0] > 0, "up", "down")
LEVEL = np.array(["a", "b", "c"])[(X[:, 1] > 0) * 1 + (X[:, 2] > 0)]
NUMBER = 1000 * X[:, 3]


def rows():
    return [list(row) for row in zip(SIGN.tolist(), NUMBER.tolist(), LEVEL.tolist(), strict=True)]


def pandas_frame():
    pd = pytest.importorskip("pandas")
    level = pd.Categorical(LEVEL, categories=["c", "a", "b"])
    count = pd.array(np.arange(60) % 7, dtype="Int64")
    return pd.DataFrame({"sign": SIGN, "number": NUMBER, "level": level, "count": count, "truth": X[:, 0] > 1})


def polars_frame():
    pl = pytest.importorskip("polars")
    level = pl.Series("level", LEVEL.tolist(), dtype=pl.Enum(["a", "b", "c"]))
    return pl.DataFrame({"sign": SIGN, "number": NUMBER.astype(np.float32), "level": level, "truth": X[:, 0] > 1})


TARGETS = {"rows": rows, "array": lambda: X[:, :2] * 100, "pandas": pandas_frame, "polars": polars_frame}


@pytest.mark.parametrize("targets", TARGETS.values(), ids=TARGETS)
def test_predictions_come_back_as_they_were(tmp_path, targets):
    y = targets()
    saved = MLPMultiTask(**QUICK).fit(X, y)
    loaded = again(saved, tmp_path)
    assert vars(loaded).keys() == vars(saved).keys()
    found, expected = loaded.predict(X), saved.predict(X)
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
    else:
        assert found.equals(expected)
        assert list(found.dtypes) == list(expected.dtypes)
    assert loaded.scores(X, y) == saved.scores(X, y)
    for model in (saved, loaded):
        model.partial_fit(X, y)
    assert loaded.theta_.tobytes() == saved.theta_.tobytes()


def test_parameters_by_column_come_back(tmp_path):
    given = {
        "losses": {1: Huber(2.0), 2: LogLoss(0.1)},
        "tasks": ["class", "auto", "auto"],
        "loss_weights": [1.0, 2.0, 0.5],
        "class_weight": {0: {"up": 2.0}},
    }
    saved = MLPMultiTask(**QUICK, **given).fit(X, rows())
    loaded = again(saved, tmp_path)
    assert {name: loaded.get_params()[name] for name in given} == given
    assert loaded.fit(X, rows()).theta_.tobytes() == saved.fit(X, rows()).theta_.tobytes()
    assert inspect_file(tmp_path / "a.model")["estimator"]["class"] == "MLPMultiTask"
    shown = run("inspect", tmp_path / "a.model").stdout
    assert "3 relu → 1 logistic + 1 identity + 3 softmax" in shown
    assert "log_loss + 2 huber (delta 2) + 0.5 log_loss (label_smoothing 0.1)" in shown


def test_names_and_types_that_no_file_holds_are_refused(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pandas_frame()
    tuples = frame.set_axis(pd.MultiIndex.from_tuples([("t", name) for name in frame.columns]), axis=1)
    with pytest.raises(TypeError, match="names of columns"):
        save(MLPMultiTask(**QUICK).fit(X, tuples), tmp_path / "a.model")
    keys = MLPMultiTask(**QUICK).fit(X, rows()).set_params(losses={("a", "b"): "mse"})
    with pytest.raises(TypeError, match="losses"):
        save(keys, tmp_path / "a.model")
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "a.model"
    save(MLPMultiTask(**QUICK).fit(X, rows()), path)
    return read(path)


COLUMN = ["tasks", "columns", 1]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["class"], "MLPRegressor"),
        (["tasks"], None),
        (["tasks", "library"], "os"),
        (["tasks", "library"], ["array"]),
        (["tasks", "columns"], []),
        ([*COLUMN, "scale"], 0.0),
        ([*COLUMN, "scale"], "1"),
        ([*COLUMN, "centre"], None),
        ([*COLUMN, "weight"], -1.0),
        ([*COLUMN, "weight"], 2.0),
        ([*COLUMN, "loss"], "log_loss"),
        ([*COLUMN, "loss"], {"loss": {"name": "huber", "delta": 1.0}}),
        ([*COLUMN, "name"], 0),
        ([*COLUMN, "name"], [1]),
        ([*COLUMN, "type"], {"numpy": "V8"}),
        ([*COLUMN, "type"], {"numpy": 8}),
        ([*COLUMN, "type"], {"polars": "String"}),
        ([*COLUMN, "type"], "object"),
        ([*COLUMN, "extra"], 1),
        (["tasks", "columns", 0, "classes"], None),
        (["tasks", "columns", 2, "classes", "values"], ["a", "b"]),
    ],
)
def test_a_forged_document_is_refused(tmp_path, parts, path, value):
    assert_forgery_refused(tmp_path, parts, ["estimator", *path], value)


@pytest.mark.parametrize("name", ["DataFrame", "__name__", "Object", "read_csv"])
def test_a_file_names_no_function_of_polars(tmp_path, name):
    pytest.importorskip("polars")
    save(MLPMultiTask(**QUICK).fit(X, polars_frame()), tmp_path / "forged")
    document, arrays = read(tmp_path / "forged")
    set_in(document, ["estimator", "tasks", "columns", 0, "type"], {"polars": name})
    assert_refused(tmp_path, document, arrays, "no data type")
