"""`chainrule train`: what it learns, tells, saves and refuses to overwrite."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

import chainrule
from chainrule.cli.files import default_model
from chainrule.estimators import MLPClassifier
from chainrule.tables import TableModel, read_table
from tests.command import PENGUINS, QUICK, data, run


def test_penguins_with_the_defaults(here):
    scores = [data("train", PENGUINS, "--target", "species", "--seed", seed)["test"]["score"] for seed in range(5)]
    assert np.mean(scores) >= 0.97


def test_everything_is_told(here):
    result = run("train", PENGUINS, "-t", "species", *QUICK, "--drop", "sex", "--drop", "island")
    assert result.exit_code == 0
    model = chainrule.load(here / "penguins.model.safetensors")
    found = TableModel.fit(
        read_table(PENGUINS), "species", hidden_layer_sizes=(6,), drop=["sex", "island"],
        estimator_params={"alpha": 1.0, "max_iter": 15},
    ).evaluation  # fmt: skip
    told = result.stdout
    assert "3 classes" in told
    assert "275 to train, 69 for test" in told
    assert "dropped as asked" in told
    assert "asked for" in told
    assert f"{100 * found.score:.1f} %" in told
    assert f"{100 * found.baseline:.1f} %" in told
    assert "penguins.model.safetensors" in told
    assert model.schema.target.name == "species"
    assert model.estimator.network_.widths == (4, 6, 3)
    assert "iteration 15 of at most 15" in result.stderr


def test_json_is_all_there_is_on_stdout_and_true(here):
    result = run("train", PENGUINS, "-t", "species", *QUICK, "--json")
    told = json.loads(result.stdout)
    model = chainrule.load(told["model"])
    again = model.evaluate(read_table(PENGUINS).take(model.test_rows))
    assert result.stderr == ""
    assert told["test"]["score"] == again.score
    assert told["test"]["confusion"] == again.confusion.tolist()
    assert told["loss_curve"] == model.estimator.loss_curve_
    assert told["sizes"] == {"train": 275, "validation": 0, "test": 69}
    assert told["interrupted"] is False


def test_options_reach_the_estimator(here):
    run(
        "train", PENGUINS, "-t", "species", "--hidden", "7 5", "--activation", "relu", "--solver", "sgd", "--epochs", "3",
        "--learning-rate", "0.05", "--batch-size", "16", "--alpha", "0.5", "--seed", "3", "--threads", "1",
        "--engine", "reference", "--dtype", "float32", "--model", "m.safetensors",
    )  # fmt: skip
    estimator = chainrule.load("m.safetensors").estimator
    asked = {
        "hidden_layer_sizes": (7, 5), "activation": "relu", "solver": "sgd", "max_iter": 3, "learning_rate_init": 0.05,
        "batch_size": 16, "alpha": 0.5, "random_state": 3, "n_threads": 1, "engine": "reference", "dtype": "float32",
    }  # fmt: skip
    found = estimator.get_params()
    assert {name: tuple(found[name]) if name == "hidden_layer_sizes" else found[name] for name in asked} == asked
    assert estimator.engine_ == "reference"


def test_a_learning_rate_asks_for_a_solver_that_has_one(here):
    told = data("train", PENGUINS, "-t", "species", "--learning-rate", "0.01", "--epochs", "2")
    assert {entry["name"]: entry["value"] for entry in told["settings"]}["solver"] == "adam"


def test_regression_shows_error_quantiles(here):
    result = run("train", PENGUINS, "-t", "body_mass_g", *QUICK, "--no-progress")
    assert result.exit_code == 0
    assert "regression" in result.stdout
    assert "absolute error of at most" in result.stdout
    assert "have no value of 'body_mass_g'" in result.stderr
    assert "iteration" not in result.stderr


def test_numbers_taken_for_classes_are_pointed_out(here):
    rows = "".join(f"{i * 7 % 13}.5,{i % 4}\n" for i in range(60))
    (here / "t.csv").write_text(f"x,y\n{rows}")
    assert "--task regression" in run("train", "t.csv", "-t", "y", *QUICK).stdout
    assert data("train", "t.csv", "-t", "y", *QUICK, "--task", "regression")["task"] == "regression"


def test_a_model_no_better_than_the_baseline_is_pointed_out(here):
    rows = "".join(f"{i * 37 % 101}.5,{'ab'[i // 3 % 5 == 0]}\n" for i in range(200))
    (here / "t.csv").write_text(f"x,y\n{rows}")
    (told,) = [line for line in run("train", "t.csv", "-t", "y", "--epochs", "1").stderr.splitlines() if "Note" in line]
    assert "no better than always a" in told
    assert "try more epochs, a smaller alpha" in told


def test_a_loss_that_rose_is_pointed_out(here):
    arguments = ("train", PENGUINS, "-t", "species", "--hidden", "8", "--solver", "sgd", "--learning-rate", "30")
    result = run(*arguments, "--epochs", "4")
    curve = chainrule.load(here / "penguins.model.safetensors").estimator.loss_curve_
    assert np.isfinite(curve).all()
    assert curve[-1] > 10 * curve[0]
    (told,) = [line for line in result.stderr.splitlines() if "Note" in line]
    assert f"the loss rose from {curve[0]:.4g} to {curve[-1]:.4g}" in told
    assert "smaller learning rate (now 30)" in told


def test_a_divergence_is_told_once(here):
    arguments = ("train", PENGUINS, "-t", "species", "--hidden", "8", "--solver", "sgd", "--learning-rate", "300")
    assert run(*arguments, "--epochs", "15").stderr.count("non-finite") == 1


def test_no_test_rows_no_test_score(here):
    told = data("train", PENGUINS, "-t", "species", *QUICK, "--test-fraction", "0")
    assert told["test"] is None
    assert told["sizes"]["test"] == 0


def test_an_earlier_model_is_replaced_and_said_so(here):
    first = run("train", PENGUINS, "-t", "species", *QUICK)
    second = run("train", PENGUINS, "-t", "species", *QUICK)
    assert "replacing" not in first.stdout
    assert "replacing an earlier one" in second.stdout


def test_force_overwrites_what_is_no_model(here):
    (here / "notes.txt").write_text("precious")
    assert run("train", PENGUINS, "-t", "species", *QUICK, "--model", "notes.txt").exit_code == 1
    assert (here / "notes.txt").read_text() == "precious"
    assert run("train", PENGUINS, "-t", "species", *QUICK, "--model", "notes.txt", "--force").exit_code == 0
    assert isinstance(chainrule.load("notes.txt").estimator, MLPClassifier)


@pytest.mark.parametrize(
    ("table", "model"),
    [
        ("/data/penguins.csv", "penguins"),
        ("adult-train.csv.gz", "adult-train"),
        ("A.Parquet", "A"),
        ("plain", "plain"),
        (".csv", "table"),
    ],
)
def test_the_model_is_named_after_the_table(table, model, tmp_path):
    assert str(default_model(tmp_path / table)) == f"{model}.model.safetensors"


def test_ctrl_c_keeps_the_model_so_far(here, monkeypatch):
    from chainrule.cli.progress import Silent

    class Impatient(Silent):
        """Presses Ctrl-C after the third epoch."""

        def epoch(self, record):
            if record.number == 3:
                raise KeyboardInterrupt

    monkeypatch.setattr("chainrule.cli.training.watcher", lambda *_: Impatient())
    result = run("train", PENGUINS, "-t", "species", "--solver", "adam", "--epochs", "50")
    assert result.exit_code == 130
    assert "interrupted" in result.stderr
    assert "Model saved" in result.stdout
    assert chainrule.load("penguins.model.safetensors").estimator.n_iter_ == 3


def test_ctrl_c_before_the_first_epoch_saves_nothing(here, monkeypatch):
    def impatient(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("chainrule.cli.training.show_plan", impatient)
    result = run("train", PENGUINS, "-t", "species")
    assert result.exit_code == 130
    assert "nothing was saved" in result.stderr
    assert list(here.iterdir()) == []


def test_divergence_at_once_saves_nothing(here):
    result = run("train", PENGUINS, "-t", "species", "--learning-rate", "1e30", "--no-progress")
    assert result.exit_code == 1
    assert "learning rate 1e+30" in result.stderr
    assert list(here.iterdir()) == []


def test_warnings_become_notes(here, monkeypatch):
    fit = TableModel.fit.__func__

    def warning(cls, *arguments, **options):
        warnings.warn("the moon is full", UserWarning, stacklevel=2)
        return fit(cls, *arguments, **options)

    monkeypatch.setattr(TableModel, "fit", classmethod(warning))
    result = run("train", PENGUINS, "-t", "species", *QUICK, "--no-progress")
    assert result.stderr == "Note: the moon is full\n"
