"""Data frames of polars and pandas in the place of tables: the same predictions as from the file they came from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from chainrule.errors import TableError
from chainrule.tables import Table, TableModel, read_table

PENGUINS = Path(__file__).parents[1] / "examples" / "penguins.csv"
QUICK = {"max_iter": 20, "hidden_layer_sizes": (8,), "alpha": 1.0}
pandas = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")


def frames():
    typed = pandas.read_csv(PENGUINS)
    return {
        "polars": pl.read_csv(PENGUINS, null_values=["NA", ""]),
        "pandas": typed,
        "pandas, other index": typed.set_index(np.arange(len(typed))[::-1]),
        "pandas, categories": typed.astype({"island": "category", "species": "category"}),
        "pandas, nullable": typed.convert_dtypes(),
        "pandas, all text": pandas.read_csv(PENGUINS, dtype=str),
    }


@pytest.fixture(scope="module")
def model():
    return TableModel.fit(read_table(PENGUINS), "species", estimator_params=QUICK)


@pytest.mark.parametrize("name", frames())
def test_a_frame_is_as_good_as_its_file(model, name):
    table, frame = read_table(PENGUINS), frames()[name]
    np.testing.assert_array_equal(model.predict_proba(frame), model.predict_proba(table))
    np.testing.assert_array_equal(model.predict(frame), model.predict(table))
    assert model.evaluate(frame).score == model.evaluate(table).score
    again = TableModel.fit(frame, "species", estimator_params=QUICK)
    np.testing.assert_array_equal(again.predict_proba(table), model.predict_proba(table))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (PENGUINS, "read_table reads a file"),
        (np.zeros((3, 2)), "found ndarray"),
        (pandas.Series([1.0]), "found Series"),
        (pl.LazyFrame({"a": [1]}), "found LazyFrame"),
        (pl.DataFrame({"a": []}), "0 rows and 1 columns"),
        (pandas.DataFrame([[1, 2]], columns=["a", "a"]), "'a' stands more than once"),
        (pandas.DataFrame({"a": [1, "x", (2,)]}), "cannot be taken as a table"),
        (pandas.DataFrame({"a": [1.0]}), "lacks 6 columns"),
    ],
)
def test_what_is_no_table_is_said_clearly(model, wrong, words):
    with pytest.raises(TableError, match=words):
        model.predict(wrong)


def test_a_table_is_itself():
    table = read_table(PENGUINS)
    assert Table.from_frame(table) is table
