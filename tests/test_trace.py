"""Traces: published numbers, the engine's next step, every entry of the tables; both levels; JSON; refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chainrule.formulas.solvers import SGD, SOLVERS, Adam
from chainrule.network import Dense, Network
from chainrule.trace import Trace, trace, verify
from chainrule.trace.operations import OPERATIONS
from chainrule.trace.rows import KINDS, STAGES
from chainrule.training import TrainingState, train
from tests.explained import mazur
from tests.trace_cases import SPECIAL, Signs, case, hidden_networks, output_networks

LIMITS = {"l1": 0.01, "weight_decay": 0.1, "max_norm": 0.5, "clip_norm": 0.5, "clip_value": 0.2}
NETWORKS = hidden_networks() | output_networks() | SPECIAL
SMALL = Network(2, [Dense(3, "tanh"), Dense(2, "identity")])


def assert_honest(done: Trace) -> None:
    """The object and its document alone are accepted, and the gradients agree with central differences."""
    report = verify(done)
    assert report.ok and report.complete, str(report)
    text = done.to_json()
    assert verify(text).ok and verify(text, done.own).complete
    if "check" in done.header.stages:
        assert done["largest_error"].value < 1e-3


@pytest.mark.parametrize("weight", [None, [1.0, 2.5, 0.5]], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_activation_and_loss(name, weight):
    network = NETWORKS[name]
    assert_honest(trace(network, *case(network), sample_weight=weight, alpha=0.1, l2=0.02, l1=0.03, level="unit"))


@pytest.mark.parametrize("weight", [None, [1.0, 2.5, 0.5]], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", SPECIAL)
def test_layers_alone(name, weight):
    network = SPECIAL[name]
    assert_honest(trace(network, *case(network), sample_weight=weight, alpha=0.1, l2=0.02, l1=0.03, level="layer"))


@pytest.mark.parametrize("limits", [{}, LIMITS, {"layer_rates": [0.5, 1.0]}, {"layer_rates": [0.0, 1.0], **LIMITS}])
@pytest.mark.parametrize("solver", [*SOLVERS, SGD(0.0, False), SGD(0.5, False, 0.5), Signs()], ids=str)
def test_every_solver(solver, limits):
    if solver == "lbfgs" and limits:
        with pytest.raises(ValueError, match="lbfgs"):
            trace(SMALL, *case(SMALL), solver=solver, **limits)
        return
    assert_honest(trace(SMALL, *case(SMALL), solver=solver, level="unit", **limits))


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("training", [True, False])
def test_dropout_and_batch_norm(rows, training):
    network = SPECIAL["regularised"]
    state = TrainingState(dropout_seed=7)
    done = trace(network, *case(network, rows), state=state, training=training, level="unit")
    assert_honest(done)
    assert ("mask-l0" in done) == training
    assert ("batch_mean-l0" in done) == (training and rows > 1)


def some_traces():
    """Traces that together show everything there is."""
    for network in NETWORKS.values():
        yield trace(network, *case(network), sample_weight=[1, 2, 3.0], alpha=0.1, l1=0.1, level="unit", check=False)
    for network in SPECIAL.values():
        for rows in (1, 4):
            yield trace(network, *case(network, rows), state=TrainingState(dropout_seed=1), level="unit")
    heavy = SOLVERS["rmsprop"](heavy_ball=0.5)
    for solver in (*SOLVERS, SGD(0.9, False), heavy, Signs()):
        limits = {} if solver == "lbfgs" else LIMITS
        yield trace(SMALL, *case(SMALL), solver=solver, check=False, **limits)
        yield trace(SMALL, *case(SMALL, 1), solver=solver, level="unit", check=False, **limits)
    yield trace(SMALL, *case(SMALL), layer_rates=[0.0, 1.0])


def test_every_kind_and_operation_occurs():
    """No entry of the two tables is idle, and no trace has others."""
    rows = [row for done in some_traces() for row in done.rows]
    assert {row.operation for row in rows} == set(OPERATIONS)
    assert {row.quantity.kind for row in rows} == set(KINDS)
    assert {row.stage for row in rows} == set(STAGES)


# Mazur, "A Step by Step Backpropagation Example" (2015), recomputed to nine digits; the blog updates the weights only.
MAZUR = {
    "pre_activation": {0: [0.3775, 0.3925], 1: [1.105905967, 1.224921404]},
    "activation": {0: [0.593269992, 0.596884378], 1: [0.751365070, 0.772928465]},
    "slope": {0: [0.241300709, 0.240613417], 1: [0.186815602, 0.175510053]},
    "activation_gradient": {0: [0.036350306, 0.041370323], 1: [0.741365070, -0.217071535]},
    "delta": {0: [0.008771355, 0.009954255], 1: [0.138498562, -0.038098237]},
}
MAZUR_GRADIENTS = [
    [[0.000438568, 0.000497713], [0.000877135, 0.000995425]],
    [[0.082167041, -0.022602540], [0.082667628, -0.022740242]],
]
MAZUR_NEW = [
    [[0.149780716, 0.249751144], [0.199561432, 0.299502287]],
    [[0.358916480, 0.511301270], [0.408666186, 0.561370121]],
]


@pytest.mark.parametrize("level", ["unit", "layer"])
def test_mazur(level):
    done = mazur(level=level)
    for kind, layers in MAZUR.items():
        for layer, expected in layers.items():
            np.testing.assert_allclose(done[f"{kind}-l{layer}"].value, [expected], atol=1e-9)
    for layer in (0, 1):
        np.testing.assert_allclose(done[f"gradient-weight-l{layer}"].value, MAZUR_GRADIENTS[layer], atol=1e-9)
        np.testing.assert_allclose(done[f"new-weight-l{layer}"].value, MAZUR_NEW[layer], atol=1e-9)
    assert done["loss"].value == pytest.approx(0.298371109, abs=1e-9)
    assert done["new_loss"].value == pytest.approx(0.280471446791, abs=1e-12)  # with the biases' step


def test_mazur_paths_are_summed():
    done = mazur(level="unit")
    paths = [done[f"path-l0-u0-s{upper}-r0"].value for upper in (0, 1)]
    np.testing.assert_allclose(paths, [0.055399425, -0.019049118], atol=1e-9)
    assert [done[f"loss_term-l1-u{k}-r0"].value for k in (0, 1)] == pytest.approx([0.274811083, 0.023560026], abs=1e-9)
    assert done["activation_gradient-l0-u0-r0"].parents == ("path-l0-u0-s0-r0", "path-l0-u0-s1-r0")


def test_lecture_001():
    """Lecture 001, 'Backpropagation example': its rounded numbers, and its exercise: the error goes down."""
    network = Network(2, [Dense(1, "logistic")], "squared_error")
    theta = network.pack([np.array([[0.35], [0.40]])], [np.zeros(1)])
    done = trace(network, theta, [[0.50, 0.51]], [[0.10]], learning_rate_init=1.0)
    rounded = {
        "pre_activation-l0-u0-r0": 0.38,
        "activation-l0-u0-r0": 0.59,
        "loss": 0.12,
        "activation_gradient-l0-u0-r0": 0.49,
        "slope-l0-u0-r0": 0.24,
        "gradient-weight-l0-u0-s0": 0.06,
        "new-weight-l0-u0-s0": 0.29,
        "new-weight-l0-u0-s1": 0.34,
    }
    assert {name: round(done[name].value, 2) for name in rounded} == rounded
    assert done["actual_change"].value < 0
    assert done["actual_change"].value == pytest.approx(done["predicted_change"].value, rel=0.2)


@pytest.mark.parametrize("options", [{}, {"l1": 0.01, "clip_norm": 0.3}, {"alpha": 0.3, "weight_decay": 0.1}])
@pytest.mark.parametrize("solver", ["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw"])
def test_the_step_is_that_of_the_training(solver, options):
    """The oracle is the native engine: two epochs of one batch, the second explained from the state after the first."""
    network = Network(2, [Dense(3, "tanh", batch_norm=True), Dense(2, "softmax")], "log_loss")
    theta, X, Y = case(network, 6)
    settings = {"solver": solver, "batch_size": 6, "shuffle": False, "learning_rate_init": 0.05, **options}
    training = train(network, theta, X, Y, max_iter=2, engine="native", random_state=0, **settings)
    epochs = iter(training)
    next(epochs)
    kept, state = training.theta, training.state
    next(epochs)
    limits = {name: value for name, value in settings.items() if name not in ("batch_size", "shuffle")}
    done = trace(network, kept, X, Y, state=state, **limits)
    new = network.views(training.theta)
    for kind, parts in {
        "weight": new.W,
        "bias": new.b,
        "running_mean": new.mean[:1],
        "running_variance": new.variance[:1],
    }.items():
        for layer, part in enumerate(parts):
            np.testing.assert_allclose(done[f"new-{kind}-l{layer}"].value, part, rtol=1e-9, atol=1e-12)
    assert_honest(done)


def test_masks_are_those_of_the_training():
    """One step of the native engine with dropout, from a state in the middle of a training."""
    network = Network(3, [Dense(8, "relu", dropout=0.5), Dense(1, "identity")], input_dropout=0.3)
    theta, X, Y = case(network, 5)
    training = train(
        network, theta, X, Y, solver="adam", batch_size=5, shuffle=False, max_iter=3, engine="native", random_state=3
    )
    epochs = iter(training)
    next(epochs), next(epochs)
    kept, state = training.theta, training.state
    next(epochs)
    done = trace(network, kept, X, Y, solver="adam", learning_rate_init=0.001, state=state)
    np.testing.assert_allclose(done["new-weight-l0"].value, network.views(training.theta).W[0], rtol=1e-9, atol=1e-12)


def test_levels_agree():
    done = trace(SMALL, *case(SMALL), solver="adam", alpha=0.1, level="unit")
    arrays = {row.id: row.value for row in done.rows if row.level == "layer"}
    compared = 0
    for row in done.rows:
        places = vars(row.quantity)
        parts = [row.quantity.kind, row.quantity.of, row.quantity.name]
        parts += [f"l{row.quantity.layer}"] if row.quantity.layer is not None else []
        array = arrays.get("-".join(part for part in parts if part))
        if row.level == "unit" and array is not None:
            index = tuple(places[name] for name in ("row", "source", "unit") if places[name] is not None)
            assert array[index] == row.value
            compared += 1
    assert compared > 200


def test_open_a_unit():
    network = Network(20, [Dense(15, "relu"), Dense(12, "tanh"), Dense(3, "softmax")], "log_loss")
    theta, X, Y = case(network, 2)
    whole, units = trace(network, theta, X, Y), trace(network, theta, X, Y, level="unit")
    assert whole.level == "layer" and not [row for row in whole.stage("forward") if row.level == "unit"]
    for layer, unit in ((0, 3), (1, -1), (-1, 2)):
        opened = whole.unit(layer, unit)
        assert verify(opened).ok and verify(opened.to_json()).ok
        place = (layer % 3, unit % network.widths[layer % 3 + 1])
        name = f"delta-l{place[0]}-u{place[1]}-r1"
        assert opened[name].operation == units[name].operation
        assert opened[name].value == units[name].value
        assert units.unit(layer, unit)[name].value == units[name].value
    for layer, unit, words in (
        (3, 0, "layer must"),
        (0, 15, "15 units"),
        (0, 1.0, "15 units"),
        (True, 0, "layer must"),
    ):
        with pytest.raises(ValueError, match=words):
            whole.unit(layer, unit)


def test_prediction_alone():
    network = SPECIAL["regularised"]
    theta, X, _ = case(network)
    done = trace(network, theta, X)
    assert_honest(done)
    assert {row.stage for row in done.rows} == {"input", "forward"}
    np.testing.assert_allclose(done.prediction, network.predict(theta, X, engine="native"), rtol=1e-12)


def test_a_large_network():
    network = Network(784, [Dense(128, "relu"), Dense(64, "relu"), Dense(10, "softmax")], "log_loss")
    done = trace(network, *case(network, 1), solver=Adam())
    assert_honest(done)
    assert len(done.to_json()) < 12e6


def test_json_round_trip():
    done = trace(SMALL, *case(SMALL), solver="adam", input_names=["größe", "<b>"])
    text = done.to_json()
    back = Trace.from_json(text)
    assert back.to_json() == text
    assert back.header == Trace.from_json(back.to_json()).header
    for row, other in zip(done.rows, back.rows, strict=True):
        np.testing.assert_array_equal(row.value, other.value)
        assert (row.id, row.parents, row.quantity) == (other.id, other.parents, other.quantity)
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def test_numbers_that_are_not_finite_survive():
    network = Network(1, [Dense(1, "exp")], "mse")
    theta = network.pack([np.array([[800.0]])], [np.zeros(1)])
    done = trace(network, theta, [[1.0]], [[0.0]])
    assert done["activation-l0-u0-r0"].value == np.inf
    assert Trace.from_json(done.to_json())["activation-l0-u0-r0"].value == np.inf
    assert verify(done).ok and verify(done.to_json()).ok


REFUSED = {
    "X": ({"X": np.ones((1, 3))}, "shape"),
    "no rows": ({"X": np.ones((0, 2)), "y": np.ones((0, 2))}, "no rows"),
    "many rows": ({"X": np.ones((1001, 2)), "y": np.ones((1001, 2))}, "1 to 1000"),
    "y": ({"y": np.ones((3, 5))}, "encoded targets"),
    "theta": ({"theta": np.ones(3)}, "theta must have shape"),
    "nan": ({"X": np.full((3, 2), np.nan)}, "finite"),
    "level": ({"level": "units"}, "level must"),
    "sample": ({"sample": 0}, "sample must"),
    "weights": ({"sample_weight": [-1, 1, 1]}, "not negative"),
    "rate": ({"learning_rate_init": -1}, "learning_rate_init"),
    "alpha": ({"alpha": -1, "solver": None}, "alpha"),
    "rates": ({"layer_rates": [1.0]}, "layer_rates"),
    "solver": ({"solver": "adamm"}, "adam"),
    "names": ({"input_names": ["a"]}, "input_names"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    changed, words = REFUSED[name]
    theta, X, Y = case(SMALL)
    with pytest.raises(ValueError, match=words):
        trace(SMALL, **{"theta": theta, "X": X, "y": Y, **changed})


def test_wrong_kinds():
    done = mazur()
    with pytest.raises(ValueError, match="near are delta"):
        done["delta-10"]
    with pytest.raises(ValueError, match="stage must be"):
        done.stage("backwards")
    with pytest.raises(TypeError, match="Trace or the text"):
        verify(3)
    with pytest.raises(TypeError, match="TrainingState"):
        mazur(state={"m": 1})


def test_what_cannot_be_explained():
    steps = Network(2, [Dense(3, "step"), Dense(1, "identity")])
    theta, X, Y = case(steps)
    assert verify(trace(steps, theta, X)).ok
    with pytest.raises(ValueError, match="cannot be trained"):
        trace(steps, theta, X, Y)
    counts = Network(2, [Dense(1, "exp")], "poisson")
    with pytest.raises(ValueError, match="at least 0"):
        trace(counts, *case(counts)[:2], [[-1.0]] * 3)
    wide = Network(100, [Dense(50, "relu"), Dense(1, "identity")])
    with pytest.raises(ValueError, match=r"level='layer'.*unit\(layer, unit\)"):
        trace(wide, *case(wide), level="unit")
