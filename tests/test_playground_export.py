"""What is kept of a run: code that does it again to the bit, models, points, logs."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest

import chainrule
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.playground import Session, Setup, Source
from chainrule.playground.keeping.numpy_code import EXPRESSIONS, FORMULAS
from chainrule.playground.settings.features import FEATURES, apply

BASE = {"data": {"n": 80}, "network": {"layers": [{"units": 3, "activation": "relu"}]}}
SETUPS = {
    "default": {},
    "regression": {
        "data": {"name": "bumps", "n": 100, "noise": 0.1, "train": 0.7},
        "training": {"solver": "adam", "learning_rate": 0.01},
    },
    "classes": {
        "data": {"name": "three", "n": 90, "noise": 0.2},
        "network": {"layers": [{"units": 4, "batch_norm": True}]},
    },
    "features": {
        "data": {"n": 100, "scale": True},
        "network": {"features": ["x1^2", "x1*x2", "sin(x2)"], "initializer": {"name": "normal", "std": 0.2}},
    },
    "schedule": {
        "training": {"schedule": {"name": "one_cycle", "epochs": 25}, "learning_rate": 0.2, "l1": 0.001},
        "run": {"dtype": "float32"},
    },
    "dropout": {
        "network": {"layers": [{"units": 8, "activation": "silu", "dropout": 0.4}], "input_dropout": 0.1},
        "training": {"alpha": 0.1, "shuffle": False},
    },
    "adaptive": {"training": {"schedule": {"name": "adaptive"}, "learning_rate": 0.5}, "data": {"name": "xor"}},
    "lbfgs": {"training": {"solver": "lbfgs", "alpha": 0.01}},
    "line": {"data": {"name": "stair", "n": 60}, "network": {"loss": {"name": "huber", "delta": 0.3}}},
    "quantiles": {
        "data": {"name": "sine", "noise": 0.3},
        "network": {"loss": {"name": "quantile", "levels": [0.1, 0.5, 0.9]}},
    },
    "points": {"data": {"source": "points", "points": [[x / 7, (x * x % 11) / 5, x % 3] for x in range(40)]}},
    "signed": {"network": {"loss": "squared_error", "output": "tanh"}, "data": {"train": 1.0}},
    "reference": {"run": {"engine": "reference"}, "data": {"n": 40}},
}


def executed(code, **names):
    space = {"__name__": "replayed", **names}
    exec(compile(code, "replayed.py", "exec"), space)
    return space


@pytest.mark.parametrize("name", SETUPS)
def test_code_does_the_run_again(name, capsys):
    setup, _ = Setup.from_plain({**BASE, **SETUPS[name]} if name != "default" else {})
    one = Session(setup)
    one.advance(21)
    found = executed(one.do("export", {"kind": "code"})["text"])["theta"]
    np.testing.assert_array_equal(found, one.run.learner.theta)
    assert found.dtype == one.run.learner.theta.dtype and "loss on the rows" in capsys.readouterr().out


def test_code_with_changes_and_edits():
    one, _ = Session.open(BASE)
    one.advance(5)
    one.change({"training.learning_rate": 0.1, "training.solver": {"name": "adam", "beta_1": 0.8}})
    one.advance(6)
    one.edit("weight", 0, 2, -1.25, source=1)
    one.edit("bias", 1, 0, 0.5)
    one.advance(3)
    one.change(
        {"network.layers": [{"units": 5, "activation": "tanh"}, {"units": 2}], "network.features": ["x1", "x2", "x1^2"]}
    )
    one.advance(4)
    one.change({"run.dtype": "float32", "training.batch_size": 7})
    one.advance(2)
    code = one.do("export", {"kind": "code"})["text"]
    assert "playground import" not in code
    np.testing.assert_array_equal(executed(code)["theta"], one.run.learner.theta)
    log = one.do("export", {"kind": "log"})["text"]
    assert "weight of layer 1, unit 3, from 2 set to -1.25" in log and log.startswith("epoch,objective,train")


def test_code_of_steps_within_an_epoch():
    one, _ = Session.open(BASE)
    one.advance(3)
    for what in ("batch", "batch", "sample"):
        one.step(what)
    one.change({"training.learning_rate": 0.2})
    one.advance(4)
    one.step("batch")
    code = one.do("export", {"kind": "code"})["text"]
    np.testing.assert_array_equal(executed(code)["theta"], one.run.learner.theta)


def test_code_of_a_shared_link():
    one, _ = Session.open(
        "playground.tensorflow.org/#batchSize=7&dataset=xor&networkShape=3&regularization=L1&regularizationRate=0.01&seed=0.2"
    )
    one.advance(9)
    np.testing.assert_array_equal(executed(one.do("export", {"kind": "code"})["text"])["theta"], one.run.learner.theta)


def table(rows=120, seed=0):
    rng = np.random.default_rng(seed)
    lines = ["size,kind,=weird,y"]
    for _ in range(rows):
        size, kind, odd = rng.normal(5, 2), rng.choice(["a", "b", "+c"]), rng.integers(100, 900)
        lines.append(f"{size:.3f},{kind},{odd},{2 * size + (kind == 'a') + rng.normal():.4f}")
    return "\n".join(lines).encode()


def test_code_model_and_points_of_a_table(tmp_path, monkeypatch):
    file = tmp_path / "mine.csv"
    file.write_bytes(table())
    one = Session(source=Source.from_path(file))
    one.change({"training.solver": "adam", "training.learning_rate": 0.01})
    one.advance(15)
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(executed(one.do("export", {"kind": "code"})["text"])["theta"], one.run.learner.theta)
    kept = one.do("export", {"kind": "model"})
    (tmp_path / "m").write_bytes(kept["bytes"])
    model = chainrule.load(tmp_path / "m")
    predicted = model.predict(chainrule.read_table(file))
    outputs = one.built.in_units(one.run.engine.predict(one.built.network, one.run.learner.theta, one.built.X))
    np.testing.assert_allclose(predicted, outputs[:, 0], rtol=1e-12)
    rows = list(csv.reader(io.StringIO(one.do("export", {"kind": "points"})["text"])))
    assert len(rows) == 121 and not [cell for row in rows for cell in row if cell[:1] in "=@\t" and cell]
    assert any(cell.startswith("'=weird") for cell in rows[0])


def test_a_model_of_a_table_tells_its_training(tmp_path):
    lines = table().decode().splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ","  # a row without a target
    one = Session(source=Source.from_bytes("\n".join(lines).encode(), "mine.csv"))
    one.advance(15)
    one.change({"training.learning_rate": 0.02})
    one.advance(15)
    (tmp_path / "m").write_bytes(one.do("export", {"kind": "model"})["bytes"])
    model = chainrule.load(tmp_path / "m")
    told = model.summary
    assert (told["table"], told["rows"], told["epochs"], model.estimator.n_iter_) == ("mine.csv", 120, 30, 30)
    assert told["sizes"] == {"train": len(one.data.train), "validation": 0, "test": len(one.data.test)}
    settings = {setting["name"]: setting["value"] for setting in told["settings"]}
    assert settings["learning_rate_init"] == 0.02 and "changed" in told["notes"][-1]
    # The rows held out are named as rows of the file, and score as they did on the page.
    assert 2 not in model.test_rows and max(model.test_rows) > len(one.data.y) - 10
    held = model.evaluate(one.source.table.take(model.test_rows))
    assert held.rows == len(one.data.test) and held.score == pytest.approx(one.judged().test_score, rel=1e-9)
    assert told["test"]["score"] == held.score
    assert model.estimator.loss_curve_ == [pytest.approx(one.judged().train)]


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_code_of_arrays_and_models_takes_them_again():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = X @ [1.0, -2.0, 0.5]
    model = chainrule.MLPRegressor(hidden_layer_sizes=(4,), max_iter=20, random_state=0).fit(X, y)
    for source in (Source.from_arrays(X, y), Source.from_model(model, X, y), Source.from_model(model)):
        one = Session(source=source)
        one.advance(5)
        code = one.do("export", {"kind": "code"})["text"]
        bare = source.given == "a model" and len(source.X) == 500
        names = {"model": model, "X": None if bare else X, "y": None if bare else y}
        np.testing.assert_array_equal(executed(code, **names)["theta"], one.run.learner.theta)
    with pytest.raises(AssertionError, match="other data"):
        executed(Session(source=Source.from_arrays(X, y)).do("export", {"kind": "code"})["text"], X=X + 1, y=y)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("name", ["default", "classes", "features", "regression", "line", "dropout", "points"])
def test_model_files_predict_the_same(name, tmp_path):
    setup, _ = Setup.from_plain({**BASE, **SETUPS[name]})
    one = Session(setup)
    one.advance(10)
    (tmp_path / "m").write_bytes(one.do("export", {"kind": "model"})["bytes"])
    model = chainrule.load(tmp_path / "m")
    X = apply(one.built.features, one.data.X)
    outputs = one.run.engine.predict(one.built.network, one.run.learner.theta, one.built.X)
    if one.data.classes:
        codes = [one.data.classes.index(str(label)) for label in model.predict(X)]
        np.testing.assert_array_equal(codes, one.built.decided(outputs))
        shown = outputs if outputs.shape[1] > 1 else np.hstack([1 - outputs, outputs])
        np.testing.assert_allclose(model.predict_proba(X), shown, atol=1e-9)
    else:
        np.testing.assert_allclose(model.predict(X), one.built.in_units(outputs)[:, 0], atol=1e-9)
    truth = np.array([int(one.data.classes[code]) for code in one.data.y]) if one.data.classes else one.data.y
    model.set_params(max_iter=3).fit(X, truth)  # as any other


def test_no_model_where_there_is_no_estimator():
    one, _ = Session.open(SETUPS["signed"])
    with pytest.raises(ValueError, match="no estimator"):
        one.do("export", {"kind": "model"})


@pytest.mark.parametrize("name", ["default", "classes", "features", "quantiles", "dropout"])
def test_numpy_code_predicts_the_same(name):
    setup, _ = Setup.from_plain({**BASE, **SETUPS[name]})
    one = Session(setup)
    one.advance(5)
    space = executed(one.do("export", {"kind": "numpy"})["text"])
    expected = one.built.in_units(one.run.engine.predict(one.built.network, one.run.learner.theta, one.built.X))
    np.testing.assert_allclose(space["predict"](one.data.X), expected, rtol=1e-9, atol=1e-12)


def test_numpy_script_needs_numpy_alone(tmp_path):
    one, _ = Session.open(None)
    file = tmp_path / "alone.py"
    file.write_text(one.do("export", {"kind": "numpy"})["text"])
    check = "import sys, runpy; runpy.run_path(sys.argv[1], run_name='__main__'); assert 'chainrule' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", check, str(file)], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("[[0.")


def test_every_formula_has_its_numpy_text():
    import math

    z = np.linspace(-4, 4, 36).reshape(9, 4)
    assert set(EXPRESSIONS) == set(ACTIVATIONS) and set(FORMULAS) == set(FEATURES)
    for name, text in EXPRESSIONS.items():
        found = eval(text, {"np": np, "math": math, "z": z})
        np.testing.assert_allclose(found, ACTIVATIONS[name].value(z), rtol=1e-12, atol=1e-14, err_msg=name)
    for name, text in FORMULAS.items():
        np.testing.assert_array_equal(eval(text, {"np": np, "X": z}), FEATURES[name].value(z))


def test_setup_file_opens_again():
    one, _ = Session.open({**BASE, "training": {"learning_rate": 0.2}})
    kept = one.do("export", {"kind": "setup"})
    again, notes = Session.open(json.loads(kept["text"]))
    assert not notes and again.setup == one.setup and kept["name"] == "circle.json"
    assert Session.open(one.hash())[0].setup == one.setup


def test_points_have_part_and_prediction():
    one, _ = Session.open({"data": {"name": "plane", "n": 50}})
    rows = list(csv.DictReader(io.StringIO(one.do("export", {"kind": "points"})["text"])))
    assert len(rows) == 50 and {row["part"] for row in rows} == {"train", "test"}
    np.testing.assert_array_equal([float(row["x1"]) for row in rows], one.data.X[:, 0])
    np.testing.assert_array_equal([row["part"] == "train" for row in rows], np.isin(np.arange(50), one.data.train))
    with pytest.raises(ValueError, match="must be one of code"):
        one.do("export", {"kind": "gif"})
