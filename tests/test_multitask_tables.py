"""`MLPMultiTask` and tables: predictions come back as the targets came, and what is refused names its place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, r2_score

from chainrule import MLPMultiTask, Quantile
from tests.targets_of_kinds import FRAME, LEARNS, NAMES, QUICK, SIZES, WIDTH, X, y

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
TABLES = {
    "pandas": pd.DataFrame(
        {
            "a": pd.Series(pd.Categorical(SIZES, ["S", "M", "L", "XL"], ordered=True)),
            "b": pd.Series(WIDTH.astype(np.float32)),
            "c": pd.Series(X[:, 0] > 0, dtype="boolean"),
            "d": pd.Series(NAMES, dtype="string"),
            "e": pd.Series(WIDTH, dtype="Float64"),
            ("f", 1): pd.Series(NAMES.astype(object), dtype=object),
        }
    ),
    "polars": pl.DataFrame(
        {
            "a": pl.Series(SIZES, dtype=pl.Enum(["S", "M", "L", "XL"])),
            "b": pl.Series(WIDTH, dtype=pl.Float32),
            "c": pl.Series(X[:, 0] > 0),
            "d": pl.Series(NAMES, dtype=pl.Categorical),
            "e": pl.Series(NAMES),
        }
    ),
    "objects": FRAME.to_numpy(object),
    "numbers": np.stack([WIDTH, X[:, 0]], axis=1).astype(np.float32),
    "text": np.stack([NAMES, SIZES], axis=1),
}


def types_of(table):
    if isinstance(table, pd.DataFrame):
        return list(table.dtypes), list(table.columns)
    return (table.schema, None) if isinstance(table, pl.DataFrame) else (table.dtype, table.shape[1])


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("way", ["fit", "partial_fit"])
def test_predictions_are_a_table_like_the_targets(table, way):
    model = MLPMultiTask(**LEARNS)
    if way == "fit":
        model.fit(X, table)
    else:
        known = [
            None if task.kind == "number" else task.classes
            for task in clone(model).set_params(max_iter=1).fit(X, table).tasks_
        ]
        for _ in range(150):
            model.partial_fit(X, table, classes=known)
    predicted = model.predict(X)
    assert type(predicted) is type(table) and types_of(predicted) == types_of(table)
    assert model.score(X, table) > 0.9
    assert model.score(X, predicted) == pytest.approx(1.0)


def test_columns_of_whole_numbers_are_numbers_unless_said_otherwise():
    table = pd.DataFrame({"code": y, "count": (WIDTH / 100).astype(int), "nullable": pd.Series(y, dtype="Int64")})
    model = MLPMultiTask(tasks={"code": "class", "nullable": "class"}, **LEARNS).fit(X, table)
    predicted = model.predict(pd.DataFrame(X, index=np.arange(150) + 7))
    assert [task.kind for task in model.tasks_] == ["class", "number", "class"]
    assert [str(one) for one in predicted.dtypes] == ["int64", "float64", "Int64"]
    assert list(predicted.index) == list(range(7, 157))
    proba = model.predict_proba(X)
    assert proba[1] is None and model.classes_[1] is None
    np.testing.assert_array_equal(proba[0].argmax(axis=1), predicted["code"])


def test_a_list_of_rows_and_one_column_alone():
    rows = [[str(name), float(width)] for name, width in zip(NAMES, WIDTH, strict=True)]
    model = MLPMultiTask(**LEARNS).fit(X, rows)
    assert model.predict(X).dtype == object and type(model.predict(X)[0, 0]) is str and model.score(X, rows) > 0.9
    alone = MLPMultiTask(**LEARNS).fit(X, list(NAMES))
    assert alone.predict(X).shape == (150,) and alone.score(X, NAMES) == accuracy_score(NAMES, alone.predict(X))


def test_columns_are_found_by_name_and_libraries_may_change():
    model = MLPMultiTask(**QUICK).fit(X, FRAME)
    expected = model.score(X, FRAME)
    assert model.score(X, FRAME[["long", "species", "width"]]) == expected
    assert model.score(X, pl.from_pandas(FRAME)) == expected == model.score(X, FRAME.to_numpy(object))
    accuracy = [accuracy_score(FRAME[name], model.predict(X)[name]) for name in ("species", "long")]
    assert expected == pytest.approx(np.mean([*accuracy, r2_score(WIDTH, model.predict(X)["width"])]))
    assert list(model.scores(X, FRAME)) == ["species", "width", "long"]


def with_value(column, row, value):
    changed = FRAME.astype(object)
    changed.loc[row, column] = value
    return (
        changed
        if column != "width" or value is not None
        else FRAME.assign(width=FRAME["width"].where(FRAME.index != row))
    )


REFUSED = {
    "missing number": ({}, with_value("width", 7, None), r"y, row 7 \(counted from 0\), column 'width': the value is missing"),
    "missing in polars": ({}, pl.DataFrame({"a": [1.0, None] * 75}), "row 1 .*column 'a': the value is missing"),
    "nan in an array": ({}, np.where(np.arange(300) == 9, np.nan, 1.0).reshape(150, 2), "row 4 .*column 1: .*missing"),
    "infinite": ({}, FRAME.assign(width=np.inf), "row 0 .*column 'width': found inf"),
    "missing class": ({}, with_value("species", 3, None), "row 3 .*column 'species': the value is missing"),
    "mixed": ({}, with_value("species", 5, 1.5), "row 5 .*column 'species': found 1.5, but row 0 holds 'setosa'"),
    "dates": ({}, pd.DataFrame({"when": pd.date_range("2020", periods=150)}), "column 'when': found Timestamp"),
    "same names": ({}, pd.concat([FRAME, FRAME], axis=1), "names of the columns must be different"),
    "text as number": ({"tasks": {"species": "number"}}, FRAME, "'species' is said to be 'number', but it holds text, 'setosa'"),
    "unknown task": ({"tasks": ["class", "ordinal", "class"]}, FRAME, "column 'width' must be 'class', 'number' or 'auto'"),
    "unknown word": ({"tasks": "numbers"}, FRAME, "column 'species' must be 'class', 'number' or 'auto'"),
    "unknown column": ({"tasks": {"hight": "number"}}, FRAME, r"tasks names \['hight'\], but the columns of y are"),
    "too few weights": ({"loss_weights": [1.0, 2.0]}, FRAME, "loss_weights, as a list, needs one entry for each of the 3"),
    "negative weight": ({"loss_weights": {"long": -1.0}}, FRAME, "column 'long' of y: Head: weight must be"),
    "loss for numbers": ({"losses": {"species": "poisson"}}, FRAME, "'species' of y: loss 'poisson' is not for a class column"),
    "loss for classes": ({"losses": {"width": "hinge"}}, FRAME, "'width' of y: loss 'hinge' is not for a number column"),
    "several levels": ({"losses": {"width": Quantile((0.1, 0.9))}}, FRAME, "'width' of y: Head: .*each level a head"),
    "unknown loss": ({"losses": ["hing", None, None]}, FRAME, "'species' of y: unknown loss 'hing'"),
    "negative poisson": ({"losses": {"width": "poisson"}}, FRAME.assign(width=X[:, 3]), "column 'width': .*needs numbers >= 0"),
    "class weight": ({"class_weight": {"width": "balanced"}}, FRAME, "column 'width', but it is a column of numbers"),
    "other word": ({"class_weight": "equal"}, FRAME, "class_weight of column 'species' must be a dict"),
    "nothing": ({}, None, "requires y to be passed"),
    "ragged": ({}, [[1, 2], [3]], "rows of equal length"),
    "other length": ({}, FRAME.iloc[:9], "inconsistent numbers of samples"),
}  # fmt: skip


@pytest.mark.parametrize("options, table, message", REFUSED.values(), ids=REFUSED)
def test_refusals_name_the_place(options, table, message):
    model = MLPMultiTask(**options, **QUICK)
    with pytest.raises(ValueError, match=message):
        model.fit(X, table)
    assert not hasattr(model, "tasks_")


def test_later_tables_must_fit_the_first():
    model = MLPMultiTask(**QUICK).fit(X, FRAME)
    with pytest.raises(ValueError, match=r"y must have the columns \['species', 'width', 'long'\]"):
        model.partial_fit(X, FRAME.rename(columns={"width": "w"}))
    with pytest.raises(ValueError, match="y must have 3 columns"):
        model.score(X, FRAME.to_numpy(object)[:, :2])
    with pytest.raises(ValueError, match=r"row 0 .*'species': class 'rose' is not among the classes known"):
        model.partial_fit(X, FRAME.assign(species="rose"))
    with pytest.raises(ValueError, match=r"row 0 .*'width': found 'wide'"):
        model.partial_fit(X, FRAME.assign(width="wide"))
    with pytest.raises(ValueError, match=r"y_val, row 2 .*'width': the value is missing"):
        MLPMultiTask(**QUICK).fit(X, FRAME, X_val=X, y_val=FRAME.assign(width=FRAME["width"].where(FRAME.index != 2)))
    with pytest.raises(TypeError, match="no parameter 'loss'"):
        MLPMultiTask(loss="mse")
    with pytest.raises(NotFittedError):
        MLPMultiTask().predict(X)
