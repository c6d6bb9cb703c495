"""The one door of a session: whatever a page asks, it gets plain data, a frame or a ValueError, and the session goes on."""

from __future__ import annotations

import contextlib
import io
import json
import random

import numpy as np
import pytest

from chainrule.errors import TableError
from chainrule.playground import ACTIONS, Frame, Session, Setup, Source, as_error, pack
from chainrule.playground.pictures.painting import PAINTERS
from chainrule.playground.settings.families import FAMILIES, knobs
from chainrule.playground.settings.setup import every_field

PATHS = [(path, control) for path, control, _ in every_field(Setup())]
JUNK = (
    None,
    True,
    0,
    1,
    -1,
    2.5,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    [],
    {},
    [1],
    {"a": 1},
    "adam",
    10**30,
    "x1",
)
NAMES = ("circle", "three", "sine", "plane", "reg-gauss", "xor", "mixture")
LAYERS = (
    {"units": 1},
    {"units": 30, "activation": "relu"},
    {"units": 2, "dropout": 0.3},
    {"units": 5, "batch_norm": True},
)


def value_for(path, control, rng):
    """Something that the field may well hold."""
    if path == "data.name":
        return rng.choice(NAMES)
    if path == "data.n":
        return rng.choice([10, 30, 100])
    if control.kind == "choice":
        return rng.choice(control.choices)
    if control.kind == "formula":
        name, family = rng.choice(list(FAMILIES[control.family].items()))
        told = {knob.name: rng.choice([0, 1, 0.5, False, None, 10]) for knob in knobs(family) if rng.random() < 0.4}
        return {"name": name, **told}
    if control.kind == "points":
        return [[rng.random(), rng.random(), rng.randrange(3)] for _ in range(rng.randrange(12))]
    return {
        "flag": rng.random() < 0.5,
        "whole": rng.choice([1, 2, 7, 50]),
        "number": rng.choice([0.0, 0.01, 0.1, 0.5, 3.0]),
        "layers": rng.sample(LAYERS, rng.randrange(4)),
        "names": rng.sample(["x1", "x2", "x1^2", "sin(x2)"], rng.randrange(4)),
        "seed": rng.choice([0, 5, "0.3"]),
    }.get(control.kind, rng.choice(JUNK))


def arguments(action, rng):
    """Arguments that make sense nearly always."""
    place = {"layer": rng.randrange(3), "unit": rng.randrange(3), "source": rng.randrange(3)}
    given = {
        "advance": {"epochs": rng.choice([1, 3, 30])},
        "step": {"what": rng.choice(["sample", "batch", "epoch"])},
        "back": {"what": rng.choice(["batch", "epoch"]), "count": rng.choice([1, 5])},
        "change": {"changes": {path: value_for(path, control, rng) for path, control in rng.sample(PATHS, 2)}},
        "edit": {"kind": rng.choice(["weight", "bias"]), "value": rng.choice([0.0, -3.0, 1e200]), **place},
        "freeze": {"row": rng.choice([None, 3])},
        "frame": {"wanted": dict.fromkeys(rng.sample(list(PAINTERS), 5), True)},
        "explain": {"what": {"kind": rng.choice(["unit", "weight", "bias", "output", "loss"]), **place}},
        "export": {"kind": rng.choice(["code", "numpy", "model", "points", "log", "setup"])},
        "surface": {"resolution": 5},
        "digit": {"pixels": [0.5] * 64},
    }.get(action, {})
    if given and rng.random() < 0.15:
        given[rng.choice(list(given))] = rng.choice(JUNK)
    return given


@pytest.mark.parametrize("seed", range(3))
def test_whatever_a_page_asks(seed):
    rng, one = random.Random(seed), Session()
    asked = [*ACTIONS, *("change", "advance", "step", "back", "export") * 2]
    for _ in range(250):
        action = rng.choice(asked)
        given = arguments(action, rng)
        try:
            found = one.do(action, given)
        except ValueError as error:
            assert as_error(error)["error"]["kind"] in ("value", "table")
            continue
        if isinstance(found, Frame):
            pack(found)
        elif "bytes" not in found:
            json.dumps(found, allow_nan=False)
        if action == "export" and given["kind"] == "code" and one.run.learner.updates < 3000:
            space: dict = {}
            with contextlib.redirect_stdout(io.StringIO()):
                exec(found["text"], space)
            np.testing.assert_array_equal(space["theta"], one.run.learner.theta)
    one.advance(1)


def test_every_action_has_the_arguments_it_says():
    X = np.random.default_rng(0).random((40, 4))
    one = Session(source=Source.from_arrays(X, X[:, 0] > 0.5))
    one.advance(1)
    needed: dict = {
        "change": {"changes": {}},
        "edit": {"kind": "bias", "layer": 0, "unit": 0, "value": 1.0}, "digit": {"pixels": [0, 1, 0, 1]},
        "explain": {"what": {"kind": "loss"}}, "export": {"kind": "log"},
    }  # fmt: skip
    for name in ACTIONS:
        one.do(name, needed.get(name, {}))
        with pytest.raises(ValueError, match=f"action '{name}': .*unexpected keyword argument 'moon'; it knows"):
            one.do(name, {**needed.get(name, {}), "moon": 1})
        if needed.get(name):
            with pytest.raises(ValueError, match=f"action '{name}': missing a required"):
                one.do(name)
    for name in ("load", "_begin", "__init__", "open", "moon", None, {}):
        with pytest.raises(ValueError, match="the action must be one of"):
            one.do(name)


def test_errors_for_the_page():
    assert as_error(TableError("a.csv, row 3"))["error"] == {"kind": "table", "text": "a.csv, row 3", "field": None}
    assert as_error(MemoryError())["error"]["kind"] == "limit"
    told = as_error(KeyError("/home/secret"))["error"]
    assert told["kind"] == "internal" and "secret" not in told["text"]
