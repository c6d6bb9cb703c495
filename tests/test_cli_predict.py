"""`chainrule predict`, `evaluate`, `inspect`, `bench`: what they print is what the model says."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import polars as pl
import pytest

import chainrule
from chainrule.cli.predictions import guarded
from chainrule.cli.results import show_evaluation
from chainrule.estimators import MLPRegressor
from chainrule.files import is_formula
from chainrule.tables import Evaluation, read_table
from tests.command import PENGUINS, QUICK, data, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A classifier of penguins, a regression, and a table with identifiers."""
    folder = tmp_path_factory.mktemp("models")
    lines = PENGUINS.read_text().splitlines()
    numbered = [f"bird_id,{lines[0]}", *(f"P{1000 - i:04},{line}" for i, line in enumerate(lines[1:]))]
    (folder / "numbered.csv").write_text("\n".join(numbered) + "\n")
    for name, target in (("species", "species"), ("mass", "body_mass_g")):
        model = folder / f"{name}.safetensors"
        assert run("train", folder / "numbered.csv", "-t", target, *QUICK, "--model", model).exit_code == 0
    return folder


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_predictions_stand_in_the_order_of_the_input(folder, tmp_path):
    lines = (folder / "numbered.csv").read_text().splitlines()
    order = np.random.default_rng(0).permutation(len(lines) - 1)
    mixed = tmp_path / "mixed.csv"
    mixed.write_text("\n".join([lines[0], *(lines[1 + i] for i in order)]) + "\n")
    found = rows_of(run("predict", folder / "species.safetensors", mixed).stdout)
    model = chainrule.load(folder / "species.safetensors")
    table = read_table(folder / "numbered.csv")
    predicted, probabilities = model.predict(table), model.predict_proba(table)
    assert [row["bird_id"] for row in found] == [f"P{1000 - i:04}" for i in order]
    assert [row["prediction"] for row in found] == predicted[order].tolist()
    for place, name in enumerate(model.classes):
        np.testing.assert_array_equal([float(r[f"probability_{name}"]) for r in found], probabilities[order, place])
    assert list(found[0]) == ["bird_id", "prediction", *(f"probability_{name}" for name in model.classes)]


def test_a_file_holds_what_stdout_would(folder, tmp_path):
    output = tmp_path / "predicted.csv"
    printed = run("predict", folder / "mass.safetensors", PENGUINS)
    written = run("predict", folder / "mass.safetensors", PENGUINS, "--output", output)
    assert output.read_text() == printed.stdout
    assert "344 predictions" in written.stdout
    model = chainrule.load(folder / "mass.safetensors")
    values = [float(row["prediction"]) for row in rows_of(printed.stdout)]
    np.testing.assert_array_equal(values, model.predict(read_table(PENGUINS)))
    assert list(tmp_path.iterdir()) == [output]


def test_all_columns_are_kept_on_request(folder):
    found = rows_of(run("predict", folder / "mass.safetensors", PENGUINS, "--all-columns").stdout)
    assert list(found[0]) == [*PENGUINS.read_text().splitlines()[0].split(","), "prediction"]


def test_a_column_called_prediction_is_not_lost(folder, tmp_path):
    first = tmp_path / "first.csv"
    run("predict", folder / "mass.safetensors", PENGUINS, "--all-columns", "--output", first)
    again = rows_of(run("predict", folder / "mass.safetensors", first, "--all-columns").stdout)
    assert again[0]["prediction_input"] == again[0]["prediction"]


def test_json_predictions(folder):
    told = data("predict", folder / "species.safetensors", folder / "numbered.csv")
    assert told["rows"] == len(told["predictions"]) == 344
    assert told["predictions"][0]["bird_id"] == "P1000"


def test_unseen_categories_are_noted(folder, tmp_path):
    odd = tmp_path / "odd.csv"
    odd.write_text(PENGUINS.read_text().replace("Torgersen", "Atlantis"))
    result = run("predict", folder / "species.safetensors", odd)
    assert result.exit_code == 0
    assert "not seen in training" in result.stderr
    assert "Atlantis" in result.stderr


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-a", "@SUM(A1)", "\t=1", "\r=1", "-inf", "=", "--1", "\0=1", "\t-3.5"]
)
def test_formulas(cell):
    assert is_formula(cell)


@pytest.mark.parametrize("cell", ["-3.5", "+4", "-1e-7", "a=b", "", "'=1", "1-2"])
def test_no_formulas(cell):
    assert not is_formula(cell)


def test_formulas_are_disarmed_in_cells_and_names():
    frame, changed = guarded(
        pl.DataFrame({"=id": ["=1+1", "-3.5", None, "fine", "@x", "\0=1"], "n": [-1.5, 2.0, 3.0, 4.0, 5.0, 6.0]})
    )
    assert changed == 4
    assert frame.columns == ["'=id", "n"]
    assert frame["'=id"].to_list() == ["'=1+1", "-3.5", None, "fine", "'@x", "'\0=1"]
    assert frame["n"].to_list() == [-1.5, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_formulas_are_disarmed_in_the_output_and_said_so(folder, tmp_path):
    table = tmp_path / "evil.csv"
    table.write_text((folder / "numbered.csv").read_text().replace("P1000", "=HYPERLINK(1)"))
    safe = run("predict", folder / "species.safetensors", table)
    raw = run("predict", folder / "species.safetensors", table, "--raw")
    assert rows_of(safe.stdout)[0]["bird_id"] == "'=HYPERLINK(1)"
    assert "1 texts" in safe.stderr
    assert rows_of(raw.stdout)[0]["bird_id"] == "=HYPERLINK(1)"
    assert raw.stderr == ""


def test_evaluate_scores_what_the_model_scores(folder):
    model = chainrule.load(folder / "species.safetensors")
    found = model.evaluate(read_table(PENGUINS))
    told = data("evaluate", folder / "species.safetensors", PENGUINS)
    shown = run("evaluate", folder / "species.safetensors", PENGUINS)
    assert told["score"] == found.score
    assert told["confusion"] == found.confusion.tolist()
    assert f"{100 * found.score:.1f} %" in shown.stdout
    assert f"{100 * found.baseline:.1f} %" in shown.stdout


def test_evaluating_the_training_table_is_pointed_out(folder):
    assert "flatters" in run("evaluate", folder / "species.safetensors", folder / "numbered.csv").stderr
    assert "flatters" not in run("evaluate", folder / "species.safetensors", PENGUINS).stderr


def test_inspect_shows_the_model(folder):
    told = data("inspect", folder / "species.safetensors")
    shown = run("inspect", folder / "species.safetensors")
    model = chainrule.load(folder / "species.safetensors")
    assert told["n_parameters"] == model.estimator.theta_.size
    assert told["schema"]["target"]["name"] == "species"
    assert shown.exit_code == 0
    assert f"{model.estimator.theta_.size:,} parameters" in shown.stdout
    for column in model.schema.columns:
        assert column.name in shown.stdout


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_inspect_shows_bare_estimators_but_predict_needs_a_table(tmp_path):
    x = np.linspace(0, 1, 40).reshape(-1, 1)
    chainrule.save(MLPRegressor(hidden_layer_sizes=(4,), max_iter=2).fit(x, x[:, 0]), tmp_path / "m.safetensors")
    shown = run("inspect", tmp_path / "m.safetensors")
    assert shown.exit_code == 0
    assert "1 inputs → 4 relu → 1 identity; 13 parameters" in shown.stdout
    refused = run("predict", tmp_path / "m.safetensors", PENGUINS)
    assert refused.exit_code == 1
    assert "bare MLPRegressor" in refused.stderr


def test_bench_compares_equal_work():
    result = run("bench", "--rounds", "1", "--threads", "1", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["threads"] == 1
    assert len(told["cells"]) == 6
    for cell in told["cells"]:
        assert cell["agrees"]
        assert cell["ratio"] == pytest.approx(cell["scikit-learn"] / cell["chainrule"])


def test_bench_refuses_times_of_different_results(monkeypatch):
    monkeypatch.setattr(
        "chainrule.cli.benchmark.compare",
        lambda *_: [{"task": "t", "chainrule": 1.0, "scikit-learn": 2.0, "ratio": 2.0, "agrees": False}],
    )
    result = run("bench")
    assert result.exit_code == 1
    assert "RESULTS DIFFER" in result.stdout


def block(text, first):
    """The words of the lines from the one that has that header to the next empty line."""
    lines = text.splitlines()
    start = next(place for place, line in enumerate(lines) if line.strip().startswith(first))
    stop = next((place for place in range(start, len(lines)) if not lines[place].strip()), len(lines))
    return [line.split() for line in lines[start:stop]]


def test_evaluate_and_train_show_the_confusion_matrix(folder, tmp_path):
    shown = run("evaluate", folder / "species.safetensors", PENGUINS)
    found = chainrule.load(folder / "species.safetensors").evaluate(read_table(PENGUINS))
    header, *counts = block(shown.stdout, "true \\ predicted")
    assert header == ["true", "\\", "predicted", *found.labels]
    assert counts == [[name, *map(str, row)] for name, row in zip(found.labels, found.confusion.tolist(), strict=True)]
    trained = run("train", PENGUINS, "-t", "species", *QUICK, "--model", tmp_path / "m")
    held_out = chainrule.load(tmp_path / "m").summary["test"]
    header, *counts = block(trained.stdout, "true \\ predicted")
    parts = zip(held_out["labels"], held_out["confusion"], strict=True)
    assert counts == [[name, *map(str, row)] for name, row in parts]


def test_evaluate_and_train_show_the_quantiles_of_the_error(folder, tmp_path):
    shown = run("evaluate", folder / "mass.safetensors", PENGUINS)
    found = chainrule.load(folder / "mass.safetensors").evaluate(read_table(PENGUINS))
    trained = run("train", PENGUINS, "-t", "body_mass_g", *QUICK, "--model", tmp_path / "m")
    held_out = chainrule.load(tmp_path / "m").summary["test"]["error_quantiles"]
    for output, errors in ((shown.stdout, found.error_quantiles), (trained.stdout, held_out)):
        _, *rows = block(output, "of the rows")
        assert [float(share) / 100 for share, *_ in rows] == pytest.approx([float(share) for share in errors])
        printed = [float(row[-1].replace(",", "")) for row in rows]
        assert printed == pytest.approx(list(errors.values()), rel=6e-4)


def test_many_classes_are_shown_by_what_is_mistaken(capsys):
    """One class of 13 is taken for the next three times, another for the first once."""
    names = tuple(f"class{place:02}" for place in range(13))
    confusion = np.diag(np.full(13, 5))
    confusion[4, 5], confusion[9, 0] = 3, 1
    told = {"task": "multiclass", "score_name": "accuracy", "score": 65 / 69, "baseline_name": "always class00"}
    show_evaluation(Evaluation(**told, baseline=0.1, rows=69, labels=names, confusion=confusion), "Test")
    header, *rows = block(capsys.readouterr().out, "most mistaken")
    assert header == ["most", "mistaken", "for", "times"]
    assert rows == [["class04", "class05", "3"], ["class09", "class00", "1"]]
