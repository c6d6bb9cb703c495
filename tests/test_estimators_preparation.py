"""Preparation inside the estimators in use: kinds of tables, refusals, scikit-learn's tools, going on training."""

from __future__ import annotations

import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn.model_selection
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import GridSearchCV, MLPClassifier, MLPMultiTask, MLPRegressor, fit_many
from chainrule.estimators.cells import shown

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
N = 60
EVERYTHING = {"categorical_features": "from_dtype", "allow_nan": True, "scale_features": True}
rng = np.random.RandomState(0)
X = pd.DataFrame(
    {
        "age": np.where(rng.rand(N) < 0.2, np.nan, rng.normal(40, 9, N).round()),
        "city": rng.choice(["Aachen", "Bern", "Celle"], N).astype(object),
        "size": rng.choice([1, 2, 10], N),
    }
)
y = np.where(rng.rand(N) < 0.5, "no", "yes")


def model(**parameters):
    return MLPClassifier(**{"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0, **EVERYTHING, **parameters})


def same(one, other):
    np.testing.assert_array_equal(one.theta_, other.theta_)
    assert one.preparation_ == other.preparation_


def rows_of(table):
    return [list(row) for row in table.itertuples(index=False)]


@pytest.mark.parametrize(
    "table",
    [
        X.convert_dtypes(),
        X.astype({"city": "category"}),
        X.astype({"city": "string", "size": "Int32"}),
        X.astype(object),
        X.set_axis(range(100, 100 + N), axis=0),
        pl.from_pandas(X),
        pl.from_pandas(X).cast({"city": pl.Categorical, "size": pl.UInt8}),
        pl.from_pandas(X).cast({"city": pl.Enum(["Celle", "Bern", "Aachen", "Delft"])}),
        pl.from_pandas(X).with_columns(pl.col("size").cast(pl.Decimal(10, 2))),
    ],
    ids=lambda table: type(table).__module__.split(".")[0],
)
def test_the_library_and_width_of_types_do_not_matter(table):
    other = model().fit(table, y)
    same(other, model().fit(X, y))
    np.testing.assert_array_equal(other.predict_proba(X), other.predict_proba(table))


@pytest.mark.parametrize("table", [X.to_numpy(dtype=object), rows_of(X)], ids=["objects", "rows"])
def test_tables_without_names(table):
    other = model().fit(table, y)
    np.testing.assert_array_equal(other.theta_, model().fit(X, y).theta_)
    names = ["x0", "x0 missing", "x1=Aachen", "x1=Bern", "x1=Celle", "x2"]
    assert other.get_encoded_feature_names_out().tolist() == names
    assert not hasattr(other, "feature_names_in_")


@pytest.mark.parametrize("given", [[False, True, True], [1, 2], ["city", "size"], np.array([2, 1]), ("size", "city")])
def test_columns_are_named_as_for_gradient_boosting(given):
    """scikit-learn's own estimator with that parameter takes the same columns."""
    theirs = HistGradientBoostingClassifier(categorical_features=given, max_iter=1)
    theirs.fit(X.assign(city=X["city"].astype("category").cat.codes), y)
    mine = model(categorical_features=given).fit(X, y)
    assert [column.category for column in mine.preparation_.columns] == theirs.is_categorical_.tolist()
    assert mine.get_encoded_feature_names_out().tolist()[-3:] == ["size=1", "size=2", "size=10"]


def test_codes_in_a_plain_array():
    codes = np.array([[1.0, 0.5], [2.0, 1.5], [10.0, 2.5], [np.nan, 3.5]] * 5)
    other = model(categorical_features=[0]).fit(codes, [0, 1] * 10)
    assert other.preparation_.columns[0].levels == ("1", "2", "10")
    single = model(categorical_features=[0]).fit(codes.astype(np.float32), [0, 1] * 10)
    assert single.theta_.dtype == single.predict_proba(codes).dtype == np.float32
    assert model(categorical_features=[0], dtype="float32").fit(codes, [0, 1] * 10).theta_.dtype == np.float32


@pytest.mark.parametrize(
    ("parameters", "change", "error", "message"),
    [
        ({"allow_nan": False}, {}, ValueError, "column 'age', contains NaN .* allow_nan=True"),
        ({"allow_nan": False}, {"age": 1.0, "city": None}, ValueError, "column 'city', contains NaN"),
        (
            {"categorical_features": None},
            {},
            ValueError,
            r"column 'city', holds text \('.*'\), .* categorical_features",
        ),
        ({}, {"age": np.inf}, ValueError, "column 'age', contains infinity, first in row 0"),
        ({"dtype": "float32", "scale_features": False}, {"age": 1e300}, ValueError, "column 'age', .*too large"),
        ({}, {"city": [1, "Bern", None] * 20}, ValueError, "column 'city', mixes numbers .1. and text .'Bern'."),
        ({}, {"city": [b"Bern"] * N}, TypeError, "column 'city', holds a bytes"),
        (
            {"categorical_features": ["when", "city"]},
            {"when": pd.Timestamp(0)},
            ValueError,
            "column 'when', holds dates",
        ),
        (
            {"categorical_features": ["town"]},
            {},
            ValueError,
            "names 'town', but the columns of X are 'age', 'city', 'size'",
        ),
        ({"categorical_features": [3]}, {}, ValueError, "index 3; the columns of X are 0 to 2"),
        ({"categorical_features": [True]}, {}, ValueError, "a mask of 1, but X has 3 columns"),
        ({"categorical_features": [0.5]}, {}, ValueError, "list of names, of indices"),
        (
            {"categorical_features": "dtype"},
            {},
            ValueError,
            "'categorical_features' parameter of MLPClassifier must be",
        ),
        ({}, {"age": None, "city": None, "size": None}, ValueError, "no column of X has a value"),
    ],
)
def test_what_cannot_be_prepared_is_named(parameters, change, error, message):
    with pytest.raises(error, match=message):
        model(**parameters).fit(X.assign(**change), y)


def test_sparse_data_are_refused_and_the_tag_says_so():
    with pytest.raises(TypeError, match="X is sparse; pass"):
        model().fit(scipy.sparse.eye(N, format="csr"), y)
    assert not get_tags(model()).input_tags.sparse
    assert get_tags(MLPClassifier()).input_tags.sparse


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"age": "old"}, r"column 'age', held numbers in fit; now it holds text \('old'\)"),
        ({"city": 3.0}, r"column 'city', held text \(as categories\) in fit; now it holds numbers \(3.0\)"),
        ({"city": True}, r"column 'city', held text .* truth values \(True\)"),
        ({"size": pd.Timestamp(0)}, "column 'size', held numbers in fit; now it holds dates"),
    ],
)
def test_a_column_that_changed_its_type_is_named(change, message):
    fitted = model().fit(X, y)
    with pytest.raises(ValueError, match=message):
        fitted.predict(X.assign(**change))


def test_truth_values_that_are_no_categories_are_zero_and_one():
    table = pd.DataFrame({"member": np.arange(N) % 3 == 0})
    numbers = model(categorical_features=None).fit(table.astype(float), y)
    truths = model(categorical_features=None).fit(table, y)
    np.testing.assert_array_equal(numbers.predict_proba(table), truths.predict_proba(table.astype(int)))


def test_other_columns_are_refused_as_everywhere():
    fitted = model().fit(X, y)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(X[["city", "age", "size"]])
    with pytest.raises(ValueError, match="contains NaN"):
        model(allow_nan=False).fit(X.fillna(0), y).predict(X)


def test_scikit_learns_tools():
    grid = {"hidden_layer_sizes": [(2,), (4,)], "scale_features": [False, True]}
    mine = GridSearchCV(model(), grid, cv=3).fit(X, y)
    theirs = sklearn.model_selection.GridSearchCV(model(), grid, cv=3).fit(X, y)
    assert mine.cv_results_["mean_test_score"].tolist() == theirs.cv_results_["mean_test_score"].tolist()
    pipe = make_pipeline("passthrough", model()).fit(X, y)
    same(pipe[-1], model().fit(X, y))
    assert cross_val_score(model(), X, y, cv=3).tolist() == cross_val_score(pipe, X, y, cv=3).tolist()
    same(fit_many([model(), model(random_state=1)], X, y)[0], model().fit(X, y))
    selected = make_pipeline(
        make_column_transformer(("passthrough", ["city", "age"]), verbose_feature_names_out=False), model()
    )
    selected.set_output(transform="pandas")
    assert selected.fit(X, y)[-1].preparation_.columns[0].levels == ("Aachen", "Bern", "Celle")
    named = model().fit(X, y).set_output(transform="polars").transform(X)
    assert named.columns == [f"mlpclassifier{at}" for at in range(4)]


def test_copies():
    fitted = model().fit(X, y)
    assert not hasattr(clone(fitted), "preparation_")
    again = pickle.loads(pickle.dumps(fitted))
    same(again, fitted)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert "categorical_features" in fitted._repr_html_()


def test_the_drawing_names_the_encoded_inputs():
    pytest.importorskip("matplotlib").use("Agg")
    from chainrule.plots import NetworkDisplay

    display = NetworkDisplay.from_estimator(model().fit(X, y))
    assert list(display.input_names) == ["age", "age missing", "city=Aachen", "city=Bern", "city=Celle", "size"]


def test_the_first_call_fixes_the_inputs():
    first, more = X.iloc[:30], X.iloc[30:].assign(city="Delft", age=1000.0)
    for parameters in ({"warm_start": True}, {}):
        grown = model(**parameters)
        go_on = grown.fit if parameters else grown.partial_fit
        go_on(first, y[:30], **({} if parameters else {"classes": ["no", "yes"]}))
        known, before = grown.preparation_, grown.theta_.copy()
        go_on(more, y[30:])
        assert grown.preparation_ == known
        assert grown.theta_.shape == before.shape and (grown.theta_ != before).any()


def test_preparation_belongs_to_the_first_fit():
    numbers = X[["size"]].to_numpy(float)
    plain = MLPClassifier((4,), max_iter=2, warm_start=True).fit(numbers, y)
    with pytest.raises(ValueError, match="belong to the first fit"):
        plain.set_params(allow_nan=True).fit(numbers, y)
    afresh = plain.set_params(warm_start=False).fit(numbers, y)
    assert afresh.preparation_.allow_nan
    assert not hasattr(afresh.set_params(allow_nan=False).fit(numbers, y), "preparation_")


def test_a_failed_fit_leaves_the_preparation_as_it_was():
    fitted = model().fit(X, y)
    known = fitted.preparation_
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        fitted.set_params(hidden_layer_sizes=(0,)).fit(X.assign(age=5.0), y)
    assert fitted.preparation_ is known


def test_input_gradients_are_those_of_the_encoded_inputs():
    """A central difference in the age of one row, through the estimator; its scale is the chain rule's last factor."""
    table = X.assign(age=X["age"].fillna(40.0))
    fitted = model(activation="tanh", solver="lbfgs").fit(table, y)
    part, step = fitted.preparation_.columns[0].parts[0], 1e-4
    up, down = (fitted.predict_proba(table.assign(age=table["age"] + move))[:, 1] for move in (step, -step))
    scaled = (table["age"] - part.centre) / part.scale
    inner = (1 + (scaled / 3) ** 2) ** -1.5 / part.scale
    place = fitted.get_encoded_feature_names_out().tolist().index("age")
    gradients = fitted.input_gradients(table, output=0)
    assert gradients.shape == (N, 5)
    np.testing.assert_allclose(gradients[:, place] * inner, (up - down) / (2 * step), rtol=1e-5, atol=1e-9)


def test_objects_of_numbers_are_numbers():
    table = pd.DataFrame({"a": [Decimal("1.5"), 2, None, np.float32(4)] * 10, "b": [True, None, False, True] * 10})
    fitted = model().fit(table, y[:40])
    assert [column.kind for column in fitted.preparation_.columns] == ["number", "truth"]
    numbers = model(categorical_features=None).fit(table.astype(float), y[:40])
    assert numbers.preparation_.columns[0] == fitted.preparation_.columns[0]


UNWEIGHTED = {"check_sample_weight_equivalence_on_dense_data": "medians and scales are learned without weights"}
CHECKED = [
    *(kind(max_iter=100, allow_nan=True) for kind in (MLPClassifier, MLPRegressor)),
    *(kind(max_iter=100, categorical_features=[0]) for kind in (MLPClassifier, MLPRegressor)),
    *(kind(max_iter=100, **EVERYTHING) for kind in (MLPClassifier, MLPRegressor)),
    MLPMultiTask(max_iter=50, **EVERYTHING),
]


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(CHECKED, expected_failed_checks=lambda one: UNWEIGHTED if one.scale_features else {})
def test_common_checks(estimator, check):
    check(estimator)


def test_messages_quote_a_cell_in_one_line_that_is_not_long():
    assert shown(np.float32(0.5)) == "0.5" and shown("a\nb") == r"'a\nb'"
    assert shown(np.eye(2)) == "array([[1., 0.], [0., 1.]])"
    assert shown("x" * 98) == "'" + "x" * 59 + "... (100 characters)"
