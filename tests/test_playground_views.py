"""Frames and pictures of the playground, number by number: held to predictions, to scikit-learn, to finite differences."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, mean_squared_error, r2_score

from chainrule.datasets.toys import make_toy
from chainrule.engines import inspection
from chainrule.engines.regions import linear_regions, local_linear
from chainrule.playground import Frame, Session, pack, unpack
from chainrule.playground.pictures.painting import PAINTERS
from chainrule.training import train

EVERYTHING = dict.fromkeys(PAINTERS, True)
RELU = [{"units": 6, "activation": "relu"}, {"units": 3, "activation": "leaky_relu"}]


def opened(epochs=0, **setup):
    one, _ = Session.open(setup)
    if epochs:
        one.advance(epochs)
    return one


def predict(one, X):
    return one.built.network.predict(one.run.learner.theta, one.built.inputs(X), engine="reference")


@pytest.mark.parametrize("name", ["circle", "three", "bumps", "sine"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_frames_survive_the_wire(name, dtype):
    one = opened(3, data={"name": name}, run={"dtype": dtype})
    frame = one.frame(EVERYTHING)
    raw = pack(frame)
    length = int.from_bytes(raw[4:8], "little")
    header = json.loads(raw[8 : 8 + length])
    assert raw[:4] == b"CRF1" and (8 + length) % 8 == 0 and all(part["offset"] % 8 == 0 for part in header["arrays"])
    again = unpack(raw)
    assert again.arrays.keys() == frame.arrays.keys() and again.header["status"]["epoch"] == 3
    for key, array in frame.arrays.items():
        np.testing.assert_array_equal(again.arrays[key], array)
        assert np.isfinite(array).all() or key == "curves"
    with pytest.raises(ValueError, match="CRF1"):
        unpack(b"GIF89a")
    with pytest.raises(ValueError, match="int64"):
        pack(Frame({}, {"x": np.zeros(1, np.int64)}))


def test_the_map_is_the_prediction_at_its_cells():
    one = opened(30)
    frame = one.frame({"map": {"resolution": 40}})
    centres = -6 + 12 * (np.arange(40) + 0.5) / 40
    for row, column in [(0, 0), (39, 0), (5, 31)]:
        expected = predict(one, np.array([[centres[column], centres[row]]]))[0, 0]
        assert frame.arrays["map"][0, row, column] == pytest.approx(expected, abs=1e-6)
    assert frame.header["map"]["border"] == 0.5 and frame.header["map"]["kind"] == "probability"


def test_maps_of_several_outputs_and_values():
    three = opened(10, data={"name": "three"})
    maps = three.frame({"map": True}).arrays["map"]
    assert maps.shape == (3, 60, 60)
    np.testing.assert_allclose(maps.sum(axis=0), 1, atol=1e-5)
    two = opened(10, network={"output": "softmax"})
    assert two.built.network.outputs == 2 and two.frame({"map": True}).arrays["map"].shape == (1, 60, 60)
    rival, _ = Session.open("playground.tensorflow.org/#seed=0.5&dataset=xor")
    told = rival.frame({"map": True}).header["map"]
    assert (told["kind"], told["border"], told["low"], told["high"]) == ("score", 0.0, -1.0, 1.0)
    plane = opened(0, data={"name": "plane"})
    assert plane.frame({"map": True}).header["map"]["kind"] == "value"


def test_unit_maps_are_activations_in_256_steps():
    one = opened(20, network={"layers": RELU, "features": ["x1", "x2", "x1*x2"]})
    frame = one.frame({"units": {"size": 16}})
    grid = one.plane.grid(16)
    layers = [
        one.built.inputs(grid),
        *inspection.activations(one.built.network, one.run.learner.theta, one.built.inputs(grid)),
    ]
    assert len(frame.header["units"]) == 3 + 6 + 3 + 1 and frame.arrays["units"].shape == (13, 16, 16)
    for (layer, unit, low, high), picture in zip(frame.header["units"], frame.arrays["units"], strict=True):
        values = layers[layer + 1][:, unit].reshape(16, 16)
        np.testing.assert_allclose(low + (high - low) * picture / 255.0, values, atol=(high - low) / 500 + 1e-12)
        alone = one.frame({"map": {"resolution": 20, "unit": [layer, unit]}})
        assert alone.header["map"]["kind"] == "unit" and alone.arrays["map"].shape == (1, 20, 20)
    wide = opened(0, network={"layers": [{"units": 300}, {"units": 40}]})
    told = wide.frame({"units": True}).header
    assert len(told["units"]) <= 256 and len(told["units"]) + told["units_left_out"] == 343


@pytest.mark.parametrize("unit", [[9, 0], [0, 99], "x", [0], [-2, 0]])
def test_no_map_of_a_unit_that_is_not_there(unit):
    with pytest.raises(ValueError, match=r"unit|layer"):
        opened().frame({"map": {"unit": unit}})


def test_weights_are_sent_when_they_changed():
    one = opened(2, network={"layers": [{"units": 3, "batch_norm": True}]})
    first = one.frame({"weights": {"known": -1}})
    views = one.built.network.views(one.run.learner.theta)
    np.testing.assert_allclose(first.arrays["W0"], views.W[0], rtol=1e-6)
    np.testing.assert_allclose(first.arrays["gamma0"], views.gamma[0], rtol=1e-6)
    known = first.header["weights"]["version"]
    assert not one.frame({"weights": {"known": known}}).header["weights"]["sent"]
    one.edit("bias", 1, 0, 3.0)
    again = one.frame({"weights": {"known": known}})
    assert again.header["weights"]["sent"] and again.arrays["b1"][0] == 3.0


def test_curves_come_in_pieces():
    one = opened(30)
    first = one.frame({"curves": {"run": -1, "known": 0}})
    table, told = first.arrays["curves"], first.header["curves"]
    assert told["first"] == 0 and told["rows"] == len(table) and table[0, 0] == 0 and np.isnan(table[0, 1])
    assert table[:21, 0].tolist() == list(range(21))
    one.advance(5000)
    more = one.frame({"curves": {"run": one.status()["run"], "known": len(table)}})
    assert more.header["curves"]["first"] == len(table) and more.arrays["curves"][0, 0] > 30
    assert more.header["curves"]["rows"] < 250
    epochs = more.arrays["curves"][:, 0]
    assert (np.diff(epochs) <= 1 + 0.05 * epochs[:-1]).all()
    one.back("epoch", 4000)
    again = one.frame({"curves": {"run": told.get("run", -1), "known": 100}})
    assert again.header["curves"]["first"] == 0 and again.arrays["curves"][-1, 0] <= 1030


def test_the_objective_of_the_curve_is_the_trainings():
    one = opened(12, training={"l2": 0.01})
    built = one.built
    X, Y = built.X[built.data.train], built.Y[built.data.train]
    training = train(
        built.network, built.network.init(0), X, Y, solver=one.setup.training.solver, learning_rate_init=0.03, batch_size=10,
        l2=0.01, max_iter=12, random_state=0, n_iter_no_change=np.inf,
    )  # fmt: skip
    epochs = training.run()
    np.testing.assert_array_equal(one.run.curve.table()[1:, 1], [epoch.loss for epoch in epochs])
    norms = one.frame({"norms": True})
    np.testing.assert_array_equal(norms.arrays["gradient_norms"], epochs[-1].gradient_norms)
    np.testing.assert_array_equal(norms.arrays["update_norms"], epochs[-1].update_norms)


def test_metrics_of_a_classifier_are_scikit_learns():
    one = opened(40, data={"name": "three", "noise": 0.5, "n": 300})
    metrics, data = one.frame({"metrics": True}).header["metrics"], one.data
    for part, rows in (("train", data.train), ("test", data.test)):
        outputs = predict(one, data.X[rows])
        assert metrics[f"{part}_score"] == accuracy_score(data.y[rows], outputs.argmax(axis=1))
        assert metrics["confusion"][part] == confusion_matrix(data.y[rows], outputs.argmax(axis=1)).tolist()
        assert metrics[f"{part}_loss"] == pytest.approx(log_loss(data.y[rows], outputs), rel=1e-9)


def test_metrics_of_a_regression_are_scikit_learns():
    one = opened(40, data={"name": "bumps", "noise": 0.1})
    metrics, data = one.frame({"metrics": True}).header["metrics"], one.data
    outputs = predict(one, data.X[data.test])[:, 0]
    assert metrics["test_score"] == pytest.approx(r2_score(data.y[data.test], outputs), rel=1e-9)
    assert metrics["test_rmse"] == pytest.approx(mean_squared_error(data.y[data.test], outputs) ** 0.5, rel=1e-9)
    assert metrics["test_loss"] == pytest.approx(mean_squared_error(data.y[data.test], outputs) / 2, rel=1e-9)


def test_the_boundary_in_words():
    one = opened(300)
    text = one.frame({"metrics": True}).header["metrics"]["boundary"]
    assert "class 1 covers" in text and text.endswith("in one region, closed")
    share = (predict(one, one.plane.grid(30)) > 0.5).mean()
    assert f"class 1 covers {share:.0%}" in text


def test_hidden_space():
    one = opened(20, network={"layers": [{"units": 5}, {"units": 2}]})
    layers = inspection.activations(one.built.network, one.run.learner.theta, one.built.X)
    frame = one.frame({"hidden": True})
    np.testing.assert_allclose(frame.arrays["hidden"], layers[1], atol=1e-6)
    assert frame.arrays["hidden_grid"].shape == (21, 21, 2)
    first = one.frame({"hidden": {"layer": 0}})
    pca = PCA(2).fit(layers[0][one.data.train])
    np.testing.assert_allclose(np.abs(first.arrays["hidden"]), np.abs(pca.transform(layers[0])), atol=1e-5)
    assert first.header["hidden"]["explained"] == pytest.approx(pca.explained_variance_ratio_.sum())


def test_histograms_find_dead_and_saturated_units():
    one = opened(0, network={"layers": [{"units": 4, "activation": "relu"}, {"units": 2, "activation": "tanh"}]})
    for unit in range(3):
        one.edit("bias", 0, unit, -100.0)
    one.edit("bias", 1, 0, 50.0)
    frame = one.frame({"histograms": True})
    hidden, deeper = frame.header["histograms"][:2]
    assert hidden["dead"] == 0.75 and 0.5 <= deeper["saturated"] <= 1
    np.testing.assert_allclose(frame.arrays["histograms"].sum(axis=1), 1, rtol=1e-6)


def test_joints_of_a_function_on_a_line():
    one = opened(
        300, data={"name": "sine", "n": 200, "train": 0.8}, training={"solver": "adam", "learning_rate": 0.01},
        network={"layers": [{"units": 8, "activation": "relu"}, {"units": 4, "activation": "relu"}], "initializer": "he_normal"},
    )  # fmt: skip
    frame = one.frame({"line": {"resolution": 500}})
    told = frame.header["line"]
    assert told["joints"] and len(told["pieces"]) == len({joint["x"] for joint in told["joints"]}) + 1
    x = np.linspace(*one.data.box()[:2], 3001)
    slopes = local_linear(one.built.network, one.run.learner.theta, one.built.inputs(x[:, None])).A[:, 0, 0]
    changes = np.flatnonzero(np.abs(np.diff(slopes)) > 1e-9)
    joints = np.array([joint["x"] for joint in told["joints"]])
    for place in changes:
        assert ((joints >= x[place] - 1e-9) & (joints <= x[place + 1] + 1e-9)).any()
    for start, end, slope, offset in told["pieces"]:
        middle = (start + end) / 2
        assert slope * middle + offset == pytest.approx(predict(one, np.array([[middle]]))[0, 0], abs=1e-9)
    np.testing.assert_allclose(frame.arrays["line_mean"], np.sin(2 * np.pi * frame.arrays["line_x"]), atol=1e-5)


def test_a_shallow_function_is_the_sum_of_its_parts():
    one = opened(50, data={"name": "line"}, network={"layers": [{"units": 5, "activation": "relu"}]})
    frame = one.frame({"line": True})
    bias = one.built.network.views(one.run.learner.theta).b[1][0]
    np.testing.assert_allclose(frame.arrays["line_parts"].sum(axis=0) + bias, frame.arrays["line_y"][0], atol=1e-5)
    assert frame.arrays["line_units"].shape == (5, 200) and "map" not in one.frame({"map": True}).arrays


def test_points_are_where_they_are():
    one = opened(data={"name": "gauss", "n": 60})
    frame = one.do("points")
    np.testing.assert_allclose(frame.arrays["X"], one.data.X, rtol=1e-6)
    np.testing.assert_array_equal(np.flatnonzero(frame.arrays["train"]), one.data.train)
    line = opened(data={"name": "sine"}).do("points")
    assert line.header["axes"] == ["x1", "y"] and line.arrays["X"].shape == (500, 2)


def test_the_true_boundary():
    one = opened(data={"name": "gauss", "noise": 0.4, "n": 2000})
    frame = one.do("bayes", {"resolution": 30})
    sample = make_toy("gauss", 2000, 0.4, 0)
    np.testing.assert_allclose(frame.arrays["bayes"].ravel(), sample.posterior(one.plane.grid(30)), atol=1e-6)
    assert frame.header["accuracy"] == ((sample.posterior(sample.X) > 0.5) == sample.y).mean()
    assert not opened().do("bayes").header["known"]
    mean = opened(data={"name": "plane"}).do("bayes")
    assert mean.header["known"] and mean.arrays["bayes"].shape == (60, 60)


@pytest.mark.parametrize("kind", ["path", "random"])
def test_the_loss_surface_goes_through_the_network(kind):
    one = opened(60)
    frame = one.do("surface", {"kind": kind, "resolution": 11})
    left, right, bottom, top = frame.header["limits"]
    u, v = frame.arrays["now"]
    assert left <= u <= right and bottom <= v <= top and frame.arrays["surface"].shape == (11, 11)
    np.testing.assert_allclose((u, v), 0, atol=1e-6)
    assert frame.arrays["path"].shape[0] == len(frame.arrays["path_epochs"]) and frame.arrays["path_epochs"][-1] == 60
    if kind == "random":
        assert frame.arrays["surface"][5, 5] == pytest.approx(one.judged().train, rel=1e-5)
    else:
        np.testing.assert_allclose(frame.arrays["path"][-1], 0, atol=1e-6)
    start = opened()
    assert "Random directions" in start.do("surface", {"resolution": 5}).header["text"]


def test_linear_regions_are_exact():
    one = opened(40, network={"layers": RELU}, data={"scale": True})
    frame = one.do("regions")
    assert frame.header["known"] and sum(frame.header["polygons"]) == len(frame.arrays["corners"])
    built = one.built
    direct = linear_regions(
        built.network,
        one.run.learner.theta,
        (-6, 6, -6, 6),
        origin=-built.centre / built.spread,
        directions=np.eye(2) / built.spread,
    )
    assert frame.header["count"] == direct.n_activation_regions and frame.header["linear"] == direct.n_linear_regions
    ends = frame.arrays["borders"].reshape(-1, 2).astype(np.float64)
    np.testing.assert_allclose(predict(one, ends), 0.5, atol=1e-4)
    assert "straight" in opened().do("regions").header["text"] or not opened().do("regions").header["known"]
    squares = opened(network={"features": ["x1^2"], "layers": RELU})
    assert "features x1 and x2 alone" in squares.do("regions").header["text"]


def test_large_networks_and_data_are_drawn():
    rng = np.random.default_rng(0)
    from chainrule.playground import Source

    one = Session(source=Source.from_arrays(rng.normal(size=(1000, 10)), rng.integers(0, 3, 1000)))
    one.change({"network.layers": [{"units": 200, "activation": "relu"}, {"units": 200, "activation": "relu"}]})
    one.advance(2)
    frame = one.frame(EVERYTHING)
    assert len(frame.header["units"]) <= 256 and frame.arrays["map"].shape[0] == 3
    assert "slice at" in frame.header["map"]["slice"]
    assert one.do("regions").header["known"] in (True, False)
