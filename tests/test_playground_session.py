"""The playground's session: held to `train`, to the original of TensorFlow Playground, and to itself going back."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.datasets.rival import start
from chainrule.engines import TrainingData, choose
from chainrule.formulas.schedules import SCHEDULES
from chainrule.formulas.solvers import SGD, SOLVERS
from chainrule.network import Dense, Network
from chainrule.playground import Session, Setup
from chainrule.training import train
from tests.test_rival import RUNS, TOLERANCES

SMALL = {"data": {"n": 120, "seed": 3}, "network": {"layers": [{"units": 5, "activation": "tanh"}]}}
LAYERS = {
    "dropout": [{"units": 6, "activation": "relu", "dropout": 0.3}],
    "batch_norm": [{"units": 6, "activation": "tanh", "batch_norm": True}],
}


def session(**changes):
    setup, notes = Setup.from_plain({**SMALL, **changes})
    assert not notes
    return Session(setup)


def trained(run, epochs, **more):
    """The same by `train`."""
    built, asked = run.built, run.setup.training
    data = built.data
    network = built.network
    training = train(
        network,
        network.init(run.setup.network.seed, run.setup.network.initializer, dtype=built.X.dtype),
        built.X[data.train],
        built.Y[data.train],
        solver=asked.solver,
        learning_rate=asked.schedule,
        learning_rate_init=asked.learning_rate,
        batch_size=asked.batch_size,
        shuffle=asked.shuffle,
        l1=asked.l1,
        l2=asked.l2,
        alpha=asked.alpha,
        weight_decay=asked.weight_decay,
        max_iter=epochs,
        random_state=asked.seed,
        **{"tol": 0.0, "n_iter_no_change": np.inf, **more},
    )
    training.run()
    return training.theta


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("setting", RUNS, ids=str)
def test_parity_with_the_rival(setting, engine):
    shape, hidden, squares = setting
    on = {"x": not squares, "y": not squares, "xSquared": squares, "ySquared": squares}
    features = "&".join(f"{key}={str(value).lower()}" for key, value in on.items())
    shown = ",".join(map(str, hidden))
    link = (
        f"https://playground.tensorflow.org/#activation=tanh&batchSize=10&dataset={shape}&regDataset=reg-plane&learningRate=0.03"
        f"&regularizationRate=0&noise=0&networkShape={shown}&seed=0.59704&percTrainData=50&{features}&problem=classification"
    )
    opened, notes = Session.open(link)
    opened.change({"run.engine": engine})
    assert {note["level"] for note in notes} == {"info"} and opened.setup.run.compat
    for epoch, expected in RUNS[setting].items():
        while opened.run.learner.epochs < epoch:
            opened.advance(epoch - opened.run.learner.epochs)
        judged = opened.judged()
        slack = max(TOLERANCES[epoch], 5e-9 if max(len(repr(value)) for value in expected) < 13 else 0)
        np.testing.assert_allclose((judged.train, judged.test), expected, atol=slack, rtol=0)


def original(begun, network, epochs, batch, rate, l1=0.0, l2=0.0):
    """nn.ts row by row: gradients add up, an update after every `batch` rows, nothing at the end of an epoch; dead weights."""
    theta = network.pack(begun.weights, begun.biases)
    X, y = begun.X[: begun.n_train], begun.y[: begun.n_train, None]
    count, total, seen = network.n_weights, np.zeros_like(theta), 0
    dead = np.zeros(count, bool)
    for _ in range(epochs):
        for row in range(len(X)):
            total += network.loss_and_gradient(theta, X[row : row + 1], y[row : row + 1], engine="reference")[1]
            seen += 1
            if (row + 1) % batch:
                continue
            before = theta.copy()
            theta = theta - rate / seen * total
            weights, old = theta[:count], before[:count]
            changed = weights - rate * (l1 * np.sign(old) + l2 * old)
            crossed = (weights * changed < 0) & (l1 > 0)
            theta[:count] = np.where(crossed | dead, 0.0, changed)
            dead |= crossed
            total, seen = np.zeros_like(theta), 0
    return theta, dead


@pytest.mark.parametrize(
    ("batch", "penalty", "rate"), [(7, "none", 0), (30, "L2", 0.01), (10, "L1", 0.03), (7, "L1", 0.1)]
)
def test_quirks_of_the_rival(batch, penalty, rate):
    link = (
        f"playground.tensorflow.org/#batchSize={batch}&dataset=xor&learningRate=0.1&regularization={penalty}"
        f"&regularizationRate={rate}&noise=10&networkShape=3&seed=0.11111&percTrainData=40"
    )
    opened, _ = Session.open(link)
    opened.advance(12)
    begun = start("xor", (2, 3, 1), "0.11111", 0.1, 40)
    network = Network(2, [Dense(3, "tanh"), Dense(1, "tanh")], "squared_error")
    theta, dead = original(begun, network, 12, batch, 0.1, *((rate, 0) if penalty == "L1" else (0, rate)))
    np.testing.assert_allclose(opened.run.learner.theta, theta, atol=1e-12)
    if penalty == "L1":
        assert dead.any() and (opened.run.learner.theta[: network.n_weights][dead] == 0).all()


@pytest.mark.parametrize("name", [name for name, solver in SOLVERS.items() if solver.stochastic])
def test_every_solver_as_train(name):
    run = session(training={"solver": {"name": name}, "learning_rate": 0.01, "l2": 0.001}).run
    run.advance(37)
    np.testing.assert_array_equal(run.learner.theta, trained(run, 37))


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_as_train(name):
    told = {"name": name, "warmup": 2.5} | ({"epochs": 20} if name in ("cosine", "one_cycle") else {})
    run = session(training={"schedule": told, "learning_rate": 0.1}).run
    run.advance(30)
    more = {"tol": 1e-4, "n_iter_no_change": 10} if name == "adaptive" else {}
    np.testing.assert_array_equal(run.learner.theta, trained(run, 30, **more))


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_and_normalisation_as_train(kind, dtype):
    run = session(network={"layers": LAYERS[kind]}, run={"dtype": dtype}).run
    run.advance(15)
    assert run.learner.theta.dtype == dtype
    np.testing.assert_array_equal(run.learner.theta, trained(run, 15))


def test_lbfgs_as_train():
    run = session(training={"solver": {"name": "lbfgs"}, "alpha": 0.1}).run
    run.advance(20)
    np.testing.assert_array_equal(run.learner.theta, trained(run, 20, tol=1e-9))
    there = run.learner.theta
    run.back("epoch", 5)
    assert run.learner.epochs == 15 and not run.can_back()["batch"]
    run.advance(5)
    np.testing.assert_array_equal(run.learner.theta, there)


def test_advance_in_pieces_is_one_advance():
    whole, pieces = session(), session()
    whole.advance(200)
    while pieces.run.learner.epochs < 200:
        pieces.advance(1 + pieces.run.learner.epochs % 7)
        if pieces.run.learner.epochs > 200:
            pieces.back("epoch", pieces.run.learner.epochs - 200)
    np.testing.assert_array_equal(whole.run.learner.theta, pieces.run.learner.theta)
    np.testing.assert_array_equal(whole.run.curve.table()[:, :7], pieces.run.curve.table()[:, :7])


def test_steps_make_an_epoch():
    whole, steps = session(), session()
    whole.advance(3)
    for _ in range(3 * 6):
        steps.step("batch")
    assert steps.status()["epoch"] == 3 and steps.status()["batch"] == 0
    np.testing.assert_array_equal(whole.run.learner.theta, steps.run.learner.theta)


def test_a_sample_is_a_step_on_one_row():
    one = session(training={"shuffle": False, "learning_rate": 0.2})
    before, built = one.run.learner.theta, one.built
    one.step("sample")
    row = built.data.train[:1]
    data = TrainingData(built.X[row], built.Y[row])
    engine = choose("reference", built.network, np.float64).session(built.network, before, data, SGD(0.0, False))
    engine.epoch(np.array([0]), np.array([0.2]), 1)
    np.testing.assert_allclose(one.run.learner.theta, engine.theta, atol=1e-14)
    one.step("epoch")
    assert one.status()["epoch"] == 1 and one.status()["batch"] == 0


@pytest.mark.parametrize("kind", ["dropout", "batch_norm"])
def test_back_is_exact(kind):
    """Every moment of a run with steps of all sizes, a change and an edit, gone through backwards."""
    one = session(network={"layers": LAYERS[kind]}, training={"solver": {"name": "adam"}})
    seen = [(one.run.learner.updates, one.run.learner.theta)]

    def note():
        seen.append((one.run.learner.updates, one.run.learner.theta))

    one.advance(4)
    note()
    for _ in range(8):
        one.step("batch")
        note()
    if kind == "dropout":
        one.step("sample")
        note()
    one.advance(2)
    note()
    one.change({"training.learning_rate": 0.1})
    one.advance(3)
    note()
    while one.run.learner.updates:
        one.back("batch")
        known = dict(seen)
        if one.run.learner.updates in known:
            np.testing.assert_array_equal(one.run.learner.theta, known[one.run.learner.updates])
    assert one.setup.training.learning_rate == 0.03
    with pytest.raises(ValueError, match="start"):
        one.back("epoch")


def test_back_by_epochs_undoes_changes():
    one = session()
    one.advance(10)
    ten = one.run.learner.theta
    one.step("batch")
    one.back("epoch")
    np.testing.assert_array_equal(one.run.learner.theta, ten)
    one.change({"training.solver": "adam"})
    one.edit("weight", 0, 1, 2.5, source=0)
    one.advance(500)
    one.change({"view.plane": "principal"})
    one.back("epoch", 500)
    assert one.setup.training.solver.name == "adam" and one.built.network.views(one.run.learner.theta).W[0][0, 1] == 2.5
    reply = one.back("epoch", 1)
    assert one.setup.training.solver.name == "sgd" and "setup" in reply["changed"]
    assert one.setup.view.plane == "principal"
    one.advance(1)
    np.testing.assert_array_equal(one.run.learner.theta, ten)
    assert one.run.curve.rows[-1].epoch == 10


def test_live_changes_as_resumed_training():
    one = session(training={"solver": {"name": "adam"}, "learning_rate": 0.01})
    one.advance(10)
    one.change({"training.learning_rate": 0.002, "training.l1": 0.001, "training.batch_size": 7})
    one.advance(10)
    built = one.built
    X, Y = built.X[built.data.train], built.Y[built.data.train]
    common = {"random_state": 0, "tol": 0.0, "n_iter_no_change": np.inf, "max_iter": 10, "solver": "adam"}
    first = train(built.network, built.network.init(0), X, Y, learning_rate_init=0.01, batch_size=10, **common)
    first.run()
    second = train(
        built.network, first.theta, X, Y, learning_rate_init=0.002, l1=0.001, batch_size=7, resume=first.state, **common
    )
    second.run()
    np.testing.assert_array_equal(one.run.learner.theta, second.theta)


def test_layers_grow_and_shrink_and_keep_what_fits():
    one = session()
    one.advance(20)
    before = one.built.network.views(one.run.learner.theta)
    one.change({"network.layers": [{"units": 7}, {"units": 3}]})
    after = one.built.network.views(one.run.learner.theta)
    np.testing.assert_array_equal(after.W[0][:, :5], before.W[0])
    np.testing.assert_array_equal(after.b[0][:5], before.b[0])
    assert one.status()["epoch"] == 20 and one.status()["widths"] == [2, 7, 3, 1]
    one.change({"network.features": ["x2", "x1^2", "x1"]})
    wider = one.built.network.views(one.run.learner.theta)
    assert one.built.names == ("x1", "x2", "x1^2")
    np.testing.assert_array_equal(wider.W[0][:2], after.W[0])
    one.change({"network.features": ["x2"]})
    np.testing.assert_array_equal(one.built.network.views(one.run.learner.theta).W[0][0], after.W[0][1])
    one.advance(1)
    one.back("epoch", 21)
    assert one.status()["widths"] == [2, 5, 1]


def test_divergence_stops_before_it_shows_and_can_be_undone():
    setup = {
        "data": {"name": "plane", "n": 200},
        "network": {"layers": [{"units": 8, "activation": "relu"}, {"units": 6, "activation": "relu"}]},
        "training": {"learning_rate": 10.0},
    }
    one, _ = Session.open(setup)
    for _ in range(3):
        one.advance(100)
        one.proceed()
    reply = one.advance(100)
    assert reply["status"]["state"] == "diverged"
    stopped = reply["status"]["stopped"]
    assert "learning rate 10" in stopped["text"] and stopped["layer"] in (0, 1, 2) and "lower" in stopped["advice"][0]
    assert np.isfinite(one.run.learner.theta).all() and np.isfinite(one.judged().train)
    assert np.isfinite(one.run.curve.table()[1:, :6]).all()
    one.change({"training.learning_rate": 0.03})
    reply = one.reset()
    assert reply["status"]["state"] == "ready" and reply["status"]["epoch"] == 0
    one.advance(200)
    assert one.status()["state"] == "ready" and one.judged().test_score > 0.9


def test_growing_loss_stops():
    one, _ = Session.open({"data": {"name": "plane"}, "training": {"learning_rate": 0.9}, "network": {"layers": []}})
    one.advance(50)
    assert one.status()["stopped"]["kind"] in ("growing", "diverged")
    first = one.run.curve.rows[0].train
    assert one.judged().train <= 100 * first


def test_until():
    one = session(run={"until": {"epochs": 123}})
    one.advance(1000)
    assert one.status()["epoch"] == 123 and one.status()["stopped"]["kind"] == "until"
    one.advance(1)
    assert one.status()["epoch"] == 123
    one.proceed()
    one.advance(10)
    assert one.status()["epoch"] == 133
    one.change({"run.until.epochs": None, "run.until.train_loss": 0.2})
    one.advance(10**6)
    assert one.judged().train <= 0.2 and one.run.curve.rows[-1].train <= 0.3
    one.back("epoch")
    assert one.judged().train > 0.2


def test_reset_new_weights_new_data():
    one = session()
    start_theta, X = one.run.learner.theta, one.data.X
    one.advance(5)
    one.reset()
    np.testing.assert_array_equal(one.run.learner.theta, start_theta)
    one.new_weights()
    assert one.setup.network.seed == 1 and (one.data.X == X).all()
    assert (one.run.learner.theta != start_theta).all()
    one.new_data()
    assert one.setup.data.seed == 4 and (one.data.X != X).any() and one.setup.network.seed == 1


def test_what_does_not_go_together_is_repaired_with_a_note():
    one = session()
    reply = one.change(
        {"training.solver": {"name": "lbfgs"}, "training.l1": 0.1, "network.loss": "poisson", "nonsense.x": 1}
    )
    told = {note["field"] for note in reply["notes"]}
    assert {"training.solver", "network.loss", "nonsense"} <= told
    assert one.setup.training.l1 == 0 and one.setup.network.loss is None
    one.advance(3)


def test_refusals_change_nothing():
    one = session()
    one.advance(3)
    before = one.describe()
    for action, given in [
        ("edit", {"kind": "weight", "layer": 9, "unit": 0, "source": 0, "value": 1.0}),
        ("edit", {"kind": "bias", "layer": 0, "unit": 0, "value": float("nan")}),
        ("edit", {"kind": "bias", "layer": 0}),
        ("step", {"what": "year"}),
        ("frame", {"wanted": {"moon": True}}),
        ("change", {"changes": {"data.source": "points", "data.points": []}}),
        ("fly", {}),
        ("reset", {"hard": True}),
    ]:
        with pytest.raises(ValueError):
            one.do(action, given)
    after = one.describe()
    assert {**after, "notes": []} == {**before, "notes": []}


def test_engine_without_a_kernel_is_told():
    one = session(run={"engine": "reference"})
    assert one.status()["engine"] == "reference"
    fast = session()
    one.advance(5)
    fast.advance(5)
    np.testing.assert_allclose(one.run.learner.theta, fast.run.learner.theta, atol=1e-10)


@pytest.mark.parametrize("kind", ["dropout", "batch_norm"])
def test_a_long_epoch_is_done_in_parts(kind, monkeypatch):
    """Where time is over within an epoch it stands there, and goes on to the same bits."""
    monkeypatch.setattr("chainrule.playground.training.learner.SHORT", 0.0)
    monkeypatch.setattr("chainrule.playground.training.learner.LARGE", 0)
    parts, whole = (session(network={"layers": LAYERS[kind]}, training={"solver": "adam"}) for _ in range(2))
    stood = set()
    while parts.run.learner.epochs < 5:
        parts.advance(10**6, 1e-9)
        stood.add(parts.status()["batch"])
    assert stood == set(range(6))
    whole.advance(5)
    np.testing.assert_array_equal(parts.run.learner.theta, whole.run.learner.theta)
    np.testing.assert_array_equal(parts.run.curve.table()[:, :7], whole.run.curve.table()[:, :7])
    parts.step("batch")
    parts.back("epoch", 3)
    whole.back("epoch", 2)
    np.testing.assert_array_equal(parts.run.learner.theta, whole.run.learner.theta)
