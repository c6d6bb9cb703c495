"""The diagnosis against trainings that are sick of one thing each, and against healthy ones."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import chainrule
from chainrule.diagnosis import CHECKS, diagnose
from chainrule.errors import DivergenceError
from chainrule.tables import TableModel, read_table
from tests.command import PENGUINS
from tests.diagnosis_runs import HEALTHY, SICK, quality, trained


def given(run, rows, model):
    """The data that this run's diagnosis needs; none after a divergence."""
    if not run.data or isinstance(model, DivergenceError):
        return ()
    return (rows.X, rows.y, rows.X_test, rows.y_test) if run.held or not run.key else (rows.X, rows.y)


@pytest.mark.parametrize("name", SICK)
def test_a_sick_run_is_diagnosed_first_and_its_cure_cures(name):
    run = SICK[name]
    rows = run.rows()
    model = trained(run, rows)
    found = diagnose(model, *given(run, rows, model))
    assert not found.healthy
    assert found.findings[0].key == run.key, str(found)
    assert found.findings[0].advice
    assert found.findings[0].cause == ""
    better = rows if run.cured_rows is None else run.cured_rows(rows)
    cured = trained(run, better, **run.cured)
    assert quality(run, cured, better) >= quality(run, model, rows) + run.least
    again = diagnose(cured, *given(run, better, cured))
    assert run.key not in {finding.key for finding in again.findings if finding.severity == "serious"}, str(again)


def test_every_check_has_a_sick_run():
    assert {run.key for run in SICK.values()} == set(CHECKS)
    assert len(SICK) >= 15


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_gets_a_clean_bill(name):
    run = HEALTHY[name]
    rows = run.rows()
    model = trained(run, rows)
    floor = np.bincount(rows.y_test).max() / len(rows.y_test) if not run.regression else 0.3
    assert quality(run, model, rows) > floor - 0.05
    for found in (diagnose(model), diagnose(model, *given(run, rows, model))):
        assert found.healthy, str(found)
        assert not found.findings
        assert str(found).splitlines()[1].startswith("Nothing wrong found.")


TABLES = {
    "penguins.csv": "species", "concrete.csv": "strength", "banknote.csv": "class", "airfoil.csv": "sound_pressure_level",
    "car-evaluation.csv": "class", "abalone.csv": "rings", "heart-cleveland.csv": "num", "pima-diabetes.csv": "class",
    "german-credit.csv": "class", "phoneme.csv": "class", "wine-quality-red.csv": "quality", "vehicle.csv": "Class",
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_no_serious_alarm_on_real_tables(name, data_folder):
    table = read_table(data_folder / name)
    model = TableModel.fit(table, TABLES[name], estimator_params={"max_iter": 60})
    assert model.evaluation.score > model.evaluation.baseline
    for found in (diagnose(model), diagnose(model, table)):
        assert not [finding for finding in found.findings if finding.severity == "serious"], str(found)


def test_penguins_in_the_project_get_a_clean_bill():
    table = read_table(PENGUINS)
    found = diagnose(TableModel.fit(table, "species"), table)
    assert found.healthy, str(found)
    assert found.learned > 0.9
    with pytest.raises(ValueError, match="has 100 rows"):
        diagnose(TableModel.fit(table, "species", hidden_layer_sizes=(4,)), table.take(np.arange(100)))


def test_a_cause_stands_before_what_it_explains():
    order = list(CHECKS)
    for key, check in CHECKS.items():
        assert all(order.index(other) > order.index(key) for other in check.explains), key
    run = SICK["wine as measured, sgd"]
    found = diagnose(trained(run, run.rows()))
    first, *others = found.findings
    assert first.cause == ""
    assert others, "nothing follows from it"
    assert {finding.cause for finding in others} == {first.key}
    assert found.causes == (first,)


def test_a_consequence_alone_is_a_cause():
    run = SICK["biases of -10 before relu"]
    found = diagnose(trained(run, run.rows()))
    assert [finding.key for finding in found.causes] == ["dead_units"]


class TestDivergence:
    run = SICK["rate 3 diverges"]

    def test_the_error_carries_the_evidence(self):
        rows = self.run.rows()
        error = trained(self.run, rows)
        assert isinstance(error, DivergenceError)
        found = diagnose(error)
        assert found.findings[0].key == "rate_too_high"
        assert "0.3 (now 3)" in str(found)
        assert found.findings[0].severity == "serious"

    def test_an_estimator_that_is_not_fitted_is_trained_again_on_a_copy(self):
        rows = self.run.rows()
        model = chainrule.MLPRegressor(random_state=0, **self.run.parameters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(DivergenceError):
                model.fit(rows.X, rows.y)
        assert diagnose(model, rows.X, rows.y).findings == diagnose(trained(self.run, rows)).findings
        assert not hasattr(model, "coefs_")
        healthy = clone(model).set_params(learning_rate_init=0.03)
        assert "rate_too_high" in diagnose(healthy, rows.X, rows.y).passed

    def test_with_a_validation_set_the_best_parameters_stay_and_are_diagnosed(self):
        rows = self.run.rows()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = chainrule.MLPRegressor(random_state=0, **self.run.parameters)
            model.fit(rows.X, rows.y, X_val=rows.X_test, y_val=rows.y_test)
        assert not np.isfinite(model.history_[-1].loss)
        assert diagnose(model).findings[0].key == "rate_too_high"

    def test_an_error_from_elsewhere_is_refused(self):
        with pytest.raises(ValueError, match="nothing was recorded"):
            diagnose(DivergenceError("from `train`"))


@pytest.fixture(scope="module")
def fitted():
    """A healthy estimator and its rows."""
    run = HEALTHY["wine, tanh"]
    rows = run.rows()
    return trained(run, rows), rows


class TestInputs:
    def test_it_is_the_estimators_method(self, fitted):
        model, rows = fitted
        assert model.diagnose(rows.X, rows.y) == diagnose(model, rows.X, rows.y)

    def test_a_pipeline_prepares_the_rows(self, fitted):
        model, rows = fitted
        whole = make_pipeline(StandardScaler(), clone(model)).fit(rows.X, rows.y)
        assert diagnose(whole, rows.X, rows.y).healthy

    def test_more_is_checked_with_data(self, fitted):
        model, rows = fitted
        without, with_data = diagnose(model), diagnose(model, rows.X, rows.y, rows.X_test, rows.y_test)
        assert {"contradictory_duplicates", "label_noise", "overfitting"} <= set(without.unchecked)
        assert set(with_data.unchecked) < set(without.unchecked)
        assert "X_val" in without.unchecked["overfitting"]

    def test_every_check_answers_once(self, fitted):
        found = diagnose(fitted[0])
        answered = [*found.passed, *found.unchecked, *(finding.key for finding in found.findings)]
        assert sorted(answered) == sorted(CHECKS)

    def test_an_old_estimator_without_a_record(self, fitted):
        model, rows = fitted
        old = chainrule.MLPClassifier(**model.get_params())
        vars(old).update({name: value for name, value in vars(model).items() if name != "_recording"})
        found = diagnose(old)
        assert found.healthy
        assert "rate_too_high" in found.unchecked
        assert diagnose(old, rows.X, rows.y).healthy

    def test_too_few_rows_leave_it_with_what_was_recorded(self, fitted):
        model, rows = fitted
        one_class = rows.y == rows.y[0]
        for X, y in ((rows.X[:1], rows.y[:1]), (rows.X[:5], rows.y[:5]), (rows.X[one_class], rows.y[one_class])):
            found = diagnose(model, X, y)
            assert found.healthy, str(found)
            assert found.learned == diagnose(model).learned

    def test_a_search_stands_for_the_best_it_found(self, fitted):
        model, rows = fitted
        search = GridSearchCV(clone(model), {"alpha": [0.001, 0.1]}, cv=2).fit(rows.X, rows.y)
        assert diagnose(search, rows.X, rows.y) == diagnose(search.best_estimator_, rows.X, rows.y)
        with pytest.raises(TypeError, match="got GridSearchCV"):
            diagnose(clone(search))

    def test_halves_and_strangers_are_refused(self, fitted):
        model, rows = fitted
        with pytest.raises(ValueError, match="X and y belong together"):
            diagnose(model, rows.X)
        with pytest.raises(ValueError, match="X_val and y_val belong together"):
            diagnose(model, rows.X, rows.y, rows.X_test)
        with pytest.raises(ValueError, match="not fitted"):
            diagnose(chainrule.MLPClassifier())
        with pytest.raises(TypeError, match="got StandardScaler"):
            diagnose(StandardScaler())
        with pytest.raises(ValueError, match="features"):
            diagnose(model, rows.X[:, :3], rows.y)

    @pytest.mark.parametrize(
        "kind", ["multilabel", "several numbers", "multitask", "hinge", "poisson", "quantile", "sparse", "none"]
    )
    def test_other_targets_and_losses(self, kind):
        rng = np.random.RandomState(0)
        X = rng.standard_normal((200, 4))
        number, label = X[:, 0] + 0.1 * rng.standard_normal(200), (X[:, 1] > 0).astype(int)
        quiet = {"max_iter": 20, "random_state": 0, "hidden_layer_sizes": (8,)}
        model, y = {
            "multilabel": (chainrule.MLPClassifier(**quiet), np.column_stack([label, 1 - label])),
            "several numbers": (chainrule.MLPRegressor(**quiet), np.column_stack([number, X[:, 2]])),
            "multitask": (chainrule.MLPMultiTask(**quiet), [[f"c{a}", b] for a, b in zip(label, number, strict=True)]),
            "hinge": (chainrule.MLPClassifier(loss="hinge", **quiet), label),
            "poisson": (chainrule.MLPRegressor("poisson", **quiet), np.exp(number)),
            "quantile": (chainrule.MLPRegressor("quantile", **quiet), number),
            "sparse": (chainrule.MLPClassifier(**quiet), label),
            "none": (chainrule.MLPClassifier(**{**quiet, "hidden_layer_sizes": ()}), label),
        }[kind]  # fmt: skip
        if kind == "sparse":
            X = csr_array(X * (np.abs(X) > 1))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, y)
        for found in (diagnose(model), diagnose(model, X, y)):
            json.dumps(found.to_dict(), allow_nan=False)
            assert str(found)
