"""What each column is taken for: made-up columns with known answers, and 29 public tables described by their README."""

from __future__ import annotations

import os
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from chainrule.errors import TableError
from chainrule.estimators.encoding import date_part
from chainrule.tables import Table, read_table
from chainrule.tables.cells import dates, numbers
from chainrule.tables.inference import infer_column
from chainrule.tables.target import infer_target

N = 40
COLUMNS = {
    "decimals": ([f"{i / 7:.3f}" for i in range(N)], "numeric"),
    "with every mark of missing": (
        ["?", "NA", "nan", "", None, "N/A", "null", "NaN", *map(str, range(100, 132))],
        "numeric",
    ),
    "exponents and signs": ([f"+{i}e-3" for i in range(N)], "numeric"),
    "decimal commas": ([f"{i},5" for i in range(N)], "numeric"),
    "counts from zero": ([str(i % 5) for i in range(N)], "numeric"),
    "years": ([str(1970 + i % 13) for i in range(N)], "numeric"),
    "codes 1 to 4": ([str(1 + i % 4) for i in range(N)], "categorical"),
    "two codes": ([str(1 + 8 * (i % 2)) for i in range(N)], "categorical"),
    "words": (["red", "green", "blue", None] * 10, "categorical"),
    "one word or missing": (["yes!", None] * 20, "categorical"),
    "0/1": (["0", "1"] * 20, "boolean"),
    "yes/no": (["Yes", "no", "NO", None] * 10, "boolean"),
    "true/false": (["TRUE", "False"] * 20, "boolean"),
    "iso": ([f"2024-01-{1 + i % 28:02d}" for i in range(N)], "datetime"),
    "iso with time": ([f"2024-01-01T10:{i:02d}:00" for i in range(N)], "datetime"),
    "with zone": ([f"2024-01-01T10:{i:02d}:00+02:00" for i in range(N)], "datetime"),
    "german": ([f"{1 + i % 28}.02.2021" for i in range(N)], "datetime"),
    "american": ([f"02/{1 + i % 28:02d}/2021" for i in range(N)], "datetime"),
    "constant": (["7"] * N, "constant"),
    "all missing": ([None, "?"] * 20, "constant"),
    "row numbers": ([str(i) for i in range(500, 500 + N)], "identifier"),
    "customer_id": ([str(7 * i * i) for i in range(N)], "identifier"),
    "CustomerID": ([str(7 * i * i) for i in range(N)], "identifier"),
    "squares": ([str(7 * i * i) for i in range(N)], "numeric"),
    "names": ([f"Miss {chr(65 + i % 26)}{i}" for i in range(N)], "identifier"),
    "free text": (["the same long story again " * 9, *(f"text {i // 2} " * 30 for i in range(N - 1))], "text"),
}


@pytest.mark.parametrize(("cells", "kind"), COLUMNS.values(), ids=COLUMNS)
def test_kind_of_a_column(request, cells, kind):
    name = request.node.callspec.id
    found = infer_column(Table(pl.DataFrame({name: cells}, strict=False)), name)
    assert found.kind == kind, found.reason
    assert found.used == (kind in ("numeric", "categorical", "boolean", "datetime"))
    assert found.reason


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([1.5, None, 2.5] * 10, "numeric"),
        ([True, False, None] * 10, "boolean"),
        ([[1], [2], [3]] * 10, "text"),
        ([{"a": 1}] * 30, "text"),
        ([b"x", b"y", b"z"] * 10, "text"),
        (pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 30), "1d", eager=True), "datetime"),
        (pl.Series(["a", "b"] * 15, dtype=pl.Categorical), "categorical"),
        ([timedelta(hours=i, seconds=i * i) for i in range(30)], "numeric"),
        ([time(i % 24, i) for i in range(30)], "numeric"),
        (pl.Series([Decimal(i) / 4 for i in range(30)]), "numeric"),
        (pl.Series([2**64 - 1 - i * i * 10**6 for i in range(30)], dtype=pl.UInt64), "numeric"),
    ],
)
def test_kind_of_a_typed_column(cells, kind):
    assert infer_column(Table(pl.DataFrame({"c": cells})), "c").kind == kind


@pytest.mark.parametrize("cell", ["abc", "1e999999", "9" * 400, "1_000"])
def test_a_stray_cell_among_numbers_is_named(cell):
    cells = [str(i / 3) for i in range(99)]
    cells[41] = cell
    with pytest.raises(TableError, match=rf"table, row 42, column 'c': found '{cell[:50]}"):
        infer_column(Table(pl.DataFrame({"c": cells})), "c")


def test_words_that_python_takes_for_numbers_are_words_among_words():
    cells = ["inf", "nan?", "sup"] * 10
    assert infer_column(Table(pl.DataFrame({"c": cells})), "c").kind == "categorical"
    assert infer_target(Table(pl.DataFrame({"c": cells})), "c", None).classes == ("inf", "nan?", "sup")


def test_text_that_is_not_used_is_shown_by_an_example():
    found = infer_column(Table(pl.DataFrame({"c": [f"1,{i:03d}.50" for i in range(N)]})), "c")
    assert found.reason == "40 different texts in 40 rows, such as '1,000.50': names or identifiers"


def test_durations_are_seconds():
    hours = pl.Series("c", [timedelta(hours=i * i) for i in range(30)] + [None])
    np.testing.assert_array_equal(numbers(hours).values, [*(3600.0 * i * i for i in range(30)), np.nan])
    assert infer_target(Table(pl.DataFrame({"c": hours})), "c", None).task == "regression"


def test_date_parts_agree_with_numpy():
    moments = np.array(["1969-12-31T23:30", "2000-02-29T06:00", "2024-07-15T00:00"], dtype="datetime64[s]")
    seconds = dates(pl.Series([str(moment) for moment in moments]), "%Y-%m-%dT%H:%M:%S").values
    np.testing.assert_array_equal(seconds, moments.astype(np.int64))
    np.testing.assert_array_equal(date_part(seconds, "month"), [12, 2, 7])
    # 31 December 1969 was a Wednesday, 29 February 2000 a Tuesday, 15 July 2024 a Monday.
    np.testing.assert_array_equal(date_part(seconds, "weekday"), [2, 1, 0])
    np.testing.assert_array_equal(date_part(seconds, "hour"), [23.5, 6, 0])
    np.testing.assert_array_equal(date_part(np.array([np.nan]), "month"), [np.nan])


TARGETS = {
    "words": (["a", "b", None] * 20, None, "binary", ("a", "b")),
    "numbers as classes": (["10", "9", "2"] * 20, None, "multiclass", (2, 9, 10)),
    "zero and one": (["0", "1"] * 20, None, "binary", (0, 1)),
    "two decimals": (["0.5", "1.5"] * 20, None, "binary", ("0.5", "1.5")),
    "padded codes stay text": (["01", "02", "10"] * 20, None, "multiclass", ("01", "02", "10")),
    "truth values": ([True, False] * 20, None, "binary", (False, True)),
    "decimals": ([f"{i}.5" for i in range(40)], None, "regression", ()),
    "decimal commas": ([f"{i},5" for i in range(40)], None, "regression", ()),
    "many whole numbers": ([str(i % 29) for i in range(400)], None, "regression", ()),
    "few whole numbers on request": (["3", "4", "5"] * 20, "regression", "regression", ()),
    "many whole numbers on request": (
        [str(i % 29) for i in range(290)],
        "classification",
        "multiclass",
        tuple(range(29)),
    ),
}


@pytest.mark.parametrize(("cells", "asked", "task", "classes"), TARGETS.values(), ids=TARGETS)
def test_task_and_classes(cells, asked, task, classes):
    found = infer_target(Table(pl.DataFrame({"y": cells})), "y", asked)
    assert (found.task, found.classes) == (task, classes)
    assert [type(label) for label in found.classes] == [type(label) for label in classes]


@pytest.mark.parametrize(
    ("cells", "asked", "message"),
    [
        ([None, "?"] * 20, None, "all 40 values are missing"),
        (["a", None] * 20, None, "every value is 'a'"),
        ([f"name {i}" for i in range(40)], None, "too many to be classes"),
        (["1", "x"] * 20, "regression", "row 2, column 'y': found 'x'; regression"),
        (["a", "b", "c"] * 20, "binary", "there are 3 values"),
        ([True, None, False] * 20, "regression", "row 1, column 'y': found True; regression"),
        ([[1], [2]] * 20, "regression", r"row 1, column 'y': found shape: .1,. Series: '' .i64. \[ 1 \]; regression"),
        ([*(str(i % 29) for i in range(400)), "x"], None, "row 401, column 'y': found 'x' .* ask for classification"),
        ([*(str(i % 5) for i in range(400)), "-inf"], None, "row 401, column 'y': found '-inf' where 99.8% "),
        (["a", "b"] * 20, "ranking", "task must be one of"),
    ],
)
def test_targets_that_cannot_be_learnt(cells, asked, message):
    with pytest.raises(TableError, match=message):
        infer_target(Table(pl.DataFrame({"y": cells})), "y", asked)


# Target and task, and the columns that are not plain numbers or categories, as the tables' README describes them.
PUBLIC = {
    "adult-train.csv.gz": ("income", "binary", {}),
    "adult-test.csv.gz": ("income", "binary", {}),
    "covertype-20k.csv.gz": ("Cover_Type", "multiclass", {"Soil_Type15": "constant"}),
    "car-evaluation.csv": ("class", "multiclass", {"doors": "categorical", "persons": "categorical"}),
    "titanic.csv": (
        "Survived",
        "binary",
        {"PassengerId": "identifier", "Name": "identifier", "Ticket": "text", "Cabin": "text", "Pclass": "categorical"},
    ),
    "penguins.csv": ("species", "multiclass", {"island": "categorical", "sex": "categorical"}),
    "pima-diabetes.csv": ("class", "binary", {}),
    "ionosphere.csv": ("class", "binary", {"V1": "boolean", "V2": "constant"}),
    "banknote.csv": ("class", "binary", {}),
    "wine-quality-red.csv": ("quality", "multiclass", {}),
    "wine-quality-white.csv": ("quality", "multiclass", {}),
    "german-credit.csv": ("class", "binary", {"purpose": "categorical", "foreign_worker": "boolean"}),
    "dry-bean.csv.gz": ("Class", "multiclass", {}),
    "htru2.csv.gz": ("class", "binary", {}),
    "pendigits.csv": ("class", "multiclass", {}),
    "segment.csv": ("class", "multiclass", {"region-pixel-count": "constant"}),
    "vehicle.csv": ("Class", "multiclass", {}),
    "breast-cancer.csv": (
        "class",
        "binary",
        {"age": "categorical", "tumor-size": "categorical", "irradiat": "boolean"},
    ),
    "horse-colic.csv": ("surgical_lesion", "binary", {"hospital_number": "identifier", "pain": "categorical"}),
    "heart-cleveland.csv": ("num", "binary", {"fbs": "boolean", "thal": "categorical"}),
    "phoneme.csv": ("class", "binary", {}),
    "california-housing.csv.gz": ("median_house_value", "regression", {"ocean_proximity": "categorical"}),
    "concrete.csv": ("strength", "regression", {"age": "numeric"}),
    "airfoil.csv": ("sound_pressure_level", "regression", {}),
    "yacht.csv": ("residuary_resistance", "regression", {}),
    "auto-mpg.csv": ("mpg", "regression", {"origin": "categorical", "name": "text"}),
    "abalone.csv": ("rings", "regression", {"sex": "categorical"}),
    "kin8nm.csv.gz": ("y", "regression", {}),
    "auto-imports.csv": ("price", "regression", {"make": "categorical", "num-of-doors": "categorical"}),
}


@pytest.mark.skipif("CHAINRULE_DATA" not in os.environ, reason="CHAINRULE_DATA is not set: no public tables")
@pytest.mark.parametrize(("file", "expected"), PUBLIC.items(), ids=PUBLIC)
def test_public_tables(file, expected):
    target, task, kinds = expected
    table = read_table(Path(os.environ["CHAINRULE_DATA"]) / file)
    assert infer_target(table, target, None).task == task
    found = {name: infer_column(table, name).kind for name in table.names if name != target}
    assert {name: found[name] for name in kinds} == kinds
    odd = {name for name, kind in found.items() if kind in ("constant", "identifier", "text", "datetime")}
    assert odd == {name for name, kind in kinds.items() if kind in ("constant", "identifier", "text", "datetime")}
