"""The verifier rejects doctored documents, names the row, and accepts the honest one; cases are in tests/tampering/."""

from __future__ import annotations

import json
import warnings
from contextlib import suppress
from copy import deepcopy

import polars as pl
import pytest
from sklearn.exceptions import ConvergenceWarning

from chainrule.estimators import MLPClassifier
from chainrule.trace import Trace, trace_estimator, verify
from tests.command import PENGUINS
from tests.tampering.make_honest import HONEST, document

TEXT = HONEST.read_text(encoding="utf-8")
CASES = json.loads((HONEST.parent / "cases.json").read_text(encoding="utf-8"))


def place(rows, name):
    return next(at for at, row in enumerate(rows) if row["id"] == name)


def put(holder, path, value):
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value


def changed(row, edit):
    """The new value of a field of a row."""
    path, value = edit.get("field", ["value"]), row
    for step in path:
        value = value[step]
    ways = {
        "to": lambda: edit["to"],
        "times": lambda: value * edit["times"],
        "plus": lambda: value + edit["plus"],
        "round": lambda: round(value, edit["round"]),
    }
    put(row, path, next(way() for name, way in ways.items() if name in edit))


def doctored(case, text=TEXT):
    """The document after the edits of a case."""
    data = json.loads(text)
    rows = data["rows"]
    for edit in case["edits"]:
        if "header" in edit:
            put(data["header"], edit["header"], edit["to"])
        elif "remove" in edit:
            del rows[place(rows, edit["remove"])]
        elif "copy" in edit:
            at = place(rows, edit["copy"])
            rows.insert(at + 1, {**deepcopy(rows[at]), "id": edit["as"]})
        elif "move" in edit:
            row = rows.pop(place(rows, edit["move"]))
            rows.insert(place(rows, edit["before"]), row)
        elif "reverse" in edit:
            rows[place(rows, edit["row"])][edit["reverse"]].reverse()
        else:
            changed(rows[place(rows, edit["row"])], edit)
    assert data != json.loads(text), "the case changes nothing"
    return json.dumps(data)


def test_the_honest_document_is_accepted():
    report = verify(TEXT)
    assert report.ok and report.complete, str(report)
    assert str(report).startswith("verified")


def test_the_honest_document_is_what_is_written_today():
    then, now = Trace.from_json(TEXT), Trace.from_json(document())
    assert now.header == then.header
    assert [(row.id, row.operation, row.parents) for row in now.rows] == [
        (row.id, row.operation, row.parents) for row in then.rows
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_doctored_documents_are_rejected(case):
    text = doctored(case)
    report = verify(text)
    assert not report.ok
    assert set(case["blamed"]) <= {failure.row for failure in report.failures}, str(report)
    assert str(report).startswith("rejected")
    assert not Trace.from_json(text).verify().ok


@pytest.fixture(scope="module", params=["unit", "layer"])
def trained(request):
    """The explanation of a row of penguins by a trained network: all gradients checked, or a sample of them."""
    frame = pl.read_csv(PENGUINS, null_values=["NA", ""]).drop_nulls()
    X = frame.select(pl.col(pl.Float64, pl.Int64)).to_numpy().astype(float)
    X, y = (X - X.mean(axis=0)) / X.std(axis=0), frame["species"].to_numpy()
    model = MLPClassifier((5,), activation="tanh", solver="adam", alpha=0.01, max_iter=20, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    found = trace_estimator(model, X[:1], y[:1], level=request.param)
    assert found.level == request.param
    assert (len(found.header.check["places"]) < found.header.n_trained) == (request.param == "layer")
    return found.to_json()


def applicable(text):
    """Cases whose rows the document has and which change something there, with what becomes of it."""
    found = {}
    for case in CASES:
        with suppress(StopIteration, LookupError, TypeError, AssertionError):
            found[case["name"]] = doctored(case, text)
    return found


def test_doctored_explanations_of_a_trained_network_are_rejected(trained):
    assert verify(trained).ok
    tried = applicable(trained)
    assert len(tried) >= (38 if json.loads(trained)["header"]["level"] == "unit" else 20), sorted(tried)
    assert [name for name, text in tried.items() if verify(text).ok] == []


def test_there_are_many_kinds():
    assert len({case["name"] for case in CASES}) >= 40


def test_no_number_can_be_changed():
    """Every number of the document, one after the other: no row of 300 may be changed by a millionth unnoticed."""
    data, unnoticed = json.loads(TEXT), []
    for row in data["rows"]:
        for path in paths(row["value"]):
            kept = deepcopy(row["value"])
            value = at(row["value"], path)
            new = value * (1 + 1e-6) + 1e-9
            row["value"] = new if not path else row["value"]
            if path:
                put(row["value"], path, new)
            if verify(json.dumps(data)).ok:
                unnoticed.append((row["id"], path))
            row["value"] = kept
    assert unnoticed == []


def paths(value, before=()):
    """Paths to some numbers of a value: the corners."""
    if not isinstance(value, list):
        return [before]
    return [path for step in sorted({0, len(value) - 1}) for path in paths(value[step], (*before, step))][:2]


def at(value, path):
    for step in path:
        value = value[step]
    return value


MALFORMED = {
    "not JSON": ("{", "not JSON"),
    "a list": ("[]", "not a trace"),
    "another format": ('{"format": "x"}', "not a trace"),
    "another version": ('{"format": "chainrule-trace", "version": 2}', "version 2"),
    "no rows": ('{"format": "chainrule-trace", "version": 1, "header": {}}', "rows"),
    "no header": ('{"format": "chainrule-trace", "version": 1, "rows": []}', "header"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_document(name):
    text, words = MALFORMED[name]
    with pytest.raises(ValueError, match=words):
        verify(text)


BROKEN = {
    "a field is missing": (["rows", 3, "parents"], None, r"rows\[3\]"),
    "a word for a number": (["rows", 0, "value"], "many", r"rows\[0\]"),
    "truth for a number": (["rows", 0, "value"], True, r"rows\[0\]"),
    "a ragged array": (["rows", 0, "value"], [[1.0], [1.0, 2.0]], r"rows\[0\]"),
    "stored numbers too few": (["rows", 0, "value"], {"shape": [5], "float64": ""}, "0 numbers"),
    "stored numbers no base64": (["rows", 0, "value"], {"shape": [1], "float64": "!"}, r"rows\[0\]"),
    "a place that is a word": (["rows", 9, "quantity", "layer"], "0", r"rows\[9\]\.quantity"),
    "an unknown field": (["header", "extra"], 1, "extra"),
    "rows in words": (["header", "rows"], "2", r"header\.rows"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_documents(name):
    path, value, words = BROKEN[name]
    data = json.loads(TEXT)
    if value is None:
        del at(data, path[:-1])[path[-1]]
    else:
        put(data, path, value)
    with pytest.raises(ValueError, match=words):
        verify(json.dumps(data))
