"""Model files of table models: schema, summary and held-out rows come back, and forged ones are refused."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.errors import ModelFileError
from chainrule.estimators import MLPClassifier
from chainrule.models import inspect_file, load, save
from chainrule.models.container import read
from chainrule.tables import TableModel, read_table
from tests.forged import assert_refused, set_in
from tests.test_models import EXAMPLES, QUICK, TARGETS, X, again

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def penguins():
    table = read_table(EXAMPLES / "penguins.csv")
    return table, TableModel.fit(table, "species", estimator_params={"max_iter": 30})


def test_a_table_model_predicts_the_same_bits(tmp_path, penguins):
    table, saved = penguins
    loaded = again(saved, tmp_path)
    assert loaded.predict_proba(table).tobytes() == saved.predict_proba(table).tobytes()
    assert loaded.predict(table).tolist() == saved.predict(table).tolist()
    assert loaded.schema == saved.schema
    assert loaded.summary == saved.summary
    np.testing.assert_array_equal(loaded.test_rows, saved.test_rows)
    assert loaded.evaluate(table.take(loaded.test_rows)).score == saved.evaluation.score


SCHEMA = ["table", "schema"]
LEVELS, NUMBERS = [*SCHEMA, "columns", 0], [*SCHEMA, "columns", 1]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ([*SCHEMA, "target", "classes"], ["Adelie", "Chinstrap", "Emperor"]),
        ([*SCHEMA, "target", "counts"], [1, 1, -1]),
        ([*SCHEMA, "target", "scale"], -1.0),
        ([*SCHEMA, "target", "decimal"], ""),
        ([*SCHEMA, "target", "name"], "island"),
        ([*SCHEMA, "columns"], []),
        ([*SCHEMA, "clip"], -3.0),
        ([*LEVELS, "levels"], ["Biscoe"]),
        ([*LEVELS, "levels"], []),
        ([*LEVELS, "levels"], ["Biscoe", "Dream", ""]),
        ([*LEVELS, "levels"], ["Biscoe", "Dream", "Dream"]),
        ([*LEVELS, "format"], "%Y"),
        ([*NUMBERS, "kind"], "datetime"),
        ([*NUMBERS, "kind"], "constant"),
        ([*NUMBERS, "name"], "island"),
        ([*NUMBERS, "format"], "%Y"),
        ([*NUMBERS, "parts", 0, "name"], "year"),
        ([*NUMBERS, "parts", 0, "name"], "month"),
        ([*NUMBERS, "parts", 0, "scale"], -1.0),
        (["table", "summary"], []),
        (["table", "summary", "rows"], "many"),
        (["table", "summary", "sizes"], {"train": 3}),
        (["table", "summary", "seconds"], 10**400),
        (["table", "summary", "settings"], [{"name": "alpha"}]),
        (["table", "summary", "test"], {"score": 1.0}),
        (["table", "extra"], 1),
    ],
)
def test_a_forged_schema_is_refused(tmp_path, penguins, path, value):
    save(penguins[1], tmp_path / "forged")
    document, arrays = read(tmp_path / "forged")
    set_in(document, path, value)
    assert_refused(tmp_path, document, arrays)


@pytest.mark.parametrize("rows", [[-1], [344], [[1]], [0.0]])
def test_forged_test_rows_are_refused(tmp_path, penguins, rows):
    save(penguins[1], tmp_path / "forged")
    document, arrays = read(tmp_path / "forged")
    assert_refused(tmp_path, document, {**arrays, "table.test_rows": np.array(rows)}, "test rows")


def test_whatever_breaks_the_reader_is_one_error(tmp_path, penguins, monkeypatch):
    def broken(*_):
        raise IndexError

    save(penguins[1], tmp_path / "a.model")
    monkeypatch.setattr("chainrule.tables.TableSchema.from_dict", broken)
    with pytest.raises(ModelFileError, match=r"a\.model: not a valid model \(IndexError\)"):
        load(tmp_path / "a.model")


def test_a_classifier_of_several_labels_is_no_table_model(tmp_path, penguins):
    save(penguins[1], tmp_path / "t.model")
    save(MLPClassifier(**QUICK).fit(np.resize(X, (60, 9)), TARGETS["multilabel"]), tmp_path / "e.model")
    (table, _), (estimator, arrays) = read(tmp_path / "t.model"), read(tmp_path / "e.model")
    table["table"]["schema"]["target"].update(classes=[0, 1, 2])
    assert_refused(tmp_path, {**estimator, "table": table["table"]}, arrays)


def test_held_out_rows_are_no_text(tmp_path, penguins):
    save(penguins[1], tmp_path / "a.model")
    document, arrays = read(tmp_path / "a.model")
    assert "test_rows" not in document["table"]["summary"]
    assert arrays["table.test_rows"].tolist() == penguins[1].test_rows.tolist()


def test_inspect_tells_what_is_in_the_file(tmp_path, penguins):
    save(penguins[1], tmp_path / "a.model")
    found = inspect_file(tmp_path / "a.model")
    assert found["kind"] == "table"
    assert found["n_parameters"] == penguins[1].estimator.theta_.size
    assert found["schema"]["target"]["classes"] == ["Adelie", "Chinstrap", "Gentoo"]
    assert found["bytes"] == (tmp_path / "a.model").stat().st_size
