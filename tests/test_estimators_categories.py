"""Categories, missing values and scaling inside the estimators: scikit-learn's transformers and the tables are the oracles."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, RobustScaler, StandardScaler

from chainrule import MLPClassifier, MLPMultiTask, MLPRegressor
from chainrule.errors import DivergenceError
from chainrule.estimators.cells import cells_of
from chainrule.estimators.inputs import training_arrays
from chainrule.estimators.preparation import fit_preparation
from chainrule.tables import Table, TableSchema
from chainrule.tables.cells import MISSING
from chainrule.tables.encoding import Encoder, fit_columns
from chainrule.tables.inference import infer_column
from chainrule.tables.schema import TargetSchema
from chainrule.training import hold_out

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
N = 120
EVERYTHING = {"categorical_features": "from_dtype", "allow_nan": True, "scale_features": True}
KINDS = (MLPClassifier, MLPRegressor, MLPMultiTask)
TARGET = TargetSchema("y", "regression", "made up")


def frame(seed=0, rows=N):
    """Numbers (some missing, some far out), two and four levels, truth values, category codes."""
    rng = np.random.RandomState(seed)
    age = rng.normal(40, 12, rows)
    age[rng.rand(rows) < 0.2] = np.nan
    income = np.exp(rng.normal(8, 2, rows))
    income[3] = np.nan
    city = rng.choice(["Aachen", "Bern", "Celle", "Delft"], rows).astype(object)
    city[rng.rand(rows) < 0.1] = None
    return pd.DataFrame(
        {
            "age": age,
            "city": city,
            "sex": rng.choice(["f", "m"], rows).astype(object),
            "income": income,
            "member": rng.rand(rows) < 0.5,
            "grade": pd.Categorical(rng.choice([1, 2, 10], rows)),
        }
    )


X, y = frame(), np.random.RandomState(1).choice([0, 1], N)
INPUTS = ["age", "age missing", "city=Aachen", "city=Bern", "city=Celle", "city=Delft", "sex=m", "income", "member=true",
          "grade=1", "grade=2", "grade=10"]  # fmt: skip


def squeezed(x):
    return x / np.sqrt(1 + (x / 3) ** 2)


def signed(onehot):
    return onehot[:, 1:] - onehot[:, :1]


def by_scikit_learn(table, scaled, rows=slice(None)):
    """The same inputs by scikit-learn's transformers, fitted on these rows."""
    levels = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    pair = make_pipeline(levels, FunctionTransformer(signed))
    scale = make_pipeline(RobustScaler(unit_variance=True), FunctionTransformer(squeezed)) if scaled else "passthrough"
    number = make_pipeline(SimpleImputer(strategy="median"), scale)
    transformer = make_column_transformer(
        (number, ["age"]),
        (FunctionTransformer(np.isnan), ["age"]),
        (OneHotEncoder(categories=[["Aachen", "Bern", "Celle", "Delft"]], handle_unknown="ignore"), ["city"]),
        (pair, ["sex"]),
        (number, ["income"]),
        (pair, ["member"]),
        (levels, ["grade"]),
        sparse_threshold=0,
    )
    filled = table.fillna({"city": "?"})
    return transformer.fit(filled.iloc[rows]).transform(filled).astype(float)


def fitted(kind=MLPClassifier, table=X, target=y, **parameters):
    return kind(**{"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0, **parameters}).fit(table, target)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("scaled", [False, True])
def test_same_numbers_as_scikit_learns_transformers_in_front(kind, solver, scaled):
    inside = fitted(kind, solver=solver, **{**EVERYTHING, "scale_features": scaled})
    front = by_scikit_learn(X, scaled)
    outside = fitted(kind, front, solver=solver)
    np.testing.assert_array_equal(inside.theta_, outside.theta_)
    np.testing.assert_array_equal(inside.predict(X), outside.predict(front))
    np.testing.assert_array_equal(inside.transform(X), outside.transform(front))
    np.testing.assert_array_equal(inside.input_gradients(X), outside.input_gradients(front))
    assert inside.get_encoded_feature_names_out().tolist() == INPUTS
    assert inside.n_features_in_ == 6 and inside.feature_names_in_.tolist() == list(X)


@pytest.mark.parametrize("kind", KINDS)
def test_each_parameter_alone_does_one_thing(kind):
    numbers = X[["age", "income"]]
    imputed = SimpleImputer().set_params(strategy="median").fit_transform(numbers)
    flagged = np.column_stack([imputed[:, 0], np.isnan(X["age"]), imputed[:, 1]])
    np.testing.assert_array_equal(fitted(kind, numbers, allow_nan=True).theta_, fitted(kind, flagged).theta_)
    robust = squeezed(RobustScaler(unit_variance=True).fit_transform(imputed))
    np.testing.assert_array_equal(fitted(kind, imputed, scale_features=True).theta_, fitted(kind, robust).theta_)
    levels = np.column_stack([imputed[:, 1], signed(OneHotEncoder(sparse_output=False).fit_transform(X[["sex"]]))])
    encoded = fitted(kind, X[["income", "sex"]].assign(income=imputed[:, 1]), categorical_features="from_dtype")
    np.testing.assert_array_equal(encoded.theta_, fitted(kind, levels).theta_)


def test_numbers_mostly_alike_are_standardised_and_constants_are_zero():
    values = np.column_stack([np.where(np.arange(N) < 0.8 * N, 5.0, np.arange(N)), np.full(N, 7.0)])
    model = fitted(table=values, scale_features=True)
    expected = np.column_stack([squeezed(StandardScaler().fit_transform(values[:, :1])), np.zeros(N)])
    np.testing.assert_array_equal(model.preparation_.encode(cells_of(values, None)), expected)


def test_only_the_rows_trained_on_count():
    """Without draws for the weights, the held-out rows are those of the plain estimator."""
    table = X.assign(income=X["income"].where(np.arange(N) % 3 > 0))
    rows, held = hold_out(N, 0.25, np.random.RandomState(5), y.astype(bool))
    front = by_scikit_learn(table, True, rows)
    front = np.insert(front, 8, np.isnan(table["income"]), axis=1)
    start = np.random.RandomState(0).normal(0, 0.3, 13 * 5 + 5 + 5 + 1)
    settings = {"early_stopping": True, "validation_fraction": 0.25, "init": start, "random_state": 5}
    inside, outside = fitted(table=table, **settings, **EVERYTHING), fitted(table=front, **settings)
    np.testing.assert_array_equal(inside.theta_, outside.theta_)
    assert inside.validation_loss_curve_ == outside.validation_loss_curve_
    assert inside.preparation_.columns[0].parts[0].impute == np.nanmedian(table["age"].iloc[rows])
    assert inside.preparation_.columns[0].parts[0].impute != np.nanmedian(table["age"])
    changed = table.copy()
    changed.loc[held, "age"] = 1e6
    again = fitted(table=changed, **settings, **EVERYTHING)
    assert again.preparation_ == inside.preparation_


def test_rows_of_weight_zero_are_not_trained_on():
    weight = np.ones(N)
    weight[:40] = 0
    model = fitted(solver="lbfgs", **EVERYTHING)
    with_weights = MLPClassifier(**model.get_params()).fit(X, y, weight)
    without = MLPClassifier(**model.get_params()).fit(X[40:], y[40:])
    assert with_weights.preparation_ == without.preparation_
    assert with_weights.preparation_ != model.preparation_


@pytest.mark.parametrize("scoring", [None, "loss", "balanced_accuracy"])
def test_a_validation_set_is_encoded_by_the_training_rows(scoring):
    other = frame(7).assign(city="Emden")
    model = MLPClassifier((5,), max_iter=8, random_state=0, scoring=scoring, **EVERYTHING)
    model.fit(X, y, X_val=other, y_val=y)
    front = model.preparation_.encode(cells_of(other, None))
    assert not front[:, 2:6].any()
    plain = MLPClassifier((5,), max_iter=8, random_state=0, scoring=scoring)
    plain.fit(by_scikit_learn(X, True), y, X_val=front, y_val=y)
    assert model.validation_scores_ == plain.validation_scores_
    assert model.validation_loss_curve_ == plain.validation_loss_curve_


def test_wish_19_categories_missing_values_and_scales_are_done_for_me():
    """A frame with texts, gaps and a column in millions, as it comes from the file; and divergence says its cause."""
    rng = np.random.RandomState(0)
    size, kind = rng.normal(5e6, 2e6, 300), rng.choice(["oak", "elm", None], 300)
    target = 2e6 * (kind == "oak") + size + rng.normal(0, 1e5, 300)
    frame = pd.DataFrame({"size": np.where(rng.random(300) < 0.1, np.nan, size), "kind": kind})
    options = {"hidden_layer_sizes": (16,), "random_state": 0, "learning_rate_init": 0.01, "max_iter": 200}
    scaled = TransformedTargetRegressor(MLPRegressor(**EVERYTHING, **options), transformer=StandardScaler())
    scaled.fit(frame[:200], target[:200])
    assert scaled.score(frame[200:], target[200:]) > 0.75
    with pytest.raises(
        DivergenceError, match=r"largest input magnitude is .*e\+0[67].*scale the inputs.*scale the targets"
    ):
        MLPRegressor(solver="sgd", **options).fit(size[:, None], target)


def test_wish_19_scoring_on_held_out_rows_of_a_frame_with_text_labels():
    labels = np.where(y, "yes", "no")
    model = fitted(target=labels, early_stopping=True, scoring="balanced_accuracy", **EVERYTHING)
    assert set(model.predict(X)) <= {"yes", "no"}
    assert len(model.validation_scores_) == model.n_iter_


def test_unseen_and_missing_categories_are_zero_in_all_inputs():
    model = fitted(**EVERYTHING)
    rows = X.iloc[:3].assign(city=["Emden", None, np.nan], sex=["x", "f", None])
    inputs = model.preparation_.encode(cells_of(rows, None))
    np.testing.assert_array_equal(inputs[:, 2:6], np.zeros((3, 4)))
    np.testing.assert_array_equal(inputs[:, 6], [0, -1, 0])
    assert np.isfinite(model.predict_proba(rows)).all()
    assert np.isfinite(model.predict_proba(X.assign(city=np.nan, age=None, member=None))).all()


def test_the_most_frequent_hundred_levels_are_kept():
    city = [f"town {at:03}" for at in range(150)] + [f"town {at:03}" for at in range(100, 150)] * 2
    model = fitted(table=pd.DataFrame({"city": city}), target=np.arange(250.0), kind=MLPRegressor, **EVERYTHING)
    frequent = sorted([f"town {at:03}" for at in range(50)] + [f"town {at:03}" for at in range(100, 150)])
    assert list(model.preparation_.columns[0].levels) == frequent
    assert model.coefs_[0].shape == (100, 5)


def test_dates_have_the_parts_that_pandas_finds():
    when = pd.Series(pd.date_range("2023-11-05 06:00", periods=N, freq="37h"))
    table = pd.DataFrame({"when": when})
    parts = pd.DataFrame(
        {
            "days": (when - pd.Timestamp(0)) / pd.Timedelta(days=1),
            "month": when.dt.month,
            "weekday": when.dt.day_of_week,
            "hour": when.dt.hour + when.dt.minute / 60,
        }
    ).astype(float)
    model = fitted(table=table, allow_nan=True)
    np.testing.assert_allclose(model.preparation_.encode(cells_of(table, None)), parts, rtol=1e-14)
    zoned = table.assign(when=when.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"))
    for same in (pl.from_pandas(table), zoned):
        np.testing.assert_array_equal(fitted(table=same, allow_nan=True).theta_, model.theta_)
    assert np.isfinite(model.predict_proba(table.assign(when=pd.NaT))).all()


def typed(table):
    """A real table as users have it: text stripped, numbers as numbers, missing as null."""
    text = pl.col(pl.String).str.strip_chars()
    return table.with_columns(pl.when(text.is_in(MISSING)).then(None).otherwise(text).name.keep())


@pytest.mark.skipif("CHAINRULE_DATA" not in os.environ, reason="CHAINRULE_DATA is not set: no public tables")
@pytest.mark.parametrize("name", ["penguins", "abalone", "auto-imports", "auto-mpg", "titanic", "german-credit", "breast-cancer",
                                  "horse-colic", "heart-cleveland", "car-evaluation", "california-housing.csv.gz"])  # fmt: skip
def test_tables_encode_the_same_columns_to_the_same_inputs(name):
    path = Path(os.environ["CHAINRULE_DATA"]) / (name if name.endswith("gz") else f"{name}.csv")
    table = Table(typed(pl.read_csv(path, infer_schema_length=None, null_values=list(MISSING))))
    drafts = (infer_column(table, column) for column in table.names)
    columns = fit_columns(tuple(column for column in drafts if column.used), table)
    used = [column.name for column in columns if column.used]
    schema = TableSchema(tuple(column for column in columns if column.used), TARGET, len(table), 3.0)
    categories = [column.name for column in schema.columns if column.kind != "numeric"]
    cells = cells_of(table.frame.select(used), None).named(used)
    preparation = fit_preparation(cells, None, categories, True, True)
    np.testing.assert_array_equal(preparation.encode(cells), Encoder(schema).encode(table, []))
    assert len(preparation.inputs) == len(schema.inputs) > 1


def test_a_plain_array_is_neither_copied_nor_prepared():
    data = np.ones((10, 2))
    model = MLPClassifier()
    assert training_arrays(model, data, np.arange(10) % 2, True, False)[0] is data
    assert not hasattr(fitted(table=data, target=np.arange(10) % 2), "preparation_")
