"""`MLPMultiTask` on tables as they are: prepared inputs beside scikit-learn's transformers, targets of several kinds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, r2_score

from chainrule import MLPMultiTask, load, save
from chainrule.estimators.cells import cells_of
from chainrule.training import hold_out
from tests.test_estimators_categories import EVERYTHING, INPUTS, N, X, by_scikit_learn, frame

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.RandomState(2)
Y = pd.DataFrame(
    {
        "label": np.where(X["member"] ^ (RNG.rand(N) < 0.1), "in", "out"),
        "cost": 1000 + 50 * X["grade"].astype(float) + RNG.normal(0, 5, N),
    }
)
QUICK = {"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0}


def mean_of_both(estimator, X, y):
    predicted = estimator.predict(X)
    return accuracy_score(y["label"], predicted["label"]) + r2_score(y["cost"], predicted["cost"])


@pytest.mark.parametrize("weight", [None, np.arange(N) % 3 + 1.0], ids=["", "weights"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_same_numbers_as_scikit_learns_transformers_in_front(solver, weight):
    inside = MLPMultiTask(solver=solver, **QUICK, **EVERYTHING).fit(X, Y, weight)
    front = by_scikit_learn(X, True)
    outside = MLPMultiTask(solver=solver, **QUICK).fit(front, Y, weight)
    np.testing.assert_array_equal(inside.theta_, outside.theta_)
    pd.testing.assert_frame_equal(inside.predict(X), outside.predict(front))
    assert inside.scores(X, Y) == outside.scores(front, Y)
    assert inside.get_encoded_feature_names_out().tolist() == INPUTS
    assert inside.n_features_in_ == 6 and inside.feature_names_in_.tolist() == list(X)
    with pytest.raises(ValueError, match="could not convert string to float"):
        MLPMultiTask(solver=solver, **QUICK).fit(X, Y, weight)


@pytest.mark.parametrize("scoring", [None, "loss", mean_of_both])
def test_a_validation_set_is_encoded_by_the_training_rows(scoring):
    other = frame(7).assign(city="Emden")
    inside = MLPMultiTask(scoring=scoring, **QUICK, **EVERYTHING).fit(X, Y, X_val=other, y_val=Y)
    front = inside.preparation_.encode(cells_of(other, None))
    plain = MLPMultiTask(scoring=scoring, **QUICK).fit(by_scikit_learn(X, True), Y, X_val=front, y_val=Y)
    assert inside.validation_scores_ == plain.validation_scores_
    assert inside.validation_loss_curve_ == plain.validation_loss_curve_


def test_only_the_rows_trained_on_count():
    settings = {**QUICK, "early_stopping": True, "validation_fraction": 0.25, **EVERYTHING}
    model = MLPMultiTask(**settings).fit(X, Y)
    rows, held = hold_out(N, 0.25, np.random.RandomState(0), None)
    assert model.preparation_.columns[0].parts[0].impute == np.nanmedian(X["age"].iloc[rows])
    assert model.tasks_[1].centre == pytest.approx(Y["cost"].iloc[rows].mean())
    changed = X.copy()
    changed.loc[held, "age"] = 1e6
    assert MLPMultiTask(**settings).fit(changed, Y).preparation_ == model.preparation_
    weight = np.where(np.arange(N) < 40, 0.0, 1.0)
    weighted = MLPMultiTask(**QUICK, **EVERYTHING).fit(X, Y, weight)
    assert weighted.preparation_ == MLPMultiTask(**QUICK, **EVERYTHING).fit(X[40:], Y[40:]).preparation_


def test_the_first_call_fixes_inputs_and_scales():
    first, more = X[:60], X[60:].assign(city="Emden", age=1000.0)
    for parameters in ({"warm_start": True}, {}):
        model = MLPMultiTask(**QUICK, **EVERYTHING, **parameters)
        go_on = model.fit if parameters else model.partial_fit
        go_on(first, Y[:60], **({} if parameters else {"classes": {"label": ["in", "out"]}}))
        known, tasks, before = model.preparation_, model.tasks_, model.theta_.copy()
        go_on(more, Y[60:])
        assert model.preparation_ == known and (model.theta_ != before).any()
        assert [(task.centre, task.scale) for task in model.tasks_] == [(task.centre, task.scale) for task in tasks]


def test_polars_and_pandas_are_alike():
    mine = MLPMultiTask(**QUICK, **EVERYTHING).fit(X[["age", "sex", "member"]], Y)
    table = pl.DataFrame({name: X[name].to_list() for name in ("age", "sex", "member")}, nan_to_null=True)
    other = MLPMultiTask(**QUICK, **EVERYTHING).fit(table, pl.DataFrame(Y.to_dict("list")))
    np.testing.assert_array_equal(other.theta_, mine.theta_)
    assert other.preparation_ == mine.preparation_
    assert other.predict(table).to_dict(as_series=False) == mine.predict(X[["age", "sex", "member"]]).to_dict("list")


def test_a_file_keeps_both_sides(tmp_path):
    mine = MLPMultiTask(**QUICK, **EVERYTHING).fit(X, Y)
    save(mine, tmp_path / "m")
    again = load(tmp_path / "m")
    pd.testing.assert_frame_equal(again.predict(X), mine.predict(X))
    assert again.preparation_ == mine.preparation_ and again.get_params() == mine.get_params()
    assert again.partial_fit(X, Y).theta_.tobytes() == mine.partial_fit(X, Y).theta_.tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: (X, Y[:5]), "inconsistent numbers of samples"),
        (lambda: (X, None), "requires y to be passed"),
        (lambda: (X.assign(income=np.inf), Y), "'income', contains infinity"),
        (lambda: (X, Y.assign(cost=np.nan)), "column 'cost': the value is missing"),
    ],
)
def test_what_cannot_be_fitted_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        MLPMultiTask(**EVERYTHING).fit(*change())


def test_an_unknown_class_of_the_validation_set_is_named():
    with pytest.raises(ValueError, match=r"y_val, row 1 .*, column 'label': class 'q' is not among"):
        MLPMultiTask(**EVERYTHING).fit(X, Y, X_val=X[:2], y_val=Y[:2].assign(label=["in", "q"]))


def test_a_column_that_changed_its_type_is_named():
    model = MLPMultiTask(**QUICK, **EVERYTHING).fit(X, Y)
    for look in (model.predict, model.predict_proba, model.transform, model.input_gradients):
        with pytest.raises(ValueError, match="'age', held numbers in fit; now it holds text"):
            look(X.assign(age="old"))
