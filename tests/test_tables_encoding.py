"""Cells to inputs: scikit-learn's pipeline is the oracle; the schema read back from JSON gives the same bits."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, RobustScaler, StandardScaler

from chainrule.errors import TableError
from chainrule.tables import Table, TableSchema
from chainrule.tables.encoding import Encoder, fit_columns
from chainrule.tables.inference import infer_column
from chainrule.tables.schema import TargetSchema

TARGET = TargetSchema("y", "regression", "made up")


def table(**columns):
    return Table(pl.DataFrame(columns, strict=False))


def schema_of(data, clip=0.0):
    columns = fit_columns(tuple(infer_column(data, name) for name in data.names), data)
    return TableSchema(columns, TARGET, len(data), clip)


def inputs_of(schema, data):
    return Encoder(schema).encode(data, [])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.none() | st.floats(-1e6, 1e6, width=32), min_size=5, max_size=40).filter(lambda v: len(set(v)) > 3))
def test_numbers_as_scikit_learn_imputes_and_scales_them(values):
    data = table(x=[None if v is None else repr(v) for v in values], kept=[str(i / 7) for i in range(len(values))])
    schema = schema_of(data)
    part = schema.columns[0].parts[0] if schema.columns[0].parts else None
    if part is None:
        return
    raw = np.array([np.nan if v is None else v for v in values]).reshape(-1, 1)
    filled = SimpleImputer(strategy="median").fit_transform(raw)
    alike = np.subtract(*np.percentile(filled, [75, 25])) == 0
    scaler = StandardScaler() if alike else RobustScaler(unit_variance=True)
    expected = make_pipeline(SimpleImputer(strategy="median"), scaler).fit_transform(raw)
    np.testing.assert_array_equal(inputs_of(schema, data)[:, 0], expected[:, 0])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["red", "green", "blue", "blue ", None]), min_size=12, max_size=40))
def test_categories_as_scikit_learn_encodes_them(values):
    cells = [*values, "red", "green", "blue", "red", "green", "blue"]
    data = table(c=cells)
    stripped = np.array(["missing" if v is None else v.strip() for v in cells], dtype=object).reshape(-1, 1)
    oracle = OneHotEncoder(categories=[["blue", "green", "red"]], handle_unknown="ignore", sparse_output=False)
    np.testing.assert_array_equal(inputs_of(schema_of(data), data), oracle.fit_transform(stripped))


def test_two_values_become_minus_and_plus_one_and_missing_zero():
    data = table(b=["yes", "No", None] * 10, c=["x", "y", None] * 10)
    np.testing.assert_array_equal(inputs_of(schema_of(data), data)[:3], [[1, -1], [-1, 1], [0, 0]])


def test_outliers_are_clipped_smoothly():
    data = table(x=[*(str(i / 10) for i in range(50)), "1e9"])
    inputs = inputs_of(schema_of(data, clip=3.0), data)[:, 0]
    assert 2.99 < inputs[-1] <= 3
    assert np.all(np.diff(inputs) > 0)


def test_many_missing_values_get_a_flag():
    data = table(x=["1.5", "2.5", "3.5", None] * 10)
    schema = schema_of(data)
    assert schema.inputs == ("x", "x missing")
    np.testing.assert_array_equal(inputs_of(schema, data)[:4, 1], [0, 0, 0, 1])


MIXED = {
    "number": ["1.5", "2.25", "?", "-7", "0.1", "1e3"] * 10,
    "comma": [f"{i},25" for i in range(60)],
    "word": ["a", "b", "c", "a", None, "ü"] * 10,
    "code": ["1", "2", "3", "4", "5", "NA"] * 10,
    "flag": ["yes", "no", "YES", "", "no", "no"] * 10,
    "day": [f"2024-0{1 + i % 9}-1{i % 7}" for i in range(60)],
    "row": [str(i) for i in range(60)],
    "same": ["x"] * 60,
}


def test_a_schema_read_back_from_json_gives_the_same_bits():
    data = table(**MIXED)
    schema = schema_of(data, clip=3.0)
    again = TableSchema.from_dict(json.loads(json.dumps(schema.to_dict())))
    assert again == schema
    assert inputs_of(again, data).tobytes() == inputs_of(schema, data).tobytes()
    assert inputs_of(schema, data).shape == (60, len(schema.inputs))
    assert np.isfinite(inputs_of(schema, data)).all()


def test_column_order_and_further_columns_do_not_matter():
    data = table(**MIXED)
    schema = schema_of(data)
    shuffled = table(more=["?"] * 60, **dict(reversed(MIXED.items())))
    assert inputs_of(schema, shuffled).tobytes() == inputs_of(schema, data).tobytes()


def test_a_row_alone_is_encoded_as_in_the_table():
    data = table(**MIXED)
    schema = schema_of(data)
    together = inputs_of(schema, data)
    alone = np.concatenate([inputs_of(schema, data.take([row])) for row in range(8)])
    assert alone.tobytes() == together[:8].tobytes()


def test_types_of_parquet_and_texts_of_csv_are_encoded_alike():
    texts = table(n=["1.5", "2.5", None] * 10, c=["1", "2", "3"] * 10, b=["true", "false", None] * 10)
    typed = table(n=[1.5, 2.5, None] * 10, c=[1.0, 2.0, 3.0] * 10, b=[True, False, None] * 10)
    schema = schema_of(texts)
    assert inputs_of(schema, typed).tobytes() == inputs_of(schema, texts).tobytes()
    assert schema_of(typed).inputs == schema.inputs


def test_unseen_levels_count_as_missing_and_are_told():
    schema = schema_of(table(c=["a", "b", "c"] * 10))
    notes: list[str] = []
    inputs = Encoder(schema).encode(table(c=["a", "new", "new", None]), notes)
    np.testing.assert_array_equal(inputs, [[1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert len(notes) == 1
    assert "'c'" in notes[0] and "'new' (2)" in notes[0]


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("number", "abc", "row 2, column 'number': expected a number, found 'abc'"),
        ("number", "inf", "row 2, column 'number': expected a number, found 'inf'"),
        ("flag", "maybe", "row 2, column 'flag': expected no or yes, found 'maybe'"),
        ("day", "yesterday", "row 2, column 'day': expected a date written %Y-%m-%d, found 'yesterday'"),
    ],
)
def test_a_cell_that_does_not_fit_is_named(column, cell, message):
    schema = schema_of(table(**MIXED))
    rows = {name: cells[:3] for name, cells in MIXED.items()}
    rows[column] = [rows[column][0], cell, rows[column][2]]
    with pytest.raises(TableError, match=message):
        inputs_of(schema, table(**rows))


def test_a_long_cell_is_quoted_in_part():
    with pytest.raises(TableError) as error:
        inputs_of(schema_of(table(x=["1.5", "2.5", "3.5"])), table(x=["z" * 10**6]))
    assert len(str(error.value)) < 250


def test_a_missing_column_is_named():
    schema = schema_of(table(**MIXED))
    with pytest.raises(TableError, match="no column 'word'"):
        inputs_of(schema, Table(table(**MIXED).frame.drop("word")))


def change(data, path, value):
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["columns"], {}),
        (["columns", 0, "kind"], "code"),
        (["columns", 0, "used"], 1),
        (["columns", 0, "extra"], 1),
        (["columns", 0, "parts", 0, "scale"], 0.0),
        (["columns", 0, "parts", 0, "scale"], "1"),
        (["columns", 0, "parts", 0, "centre"], float("nan")),
        (["columns", 2, "levels"], [1]),
        (["columns", 4, "levels"], ["yes"]),
        (["target", "task"], "ranking"),
        (["target", "scale"], 0.0),
        (["target"], None),
        (["rows"], "many"),
    ],
)
def test_a_schema_with_a_wrong_field_is_refused(path, value):
    data = json.loads(json.dumps(schema_of(table(**MIXED)).to_dict()))
    change(data, path, value)
    with pytest.raises(ValueError, match=str(next(key for key in reversed(path) if isinstance(key, str)))):
        TableSchema.from_dict(data)
