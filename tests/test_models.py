"""Model files: what is saved is what is loaded, bit for bit, and nothing that does not fit is loaded at all."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.formulas.solvers import Adam
from chainrule.models import load, save
from chainrule.models.container import read
from chainrule.models.plain import from_plain, labels_from_plain, labels_to_plain, to_plain
from chainrule.tables import read_table
from tests.forged import assert_forgery_refused, assert_refused

GOLDEN = Path(__file__).parent / "golden"
EXAMPLES = Path(__file__).parents[1] / "examples"
X = np.random.default_rng(0).normal(size=(60, 4))
TARGETS = {
    "strings": np.where(X[:, 0] > 0, "ja", "nein"),
    "objects": np.where(X[:, 0] > 0, "ja", "nein").astype(object),
    "integers": (X[:, 0] > 0) + (X[:, 1] > 0) * 1 + 7,
    "small integers": ((X[:, 0] > 0) * 1).astype(np.uint8),
    "truth values": X[:, 0] > 0,
    "floats": (X[:, 0] > 0) * 1.0,
    "multilabel": (X[:, :3] > 0).astype(int),
    "sparse multilabel": scipy.sparse.csr_matrix((X[:, :3] > 0).astype(int)),
}
QUICK = {"hidden_layer_sizes": (5, 3), "max_iter": 6, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def again(estimator, folder):
    save(estimator, folder / "a.model")
    return load(folder / "a.model")


def dense(array):
    return array.toarray() if scipy.sparse.issparse(array) else array


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_classifier_predicts_the_same_bits(tmp_path, y, dtype):
    rows = X.astype(dtype)
    saved = MLPClassifier(**QUICK).fit(rows, y)
    loaded = again(saved, tmp_path)
    assert loaded.predict_proba(rows).tobytes() == saved.predict_proba(rows).tobytes()
    found, expected = loaded.predict(rows), saved.predict(rows)
    assert type(found) is type(expected)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(dense(found), dense(expected))
    np.testing.assert_array_equal(loaded.classes_, saved.classes_)
    assert loaded.classes_.dtype == saved.classes_.dtype


@pytest.mark.parametrize("y", [X[:, 0], X[:, :2]], ids=["one output", "two outputs"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_regressor_predicts_the_same_bits(tmp_path, y, solver):
    saved = MLPRegressor(**QUICK, solver=solver).fit(X, y)
    assert again(saved, tmp_path).predict(X).tobytes() == saved.predict(X).tobytes()


def test_every_attribute_comes_back(tmp_path):
    saved = MLPClassifier(**QUICK, early_stopping=True).fit(X, TARGETS["strings"])
    loaded = again(saved, tmp_path)
    assert vars(loaded).keys() == vars(saved).keys()
    assert loaded.get_params() == saved.get_params()
    for name in (
        "loss_curve_",
        "validation_scores_",
        "validation_loss_curve_",
        "best_validation_score_",
        "n_iter_",
        "loss_",
    ):
        assert getattr(loaded, name) == getattr(saved, name), name
    assert [repr(epoch) for epoch in loaded.history_] == [repr(epoch) for epoch in saved.history_]
    assert loaded.network_ == saved.network_


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_goes_on_exactly(tmp_path, solver):
    saved = MLPClassifier(**QUICK, solver=solver).fit(X, TARGETS["integers"])
    loaded = again(saved, tmp_path)
    for _ in range(3):
        saved.partial_fit(X, TARGETS["integers"])
        loaded.partial_fit(X, TARGETS["integers"])
    assert loaded.theta_.tobytes() == saved.theta_.tobytes()
    assert loaded.loss_curve_ == saved.loss_curve_


def test_warm_start_goes_on_exactly(tmp_path):
    saved = MLPRegressor(**QUICK, warm_start=True).fit(X, X[:, 0])
    loaded = again(saved, tmp_path)
    assert loaded.fit(X, X[:, 0]).theta_.tobytes() == saved.fit(X, X[:, 0]).theta_.tobytes()


def test_column_names_come_back(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "ü", "d e"])
    saved = MLPRegressor(**QUICK).fit(frame, X[:, 0])
    loaded = again(saved, tmp_path)
    assert loaded.feature_names_in_.tolist() == ["a", "b", "ü", "d e"]
    np.testing.assert_array_equal(loaded.predict(frame), saved.predict(frame))


def test_parameters_of_every_kind_come_back(tmp_path):
    given = {
        "solver": Adam(beta_1=0.8),
        "n_iter_no_change": np.inf,
        "hidden_layer_sizes": [np.int64(3)],
        "dtype": "float32",
    }
    saved = MLPRegressor(**{**QUICK, **given}, tol=np.float32(0)).fit(X, X[:, 0])
    found = again(saved, tmp_path).get_params()
    assert {name: found[name] for name in given} == given
    assert found["tol"] == 0


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
        lambda item: st.lists(item) | st.lists(item).map(tuple),
    )
)
def test_plain_data_comes_back(value):
    assert repr(from_plain(to_plain(value, "p"), "p")) == repr(value)


def test_weights_that_were_assigned_are_the_ones_saved(tmp_path):
    saved = MLPRegressor(**QUICK).fit(X, X[:, 0])
    saved.coefs_ = [2 * coef for coef in saved.coefs_]
    assert again(saved, tmp_path).predict(X).tobytes() == saved.predict(X).tobytes()


def test_what_cannot_be_saved_is_refused_and_nothing_written(tmp_path):
    fitted = MLPRegressor(**QUICK).fit(X, X[:, 0])
    broken = copy.deepcopy(fitted)
    broken.coefs_ = [np.full_like(coef, np.nan) for coef in broken.coefs_]
    odd = copy.deepcopy(fitted).set_params(tol=object())
    for model, error in ((MLPRegressor(), ValueError), (broken, ValueError), (odd, TypeError), ("model", TypeError)):
        with pytest.raises(error):
            save(model, tmp_path / "a.model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "labels", [np.array([1 + 2j, 3]), np.array([b"a", b"b"]), np.array(["2024-01-01"], "datetime64[D]")]
)
def test_labels_that_json_cannot_hold_are_refused(labels):
    with pytest.raises(TypeError, match="class labels"):
        labels_to_plain(labels)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"dtype": "U", "values": []},
        {"dtype": "U", "values": [1]},
        {"dtype": "V8", "values": ["x"]},
        {"dtype": "i8,i8", "values": [1]},
        {"dtype": "U999999999", "values": ["x"]},
        {"dtype": "U", "values": ["x" * 10**6] * 11},
        {"dtype": "|i1", "values": [1000]},
        {"dtype": "no type", "values": [1]},
    ],
)
def test_labels_of_a_forged_file_are_refused(data):
    with pytest.raises((ValueError, TypeError, OverflowError)):
        labels_from_plain(data)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "a.model"
    save(MLPClassifier(**QUICK, early_stopping=True).fit(X, TARGETS["integers"]), path)
    return read(path)


FORGERIES = [
    (["estimator"], None),
    (["estimator", "class"], "os.system"),
    (["estimator", "class"], "MLPRegressor"),
    (["estimator", "extra"], 1),
    (["estimator", "network", "inputs"], 5),
    (["estimator", "network", "inputs"], -1),
    (["estimator", "network", "inputs"], 4.0),
    (["estimator", "network", "layers"], []),
    (["estimator", "network", "layers", 0, "units"], 10**30),
    (["estimator", "network", "layers", 0, "activation"], "__import__"),
    (["estimator", "network", "layers", 0, "activation"], "softmax"),
    (["estimator", "network", "loss"], "hinge of doom"),
    (["estimator", "network", "loss"], 3),
    (["estimator", "parameters", "nonsense"], 1),
    (["estimator", "parameters", "alpha"], -1.0),
    (["estimator", "parameters", "solver"], {"solver": "os", "fields": {}}),
    (["estimator", "parameters", "solver"], {"solver": "adam", "fields": {"nonsense": 1}}),
    (["estimator", "classes", "values"], [1, 2]),
    (["estimator", "labels", "kind"], "unknown"),
    (["estimator", "features"], ["a"]),
    (["estimator", "curves"], ["__class__"]),
    (["estimator", "values", "__class__"], 1),
    (["estimator", "values", "n_iter_"], -1),
    (["estimator", "values", "n_features_in_"], 3),
    (["estimator", "state", "slots"], ["absent"]),
    (["estimator", "state", "patience"], [1]),
    (["estimator", "state", "numbers", "t"], "many"),
    (["estimator", "history", "absent"], {}),
    (["estimator", "state", "numbers", "t"], 2**63),
    (["estimator", "state", "numbers", "t"], -1),
    (["estimator", "state", "patience"], [-1, 0.5]),
    (["estimator", "state", "numbers", "rate"], -1.0),
    (["estimator", "values", "t_"], 2**63),
    (["estimator", "parameters", "hidden_layer_sizes"], {"tuple": [5, 4]}),
    (["estimator", "parameters", "hidden_layer_sizes"], {"tuple": []}),
    (["estimator", "parameters", "activation"], "tanh"),
    (["table"], {"schema": {}, "summary": {}}),
    (["table"], 1),
    (["versions"], None),
]


@pytest.mark.parametrize(
    ("path", "value"), FORGERIES, ids=lambda item: "/".join(map(str, item)) if isinstance(item, list) else None
)
def test_a_forged_document_is_refused(tmp_path, parts, path, value):
    assert_forgery_refused(tmp_path, parts, path, value)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("theta", lambda a: a[:-1]),
        ("theta", lambda a: a.reshape(1, -1)),
        ("theta", lambda a: np.where(np.arange(a.size) == 3, np.nan, a)),
        ("theta", lambda a: np.arange(a.size)),
        ("solver.m", lambda a: a[:-1]),
        ("best_theta", lambda a: a.astype(np.float32)),
        ("history.numbers", lambda a: a[:, :-1]),
        ("history.update_norms", lambda a: a[:-1]),
        ("curve.loss_curve_", lambda a: a.reshape(-1, 1)),
    ],
)
def test_forged_arrays_are_refused(tmp_path, parts, name, change):
    document, arrays = copy.deepcopy(parts)
    arrays[name] = change(arrays[name])
    assert_refused(tmp_path, document, arrays)


@pytest.mark.parametrize("name", ["theta", "solver.m", "best_theta", "history.numbers", "curve.loss_curve_"])
def test_a_missing_array_is_named(tmp_path, parts, name):
    document, arrays = copy.deepcopy(parts)
    del arrays[name]
    assert_refused(tmp_path, document, arrays, name.replace(".", r"\."))


@pytest.mark.parametrize("change", [{"hidden_layer_sizes": (5,)}, {"activation": "tanh"}])
def test_parameters_changed_since_the_fit_are_not_saved(tmp_path, change):
    fitted = MLPRegressor(**QUICK).fit(X, X[:, 0]).set_params(**change)
    with pytest.raises(ValueError, match="fit again"):
        save(fitted, tmp_path / "a.model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("version", sorted(path.name for path in GOLDEN.iterdir()))
def test_files_of_every_version_load_for_ever(version):
    folder = GOLDEN / version
    classifier = load(folder / "classifier.model")
    expected = np.loadtxt(folder / "classifier.csv", delimiter=",")
    np.testing.assert_allclose(classifier.predict_proba(expected[:, :4]), expected[:, 4:], rtol=1e-9)
    model = load(folder / "penguins.model")
    probabilities = np.loadtxt(folder / "penguins.csv", delimiter=",")
    table = read_table(EXAMPLES / "penguins.csv")
    np.testing.assert_allclose(model.predict_proba(table)[: len(probabilities)], probabilities, rtol=1e-9)
    assert model.summary["test"]["score"] > 0.9
    assert model.evaluate(table.take(model.test_rows)).score == model.summary["test"]["score"]
