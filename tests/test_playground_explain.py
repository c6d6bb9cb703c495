"""Explanations on the page: the numbers of the real pass, gradients held to finite differences, the update to the real step."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from chainrule.engines.reference import forward
from chainrule.formulas.solvers import SOLVERS
from chainrule.playground import Session

LAYERS = [{"units": 3, "activation": "tanh"}, {"units": 2, "activation": "logistic"}]


def opened(epochs=5, **setup):
    one, _ = Session.open({"data": {"n": 60}, "network": {"layers": LAYERS}, **setup})
    if epochs:
        one.advance(epochs)
    return one


def loss(one, theta, row):
    built = one.built
    return built.network.loss_and_gradient(theta, built.X[row : row + 1], built.Y[row : row + 1], engine="reference")[0]


def slope(one, place, row, step=1e-6):
    theta = one.run.learner.theta.astype(np.float64)
    ends = []
    for sign in (1, -1):
        moved = theta.copy()
        moved[place] += sign * step
        ends.append(loss(one, moved, row))
    return (ends[0] - ends[1]) / (2 * step)


def place_of(one, layer, unit, source=None):
    """Where a weight or bias stands in theta."""
    marked = np.zeros(one.built.network.n_parameters)
    views = one.built.network.views(marked)
    if source is None:
        views.b[layer][unit] = 1
    else:
        views.W[layer][source, unit] = 1
    return int(np.flatnonzero(marked)[0])


@pytest.mark.parametrize(
    "setup",
    [{}, {"data": {"name": "three", "n": 60}}, {"data": {"name": "bumps", "n": 60}}],
    ids=["two", "three", "values"],
)
def test_units_are_those_of_the_pass(setup):
    one = opened(**setup)
    z, a = forward(one.built.network, one.run.learner.theta, one.built.X)
    for layer, layer_values in enumerate(a[1:]):
        for unit in range(layer_values.shape[1]):
            told = one.do("explain", {"what": {"kind": "unit", "layer": layer, "unit": unit}, "row": 7})
            assert told["value"] == pytest.approx(layer_values[7, unit], rel=1e-12)
            steps = {step["kind"]: step for step in told["forward"] if (step["layer"], step["unit"]) == (layer, unit)}
            assert steps["pre_activation"]["value"] == pytest.approx(z[layer][7, unit], rel=1e-12)
            delta = next(
                step
                for step in told["backward"]
                if step["kind"] == "delta" and (step["layer"], step["unit"]) == (layer, unit)
            )
            assert delta["value"] == pytest.approx(slope(one, place_of(one, layer, unit), 7), rel=1e-5, abs=1e-9)
            assert told["row"] == 7 and told["point"].keys() == {"x1", "x2"}
            json.dumps(told, allow_nan=False)


def test_a_unit_shows_its_own_way_only():
    told = opened().do("explain", {"what": {"kind": "unit", "layer": 0, "unit": 1}})
    assert [step["kind"] for step in told["forward"]] == ["pre_activation", "activation"] and not told["update"]
    first = told["forward"][0]
    assert (
        "·" in first["numbers"]
        and first["formula"].count("·") == 2
        and first["latex"]
        and first["mathml"].startswith("<math")
    )
    assert told["backward"][0]["layer"] == 2 and told["backward"][-1]["layer"] == 0


@pytest.mark.parametrize("solver", [name for name, kind in SOLVERS.items() if kind.stochastic])
def test_a_weights_update_is_the_real_step(solver):
    """With one row in a batch the step told is the step taken."""
    one = opened(2, training={"solver": solver, "batch_size": 1, "shuffle": False, "learning_rate": 0.05, "l2": 0.01})
    before, row = one.run.learner.theta, int(one.data.train[0])
    told = {
        (layer, unit, source): one.do(
            "explain", {"what": {"kind": "weight", "layer": layer, "unit": unit, "source": source}, "row": row}
        )
        for layer, unit, source in [(0, 0, 1), (0, 2, 0), (1, 1, 2), (2, 0, 1)]
    }
    bias = one.do("explain", {"what": {"kind": "bias", "layer": 1, "unit": 0}, "row": row})
    one.step("batch")
    for (layer, unit, source), steps in told.items():
        place = place_of(one, layer, unit, source)
        assert steps["value"] == before[place]
        assert steps["update"][-1]["value"] == pytest.approx(one.run.learner.theta[place], rel=1e-9)
        gradient = next(
            step
            for step in steps["backward"]
            if step["kind"] in ("gradient", "data_gradient") and step["of"] == "weight"
        )
        assert gradient["stage"] == "backward"
    assert bias["update"][-1]["value"] == pytest.approx(one.run.learner.theta[place_of(one, 1, 0)], rel=1e-9)


def test_gradients_are_finite_differences():
    one = opened(3)
    for layer, unit, source in [(0, 0, 1), (1, 1, 2), (2, 0, 1)]:
        told = one.do(
            "explain", {"what": {"kind": "weight", "layer": layer, "unit": unit, "source": source}, "row": 11}
        )
        assert told["backward"][-1]["value"] == pytest.approx(
            slope(one, place_of(one, layer, unit, source), 11), rel=1e-5
        )


def test_the_loss_the_outputs_the_inputs():
    one = opened(data={"name": "three", "n": 60})
    told = one.do("explain", {"what": {"kind": "loss"}, "row": 3})
    assert told["value"] == pytest.approx(loss(one, one.run.learner.theta, 3), rel=1e-12)
    assert told["forward"][-1]["value"] == told["value"] and told["id"] == "loss" and told["sentence"]
    outputs = [one.do("explain", {"what": {"kind": "output", "unit": unit}, "row": 3})["value"] for unit in range(3)]
    assert sum(outputs) == pytest.approx(1)
    value = one.do("explain", {"what": {"kind": "input", "unit": 1}, "row": 3})
    assert value["value"] == one.data.X[3, 1] and value["title"] == "input x2"
    again = one.do("explain", {"what": {"kind": "id", "id": told["forward"][0]["id"]}, "row": 3})
    assert again["id"] == told["forward"][0]["id"]


def test_the_frozen_row_is_explained():
    one = opened()
    assert one.do("explain", {"what": {"kind": "loss"}})["row"] == int(one.data.train[0])
    one.do("freeze", {"row": 33})
    assert one.do("explain", {"what": {"kind": "loss"}})["row"] == 33 and one.status()["frozen"] == 33
    one.do("freeze", {"row": None})
    assert one.status()["frozen"] is None
    with pytest.raises(ValueError, match="row"):
        one.do("freeze", {"row": 60})


@pytest.mark.parametrize("extra", [{"dropout": 0.5}, {"batch_norm": True}])
def test_slow_motion_is_verified_whole(extra):
    one = opened(
        network={"layers": [{"units": 4, "activation": "relu", **extra}]}, training={"solver": "adam", "l1": 0.01}
    )
    told = one.do("slow", {"row": 5})
    stages = [step["stage"] for step in told["steps"]]
    assert told["verified"] and list(dict.fromkeys(stages)) == ["forward", "loss", "backward", "update"]
    seen = set()
    for step in told["steps"]:
        assert step["text"]
        seen.add(step["id"])
    assert len(seen) == len(told["steps"])


def test_large_networks_open_one_unit():
    one = opened(1, network={"layers": [{"units": 120, "activation": "relu"}, {"units": 80}]})
    told = one.do("explain", {"what": {"kind": "unit", "layer": 1, "unit": 70}, "row": 2})
    _, a = forward(one.built.network, one.run.learner.theta, one.built.X)
    assert told["value"] == pytest.approx(a[2][2, 70]) and len(told["forward"]) <= 60
    weight = one.do("explain", {"what": {"kind": "weight", "layer": 0, "unit": 3, "source": 1}, "row": 2})
    assert weight["value"] == one.built.network.views(one.run.learner.theta).W[0][1, 3]
    value = one.do("explain", {"what": {"kind": "input", "unit": 1}, "row": 2})["value"]
    assert value == one.built.X[2, 1]
    slow = one.do("slow")
    assert slow["level"] == "layer" and slow["verified"]


@pytest.mark.parametrize("name", ["circle", "bumps"])
def test_read_outs_are_spelled_out(name):
    one = opened(10, data={"name": name, "n": 60})
    metrics = one.frame({"metrics": True}).header["metrics"]
    measures = ("loss", "score") if name == "circle" else ("loss", "score", "rmse")
    for part in ("train", "test"):
        for measure in measures:
            told = one.do("explain", {"what": {"kind": "metric", "name": f"{part}_{measure}"}})
            assert told["value"] == pytest.approx(metrics[f"{part}_{measure}"], rel=1e-9)
            assert told["forward"][0]["numbers"] and told["sentence"]
    with pytest.raises(ValueError, match="known are"):
        one.do("explain", {"what": {"kind": "metric", "name": "moon"}})


def test_the_training_s_read_outs_are_explained():
    one = opened(10, training={"l2": 0.01, "l1": 0.001, "schedule": {"name": "exponential"}})
    frame = one.frame({"metrics": True, "norms": True})

    def value(name, **more):
        return one.do("explain", {"what": {"kind": "metric", "name": name, **more}})["value"]

    assert value("objective") == frame.header["metrics"]["objective"]
    assert value("rate") == pytest.approx(0.03 * 0.97**10) == frame.header["metrics"]["rate"]
    for layer in range(3):
        for name in ("gradient_norm", "update_norm", "weight_norm"):
            assert value(name, layer=layer) == frame.arrays[f"{name}s"][layer]
        assert value("update_ratio", layer=layer) == frame.header["norms"]["ratio"][layer]
    table = frame.header["metrics"]["confusion"]["test"]
    cells = [[value("test_confusion", truth=truth, predicted=predicted) for predicted in (0, 1)] for truth in (0, 1)]
    assert cells == table
    with pytest.raises(ValueError, match="layer"):
        value("weight_norm", layer=5)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_numbers_of_the_training_s_read_outs_give_the_value(batch_norm):
    layers = [{"units": 5, "activation": "tanh", "batch_norm": batch_norm}]
    one = opened(3, network={"layers": layers}, training={"l2": 0.01, "l1": 0.001, "alpha": 0.1})

    def told(name, layer=0):
        found = one.do("explain", {"what": {"kind": "metric", "name": name, "layer": layer}})
        return {"value": found["value"], "numbers": found["forward"][0]["numbers"]}

    found = told("objective")
    terms, total = found["numbers"].split(" = ")
    assert len(terms.split(" + ")) == 4
    assert sum(map(float, terms.split(" + "))) == pytest.approx(found["value"], rel=1e-5)
    assert float(total) == pytest.approx(found["value"], rel=1e-5)
    for layer in range(2):
        for name in ("gradient_norm", "update_norm", "weight_norm"):
            found = told(name, layer)
            mean, count = re.match(r"(\S+) · √(\d+): ", found["numbers"]).groups()
            assert float(mean) * int(count) ** 0.5 == pytest.approx(found["value"], rel=1e-5)
            units, before = one.built.network.widths[layer + 1], one.built.network.widths[layer]
            assert int(count) == units * (before + 1 + (batch_norm and layer == 0))
        found = told("update_ratio", layer)
        above, below = re.match(r"(\S+) / (\S+), step", found["numbers"]).groups()
        assert float(above) / float(below) == pytest.approx(found["value"], rel=1e-5)
        assert float(above) == pytest.approx(told("update_norm", layer)["value"], rel=1e-5)
        assert float(below) == pytest.approx(told("weight_norm", layer)["value"], rel=1e-5)


def test_the_objective_is_the_loss_and_the_penalties():
    # A single batch and hardly a step: the loss before it is the loss after it.
    one = opened(1, training={"l2": 0.1, "l1": 0.01, "batch_size": 200_000, "learning_rate": 1e-7})
    theta = one.run.learner.theta[: one.built.network.n_weights]
    numbers = one.do("explain", {"what": {"kind": "metric", "name": "objective"}})["forward"][0]["numbers"]
    loss_alone, l2, l1 = map(float, numbers.split(" = ")[0].split(" + "))
    assert loss_alone == pytest.approx(one.judged().train, rel=1e-4)
    assert (l2, l1) == (
        pytest.approx(0.05 * np.square(theta).sum(), rel=1e-4),
        pytest.approx(0.01 * np.abs(theta).sum(), rel=1e-4),
    )


def test_read_outs_before_the_first_step():
    one = opened(0)
    for name in ("objective", "gradient_norm", "update_norm", "update_ratio"):
        told = one.do("explain", {"what": {"kind": "metric", "name": name}})
        assert told["value"] is None
        assert "yet" in told["forward"][0]["numbers"]


@pytest.mark.parametrize(
    "what",
    [
        {"kind": "unit", "layer": 7, "unit": 0},
        {"kind": "unit", "layer": 0},
        {"kind": "weight", "layer": 0, "unit": 0, "source": 5},
        {"kind": "output"},
        {"kind": "input", "unit": 2},
        {"kind": "id", "id": "moon"},
        {"kind": "moon"},
        {},
        "loss",
        None,
    ],
)
def test_what_is_not_there_is_refused(what):
    with pytest.raises(ValueError):
        opened(0).do("explain", {"what": what})


def test_the_diagnosis_names_what_was_done_wrong():
    slow = opened(100, training={"learning_rate": 1e-6})
    assert "rate_too_low" in [finding["key"] for finding in slow.do("diagnosis")["findings"]]
    alike = opened(50, network={"layers": [{"units": 4}], "initializer": "zeros"})
    told = alike.do("diagnosis")
    assert not told["healthy"] and any(
        "alike" in finding["key"] or "symmetr" in finding["key"] or "copies" in finding["evidence"]
        for finding in told["findings"]
    )
    well = opened(400, data={"n": 500}, training={"solver": "adam", "learning_rate": 0.01})
    assert well.do("diagnosis")["healthy"]
    fast, _ = Session.open(
        {
            "data": {"name": "plane"},
            "training": {"learning_rate": 10.0},
            "network": {"layers": [{"units": 8, "activation": "relu"}]},
        }
    )
    for _ in range(4):
        fast.advance(50)
        if fast.status()["state"] != "diverged":
            fast.proceed()
    assert fast.status()["state"] == "diverged"
    keys = [finding["key"] for finding in fast.do("diagnosis")["findings"]]
    assert any("rate" in key or "explod" in key for key in keys)
    json.dumps(told, allow_nan=False)
