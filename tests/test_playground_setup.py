"""Setups: plain data and addresses both ways, other people's links, repairs, and controls that follow the library's tables."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainrule.datasets.toys import TOYS
from chainrule.formulas.initializers import INITIALIZERS
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.schedules import SCHEDULES
from chainrule.formulas.solvers import SOLVERS
from chainrule.lab.catalogue import EXPERIMENTS
from chainrule.playground import Session, Setup, options, presets, read_hash, rival_setup, write_hash
from chainrule.playground.settings.families import FAMILIES, knobs
from chainrule.playground.settings.presets import NOT_PLAYED
from chainrule.playground.settings.setup import every_field

RICH = {
    "data": {"source": "toy", "name": "moons", "n": 300, "noise": 0.15, "seed": 7, "train": 0.8, "stratified": False,
             "target": "a,b:c"},
    "network": {
        "features": ["x1", "x1*x2", "sin(x2)"],
        "layers": [{"units": 8, "activation": "relu", "dropout": 0.25}, {"units": 3, "activation": "gelu", "batch_norm": True}],
        "loss": {"name": "log_loss", "label_smoothing": 0.1},
        "initializer": {"name": "normal", "std": 0.3},
        "seed": 5,
    },
    "training": {
        "solver": {"name": "rmsprop", "heavy_ball": 0.9},
        "schedule": {"name": "cosine", "epochs": 40, "warmup": 1.5},
        "learning_rate": 0.001,
        "shuffle": False,
        "clip_norm": 2.0,
    },
    "run": {"until": {"score": 0.9, "patience": 30}, "dtype": "float32"},
    "view": {"axes": ["a b", "c=d"], "at": {"e": 1.5, "f,g": "high:er", "h": "3"}},
}  # fmt: skip


def fields(setup):
    return {path: value for path, _, value in every_field(setup)}


def test_plain_data_both_ways():
    setup, notes = Setup.from_plain(RICH)
    assert not notes and setup != Setup()
    assert Setup.from_plain(json.loads(json.dumps(setup.to_plain()))) == (setup, [])
    assert Setup.from_plain(Setup().to_plain()) == (Setup(), [])


def test_address_both_ways():
    setup, _ = Setup.from_plain(RICH)
    text = write_hash(setup)
    plain, notes = read_hash(f"http://127.0.0.1:8080/#{text}")
    assert not notes and Setup.from_plain(plain) == (setup, [])
    assert write_hash(Setup()) == "v=1" and len(text) < 600
    assert dict(parse_qsl(text))["solver"] == "rmsprop(heavy_ball:0.9)"
    assert "8:relu:d0.25,3:gelu:bn" in text


def test_no_points_in_an_address():
    setup, _ = Setup.from_plain({"data": {"source": "points", "points": [[1, 2, 0], [2, 1, 1]]}})
    assert setup.data.points and "points" in write_hash(setup) and "1,2" not in write_hash(setup)
    opened, notes = Session.open(write_hash(setup))
    assert opened.setup == Setup() and [note["field"] for note in notes] == ["data.points"]


@pytest.mark.parametrize("what", FAMILIES)
def test_every_formula_in_an_address(what):
    """Each hyper-parameter of each formula, changed by itself."""
    path = {
        "solver": "training.solver",
        "schedule": "training.schedule",
        "initializer": "network.initializer",
        "loss": "network.loss",
    }[what]
    branch, field = path.split(".")
    for name, family in FAMILIES[what].items():
        for knob in knobs(family):
            other = {"flag": False, "numbers": [0.25, 0.75], "whole": 7}.get(
                knob.kind, 0.5 if knob.low <= 0.5 else knob.low + 1
            )
            # Nesterov's momentum and dampening exclude each other.
            flags = {one.name: False for one in knobs(family) if one.kind == "flag"}
            asked = {"name": name, **flags, knob.name: other}
            setup, notes = Setup.from_plain({branch: {field: asked}})
            assert not notes, (name, knob, notes)
            assert Setup.from_plain(read_hash(write_hash(setup))[0]) == (setup, [])


def test_ranges_are_those_of_the_formulas():
    ends = {knob.name: knob for name in ("sgd", "adam", "lbfgs") for knob in knobs(SOLVERS[name])}
    assert (ends["momentum"].low, ends["momentum"].high, ends["momentum"].open_high) == (0, 1, False)
    assert (ends["dampening"].low, ends["dampening"].high) == (0, 1)
    assert (ends["beta_2"].high, ends["beta_2"].open_high) == (1, True) and ends["max_fun"].low == 1
    for table in FAMILIES.values():
        for family in table.values():
            for knob in knobs(family):
                if knob.kind == "number" and knob.low > -1:
                    with pytest.raises(ValueError):
                        family(**{knob.name: -1.5})


def test_menus_follow_the_tables():
    told = options()
    assert [one["name"] for one in told["solvers"]] == list(SOLVERS)
    assert [one["name"] for one in told["schedules"]] == list(SCHEDULES)
    assert [one["name"] for one in told["initializers"]] == list(INITIALIZERS)
    assert [one["name"] for one in told["losses"]] == list(LOSSES) and [one["name"] for one in told["toys"]] == list(
        TOYS
    )
    assert all(one["about"] for kind in ("solvers", "schedules", "initializers", "toys") for one in told[kind])
    json.dumps(told, allow_nan=False)
    known = set(fields(Setup()))
    assert {one["field"] for one in told["controls"]} == known
    default = told["defaults"]
    for one in told["controls"]:
        at = default
        for name in one["field"].split("."):
            at = at[name]
        assert at == one["default"], one["field"]
        assert one["kind"] != "choice" or one["default"] is None or one["default"] in one["choices"]


@pytest.mark.parametrize(
    ("given", "path", "became"),
    [
        ({"training": {"learning_rate": "fast"}}, "training.learning_rate", 0.03),
        ({"training": {"learning_rate": float("nan")}}, "training.learning_rate", 0.03),
        ({"training": {"learning_rate": 1e9}}, "training.learning_rate", 100.0),
        ({"training": {"batch_size": 2.5}}, "training.batch_size", 10),
        ({"training": {"solver": "adm"}}, "training.solver", Setup().training.solver),
        ({"training": {"solver": {"name": "adam", "beta_1": 7}}}, "training.solver.beta_1", 1 - 1e-9),
        ({"training": {"solver": ["adam"]}}, "training.solver", Setup().training.solver),
        ({"network": {"layers": [{"units": 10**9}]}}, "network.layers.0.units", 512),
        ({"network": {"layers": "many"}}, "network.layers", Setup().network.layers),
        ({"network": {"features": ["x1", "x9"]}}, "network.features", ("x1",)),
        ({"data": {"n": True}}, "data.n", 500),
        ({"data": {"points": [[1, 2, 0], [1, "2", 0], [1, 2]]}}, "data.points", ((1.0, 2.0, 0.0),)),
        ({"data": {"source": None}}, "data.source", "toy"),
        ({"view": {"at": {"x": [1]}}}, "view.at", ()),
        ({"run": {"until": 5}}, "run.until", Setup().run.until),
        ({"data": "circle"}, "data", Setup().data),
    ],
)  # fmt: skip
def test_repairs(given, path, became):
    setup, notes = Setup.from_plain(given)
    assert len(notes) == 1 and notes[0].level == "repaired" and notes[0].text
    at = setup
    for name in path.split("."):
        at = at[int(name)] if name.isdigit() else getattr(at, name)
    assert at == became
    Session(replace(setup, data=Setup().data))


def test_unknown_is_ignored_and_said():
    _, notes = Setup.from_plain({"colour": 1, "training": {"speed": 2}, "version": 9})
    assert {(note.level, note.field) for note in notes} == {
        ("ignored", "colour"),
        ("ignored", "training.speed"),
        ("warning", "version"),
    }
    assert Setup.from_plain([1])[1] and Setup.from_plain("x")[0] == Setup()
    assert read_hash("v=2&moon=1")[1][0].level == "warning" and read_hash("a" * 9000)[1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PATHS = [tuple(path.split(".")) for path in fields(Setup())]


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(PATHS), JSON, max_size=4))
@example({("data", "columns"): [""]})
def test_whatever_comes_is_a_setup(values):
    given_plain: dict = {}
    for path, value in values.items():
        at = given_plain
        for name in path[:-1]:
            at = at.setdefault(name, {})
        at[path[-1]] = value
    setup, _ = Setup.from_plain(given_plain)
    assert Setup.from_plain(setup.to_plain()) == (setup, [])
    without = replace(setup, data=replace(setup.data, points=()))
    assert Setup.from_plain(read_hash(write_hash(without))[0])[0] == without


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_whatever_an_address_says_is_a_setup(text):
    keys = ("data", "layers", "solver", "at", "features", "noise", "untilScore", "shuffle")
    for key in keys:
        plain, _ = read_hash(f"#v=1&{key}={text}")
        Setup.from_plain(plain)
    plain, _ = rival_setup(f"https://playground.tensorflow.org/#networkShape={text}&noise={text}&seed={text}&x={text}")
    Setup.from_plain(plain)


def test_links_of_the_rival():
    link = (
        "http://playground.tensorflow.org/#activation=relu&regularization=L2&batchSize=30&dataset=spiral&regDataset=reg-gauss"
        "&learningRate=0.3&regularizationRate=0.003&noise=85&networkShape=8,6,1&seed=0.86401&showTestData=true&discretize=true"
        "&percTrainData=70&x=false&y=true&xTimesY=true&xSquared=false&ySquared=true&cosX=false&sinX=true&cosY=false&sinY=false"
        "&collectStats=false&problem=regression&initZero=true&hideText=false&play_button_hide=true&moon=1"
    )
    plain, notes = rival_setup(link)
    setup, repairs = Setup.from_plain(plain)
    assert not repairs and [note.field for note in notes if note.level == "ignored"] == ["moon"]
    assert (setup.data.source, setup.data.name, setup.data.noise, setup.data.train) == ("rival", "reg-gauss", 0.5, 0.7)
    assert setup.data.seed == "0.86401" and setup.run.compat and setup.network.initializer == "zeros"
    assert setup.network.features == ("x2", "x2^2", "x1*x2", "sin(x1)")
    assert [layer.units for layer in setup.network.layers] == [8, 6, 1]
    assert {layer.activation for layer in setup.network.layers} == {"relu"}
    assert (setup.training.l2, setup.training.l1, setup.training.batch_size) == (0.003, 0.0, 30)
    default = Setup.from_plain(rival_setup("https://playground.tensorflow.org/")[0])[0]
    assert (default.data.name, default.training.learning_rate, default.network.output) == ("circle", 0.03, "tanh")
    again = Setup.from_plain(read_hash(write_hash(setup))[0])[0]
    assert again == setup


def test_presets_are_the_labs_experiments_and_run():
    told = presets()
    names = [one["name"] for one in told]
    # Every experiment is played, or it is said why not.
    assert sorted([*names, *NOT_PLAYED]) == sorted(EXPERIMENTS)
    for one in told:
        assert one["lecture"] == EXPERIMENTS[one["experiment"]].lecture
        assert one["question"].endswith("?") and one["answer"] and one["then"]
        opened, notes = Session.open(one["setup"])
        assert not [note for note in notes if note["level"] in ("repaired", "ignored")]
        opened.advance(2)
        status = opened.status()
        # One is there to diverge.
        goes_on = one["name"] != "learning-rate"
        assert (status["epoch"], status["state"] == "ready") == (2 * goes_on, goes_on), one["name"]


def test_the_manual_says_what_is_not_played():
    manual = (Path(__file__).parent.parent / "docs" / "playground.md").read_text()
    for name, reason in NOT_PLAYED.items():
        assert f"| {name} | {reason} |" in manual


def played(name, epochs, **training):
    session, _ = Session.open(next(one["setup"] for one in presets() if one["name"] == name))
    session.change({f"training.{key}": value for key, value in training.items()})
    session.advance(epochs)
    return session


def test_the_answers_of_presets_that_name_numbers():
    below, above = played("gradient-descent", 100), played("gradient-descent", 100, learning_rate=1.6)
    X = np.column_stack([below.built.X[below.data.train], np.ones(len(below.data.train))])
    assert f"{np.linalg.eigvalsh(X.T @ X / len(X))[-1]:.2f}" == "1.33"
    assert below.judged().train < 1e-6
    assert above.status()["state"] != "ready"
    full, small = played("full-gradient-or-minibatches", 20), played("full-gradient-or-minibatches", 20, batch_size=100)
    assert (full.status()["step"], small.status()["step"]) == (20, 2000)
    assert full.judged().test > 0.5 > 0.05 > small.judged().test
    adam, _ = Session.open(next(one["setup"] for one in presets() if one["name"] == "adam-first-step"))
    adam.step("batch")
    norms = adam.frame({"norms": True}).arrays["update_norms"]
    np.testing.assert_allclose(norms, 0.01 * np.sqrt([12, 10, 3]), rtol=2e-3)
    assert abs(norms[0] - 0.0346) < 1e-4
    flexible = played("learning-curves", 500)
    assert flexible.judged().test > 10 * flexible.judged().train
