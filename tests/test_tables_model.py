"""Table models end to end: what they learn, what they leak, and what they say when they cannot."""

from __future__ import annotations

import gzip
import json
import signal
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    log_loss,
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)

from chainrule.engines import choose
from chainrule.errors import TableError
from chainrule.network import Dense, Network
from chainrule.tables import Table, TableModel, read_table
from chainrule.tables.splitting import split

EXAMPLES = Path(__file__).parents[1] / "examples"
QUICK = {"max_iter": 20, "hidden_layer_sizes": (8,)}


def made_up(rows=120, **more):
    x = np.random.default_rng(1).normal(size=rows)
    columns = {
        "x": [f"{value:.6f}" for value in x],
        "colour": [("red", "green", "blue")[i % 3] for i in range(rows)],
        "y": [f"{2 * value + (i % 3):.6f}" for i, value in enumerate(x)],
        "label": ["high" if value > 0 else "low" for value in x],
    }
    return Table(pl.DataFrame({**columns, **more}))


def fit(data, target="label", **options):
    return TableModel.fit(data, target, estimator_params=QUICK, **options)


def test_penguins_are_told_apart():
    table = read_table(EXAMPLES / "penguins.csv")
    evaluations = [TableModel.fit(table, "species", seed=seed).evaluation for seed in range(5)]
    assert np.mean([found.score for found in evaluations]) >= 0.97
    assert all(found.baseline < 0.5 < found.score for found in evaluations)
    assert evaluations[0].rows == 69


def test_a_line_is_learnt():
    found = TableModel.fit(made_up(), "y", drop=["label"]).evaluation
    assert found.task == "regression"
    assert found.score > 0.95
    assert abs(found.baseline) < 0.3


def test_scores_are_those_of_scikit_learn():
    data = made_up()
    model = fit(data)
    held_out = data.take(model.test_rows)
    truth, found = held_out.frame["label"].to_list(), model.evaluate(held_out)
    predicted, probabilities = model.predict(held_out), model.predict_proba(held_out)
    assert found.score == accuracy_score(truth, predicted)
    assert found.log_loss == pytest.approx(log_loss(truth, probabilities, labels=["high", "low"]), rel=1e-12)
    np.testing.assert_array_equal(found.confusion, confusion_matrix(truth, predicted, labels=["high", "low"]))
    assert model.evaluation.score == found.score
    assert found.to_dict()["confusion"] == found.confusion.tolist()


def test_regression_scores_are_those_of_scikit_learn():
    data = made_up()
    model = fit(data, "y")
    held_out = data.take(model.test_rows)
    truth, predicted, found = held_out.frame["y"].cast(pl.Float64).to_numpy(), model.predict(held_out), model.evaluation
    assert found.r2 == pytest.approx(r2_score(truth, predicted), rel=1e-12)
    assert found.rmse == pytest.approx(root_mean_squared_error(truth, predicted), rel=1e-12)
    assert found.mae == pytest.approx(mean_absolute_error(truth, predicted), rel=1e-12)
    assert found.error_quantiles["0.5"] == pytest.approx(np.median(np.abs(truth - predicted)), rel=1e-12)


@pytest.mark.parametrize("values", [["7.5"] * 4, ["7.5"], ["1", "2", "4"]], ids=["constant", "one row", "several"])
def test_scores_of_few_or_constant_numbers_are_those_of_scikit_learn(values):
    model = fit(made_up(), "y")
    few = Table(made_up().frame.head(len(values)).with_columns(pl.Series("y", values)))
    found, truth = model.evaluate(few), np.array(values, float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # R² of one row is not defined
        expected = r2_score(truth, model.predict(few)), r2_score(truth, np.full(len(truth), model.schema.target.centre))
    assert (found.r2, found.baseline) == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_test_rows_change_nothing_that_was_fitted():
    data = made_up()
    model = fit(data)
    frame = data.frame.with_row_index().with_columns(
        pl.when(pl.col("index").is_in(model.test_rows.tolist())).then(pl.lit("1e6")).otherwise(pl.col("x")).alias("x"),
        pl.when(pl.col("index").is_in(model.test_rows.tolist()))
        .then(pl.lit("pink"))
        .otherwise("colour")
        .alias("colour"),
    )
    again = fit(Table(frame.drop("index")))
    np.testing.assert_array_equal(again.test_rows, model.test_rows)
    assert [c.parts for c in again.schema.columns] == [c.parts for c in model.schema.columns]
    assert [c.levels for c in again.schema.columns] == [c.levels for c in model.schema.columns]
    np.testing.assert_array_equal(again.estimator.coefs_[0], model.estimator.coefs_[0])


def test_the_same_seed_gives_the_same_model_and_another_seed_another_split():
    data = made_up()
    first, second, third = fit(data, seed=3), fit(data, seed=3), fit(data, seed=4)
    np.testing.assert_array_equal(first.predict_proba(data), second.predict_proba(data))
    assert first.test_rows.tolist() != third.test_rows.tolist()


def test_the_plan_is_told_before_training():
    plans = []
    fit(made_up(), on_start=plans.append)
    (plan,) = plans
    assert plan.schema.target.task == "binary"
    assert sum(plan.sizes.values()) == 120
    assert plan.sizes["test"] == 24
    assert {choice.name: choice.value for choice in plan.settings}["max_iter"] == 20
    assert all(choice.reason for choice in plan.settings)


def test_the_summary_is_plain_json():

    model = fit(made_up())
    assert json.loads(json.dumps(model.summary, allow_nan=False)) == model.summary
    assert model.summary["test"]["score"] == model.evaluation.score


def test_prediction_needs_no_target_but_evaluation_does():
    data = made_up()
    model = fit(data)
    bare = Table(data.frame.drop("label"))
    np.testing.assert_array_equal(model.predict(bare), model.predict(data))
    with pytest.raises(TableError, match="no column 'label'"):
        model.evaluate(bare)


def test_rows_without_a_target_are_left_out_and_told():
    data = made_up()
    holes = Table(data.frame.with_columns(pl.Series("label", [None, *data.frame["label"][1:]])))
    model = fit(holes)
    assert 0 not in model.test_rows
    assert any("1 of 120 rows have no value of 'label'" in note for note in model.notes)
    assert model.evaluate(holes).rows == 119
    assert any("1 rows without a value" in note for note in model.notes)


def test_labels_never_seen_count_as_errors():
    data = made_up()
    model = fit(data)
    odd = Table(data.frame.with_columns(label=pl.lit("medium")))
    found = model.evaluate(odd)
    assert (found.score, found.labels, found.log_loss) == (0.0, ("high", "low", "medium"), None)
    assert found.confusion[2].sum() == 120


def test_integer_classes_stay_integers():
    model = fit(made_up(code=[str(i % 2) for i in range(120)]), "code")
    assert model.predict(made_up()).dtype.kind == "i"
    assert model.classes == (0, 1)


def test_a_class_of_one_row_is_learnt_not_tested():
    labels = ["a", "b"] * 60
    labels[7] = "only once"
    model = fit(made_up(kind=labels), "kind")
    assert 7 not in model.test_rows
    assert "only once" in model.classes


def test_split_keeps_classes_in_proportion_and_parts_apart():
    codes = np.array([0] * 80 + [1] * 20)
    parts = split(np.arange(100), codes, 0.2, 0.25, 0)
    assert np.bincount(codes[parts.test]).tolist() == [16, 4]
    assert np.bincount(codes[parts.validation]).tolist() == [16, 4]
    assert sorted([*parts.train, *parts.validation, *parts.test]) == list(range(100))


def test_no_test_rows_on_request():
    model = fit(made_up(), test_fraction=0)
    assert model.evaluation is None
    assert model.test_rows.size == 0


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("lable", {}, "did you mean 'label'"),
        ("label", {"drop": ["colours"]}, "did you mean 'colour'"),
        ("label", {"drop": ["label"]}, "is the target"),
        ("label", {"drop": ["x", "colour", "y"]}, "no column is of use"),
        ("label", {"test_fraction": 1.5}, "test_fraction"),
        ("label", {"task": "regression"}, "regression needs finite numbers"),
    ],
)
def test_requests_that_cannot_be_met(target, options, message):
    with pytest.raises(TableError, match=message):
        fit(made_up(), target, **options)


def test_too_few_rows():
    with pytest.raises(TableError, match="9 rows with a target are too few; at least 10"):
        fit(made_up(9))


def test_probabilities_of_numbers_do_not_exist():
    with pytest.raises(TableError, match="no class probabilities"):
        fit(made_up(), "y").predict_proba(made_up())


def test_compressed_and_plain_files_train_the_same_model(tmp_path):
    plain = EXAMPLES / "penguins.csv"
    packed = tmp_path / "penguins.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    first, second = (fit(read_table(path), "species") for path in (plain, packed))
    np.testing.assert_array_equal(first.predict_proba(read_table(plain)), second.predict_proba(read_table(packed)))


@pytest.mark.parametrize("seed", range(5))
def test_every_class_has_training_rows_even_where_there_are_too_many_classes(seed):
    codes = np.repeat(np.arange(12), 3)
    parts = split(np.arange(36), codes, 0.2, 0.2, seed)
    assert set(codes[parts.train]) == set(range(12))
    assert sorted([*parts.train, *parts.validation, *parts.test]) == list(range(36))


def test_ctrl_c_during_the_choice_of_the_penalty_ends_everything(monkeypatch):
    engine = type(choose("auto", Network(1, (Dense(1, "identity"),)), np.dtype("float64")))
    monkeypatch.setattr(engine, "loss_and_gradient", lambda *_, **__: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        TableModel.fit(made_up(), "label")
