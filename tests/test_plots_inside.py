"""Pictures of what is inside a network: what is drawn is what was recorded, put out, learnt."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.special import expit
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule.datasets.toys import make_toy
from chainrule.engines.regions import linear_regions
from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.solvers import LBFGS, Adam
from chainrule.plots import (
    ActivationsDisplay,
    DecisionDisplay,
    LayerNormsDisplay,
    LinearRegionsDisplay,
    LossCurveDisplay,
    LossSurfaceDisplay,
    NetworkDisplay,
    WeightImagesDisplay,
    confusion_display,
    residuals_display,
    to_svg,
    training_path,
)
from chainrule.plots.activity import activity
from chainrule.tables import TableModel, read_table
from chainrule.training.evidence import flat_parts

mpl.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
PENGUINS = Path(__file__).parent.parent / "examples" / "penguins.csv"
MOONS = make_toy("moons", 150, 0.1, seed=0)


def panels(count):
    return Figure().subplots(1, count, squeeze=False)[0]


@pytest.fixture(scope="module")
def model():
    return MLPClassifier((7, 5), max_iter=12, random_state=0).fit(MOONS.X, MOONS.y)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return MLPClassifier((30,), max_iter=10, random_state=0).fit(X / 16, y), X / 16


def test_a_solver_given_as_an_object_counts_as_its_name():
    """L-BFGS has iterations, and no start among its parameters, however it is named."""
    for solver in ("lbfgs", LBFGS()):
        found = MLPClassifier((3,), solver=solver, max_iter=5, random_state=0).fit(MOONS.X, MOONS.y)
        assert LossCurveDisplay.from_estimator(found, ax=panels(1)[0]).unit == "iteration"
        assert LayerNormsDisplay.from_estimator(found, ax=panels(2)).unit == "iteration"
        path, trained = training_path(found, MOONS.X, MOONS.y)
        assert len(path) == trained.n_iter_ and np.array_equal(path[-1], trained.theta_)
    found = MLPClassifier((3,), solver=Adam(), max_iter=5, random_state=0).fit(MOONS.X, MOONS.y)
    assert LossCurveDisplay.from_estimator(found, ax=panels(1)[0]).unit == "epoch"
    assert len(training_path(found, MOONS.X, MOONS.y).thetas) == found.n_iter_ + 1


def test_norms_are_those_of_the_history(model):
    display = LayerNormsDisplay.from_estimator(model, ax=panels(2))
    assert display.layers == ["hidden 1", "hidden 2", "output"]
    for kind, name in (("gradient", "gradient_norms"), ("update", "update_norms")):
        for layer, line in enumerate(display.lines_[kind]):
            recorded = [getattr(epoch, name)[layer] for epoch in model.history_]
            np.testing.assert_array_equal(line.get_ydata(), recorded)
    assert [panel.get_yscale() for panel in display.axes_] == ["log", "log"]
    assert len({line.get_linestyle() for line in display.lines_["update"]}) == 3


def test_norms_of_one_kind_and_zeros(model):
    display = LayerNormsDisplay.from_estimator(model, kinds=["update"], ax=panels(1))
    assert list(display.lines_) == ["update"]
    frozen = MLPClassifier((7,), layer_rates=[0, 1], max_iter=3, random_state=0).fit(MOONS.X, MOONS.y)
    shown = LayerNormsDisplay.from_estimator(frozen, ax=panels(2))
    assert np.isnan(shown.lines_["update"][0].get_ydata()).all()
    with pytest.raises(ValueError, match=r"kinds must be some of \['gradient', 'update'\]"):
        LayerNormsDisplay.from_estimator(model, kinds=["weights"])
    with pytest.raises(ValueError, match="2 panels, so it needs as many axes; got 3"):
        LayerNormsDisplay.from_estimator(model, ax=panels(3))


def test_histograms_hold_every_activation_that_is_not_zero(model):
    display = ActivationsDisplay.from_estimator(model, MOONS.X, ax=panels(3))
    for panel, values in zip(display.axes_, model.activations(MOONS.X), strict=True):
        heights = [bar.get_height() for bar in panel.patches]
        assert sum(heights) == pytest.approx(np.count_nonzero(values) / values.size)
    assert [panel.get_title(loc="left") for panel in display.axes_] == [
        "hidden 1: 7 relu", "hidden 2: 5 relu", "output: 1 logistic",
    ]  # fmt: skip


@pytest.mark.parametrize("name", [name for name, entry in ACTIVATIONS.items() if entry.slope is not None])
def test_picture_and_diagnosis_count_alike(name):
    """What is flat in the picture is dead or saturated in the diagnosis."""
    function, z = ACTIVATIONS[name], np.random.default_rng(0).normal(np.linspace(-40, 10, 40), 6, (12, 40))
    a = function.value(z)
    found, (dead, saturated) = activity(0, 2, function, z, a), flat_parts(function, z, a)
    if np.isnan(dead) and np.isnan(saturated):
        assert (found.flat, found.stuck) == (0, 0)
    elif np.isnan(dead):
        assert found.flat == saturated > 0
    else:
        assert found.stuck / 40 == dead > 0


def test_dead_and_saturated_units_are_counted():
    z = np.array([[1.0, -1.0, 3.0, -2.0], [2.0, -3.0, -1.0, -4.0]])
    dead = activity(0, 2, ACTIVATIONS["relu"], z, np.maximum(z, 0))
    assert (dead.flat, dead.stuck) == (5 / 8, 2)
    # The slope of the logistic is s (1 - s), at most 1/4: below a twentieth of that from |z| = 4.36 on.
    z = np.array([[4.3, 4.4, -9.0], [0.0, -4.4, 9.0]])
    assert (expit(4.36) * expit(-4.36) < 0.0125) and (expit(4.35) * expit(-4.35) > 0.0125)
    saturated = activity(0, 2, ACTIVATIONS["logistic"], z, expit(z))
    assert (saturated.flat, saturated.stuck) == (4 / 6, 2)
    for entry in ACTIVATIONS.values():
        assert 0 <= activity(1, 2, entry, z, entry.value(z)).flat <= 1


def test_weight_images_are_the_weights(digits):
    fitted, _ = digits
    display = WeightImagesDisplay.from_estimator(fitted, max_images=6, ax=panels(6))
    W = fitted.coefs_[0]
    assert display.shown_.tolist() == sorted(np.argsort(-np.linalg.norm(W, axis=0))[:6])
    for panel, unit in zip(display.axes_, display.shown_, strict=True):
        (image,) = panel.get_images()
        np.testing.assert_array_equal(image.get_array().ravel(), W[:, unit])
        assert image.get_clim() == (-np.abs(W).max(), np.abs(W).max())
    tall = WeightImagesDisplay.from_estimator(fitted, shape=(16, 4), max_images=2, ax=panels(2))
    assert tall.axes_[0].get_images()[0].get_array().shape == (16, 4)
    with pytest.raises(ValueError, match="height \\* width = 64 inputs"):
        WeightImagesDisplay.from_estimator(fitted, shape=(5, 5))
    with pytest.raises(ValueError, match="max_images must be a whole number, at least 1"):
        WeightImagesDisplay.from_estimator(fitted, max_images=0)
    with pytest.raises(ValueError, match="2 inputs are no square image"):
        WeightImagesDisplay.from_estimator(MLPClassifier((2,), max_iter=2).fit(MOONS.X, MOONS.y))


def test_the_regions_drawn_are_the_regions(model):
    display = LinearRegionsDisplay.from_estimator(model, MOONS.X, MOONS.y, ax=Figure().subplots())
    expected = linear_regions(model.network_, model.theta_, display.regions.limits)
    assert len(display.pieces_.get_paths()) == expected.n_activation_regions
    assert display.ax_.get_title(loc="left").startswith(f"{expected.n_linear_regions} linear regions")
    greys = display.pieces_.get_facecolors()
    linear = expected.linear_regions
    for first, second in expected.neighbours:
        assert (linear[first] == linear[second]) == np.array_equal(greys[first], greys[second])
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["decision boundary", "0", "1"]


def test_regions_behind_a_scaler_and_in_a_plane_of_images(digits):
    steps = make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(6,), max_iter=5, random_state=0))
    display = LinearRegionsDisplay.from_estimator(steps.fit(MOONS.X, MOONS.y), MOONS.X, ax=Figure().subplots())
    np.testing.assert_allclose(display.points.std(axis=0), 1)
    assert display.ax_.get_legend() is None
    fitted, X = digits
    plane = {"origin": X[0], "directions": X[1:3] - X[0], "limits": (-0.5, 1.5, -0.5, 1.5)}
    shown = LinearRegionsDisplay.from_estimator(fitted, **plane, ax=Figure().subplots())
    assert shown.regions.A.shape[1:] == (10, 2)
    with pytest.raises(ValueError, match="give limits"):
        LinearRegionsDisplay.from_estimator(fitted, X)


def test_a_model_of_a_table_opens():
    table = read_table(PENGUINS)
    fitted = TableModel.fit(table, "species", seed=0, estimator_params={"max_iter": 10})
    inputs = len(fitted.schema.inputs)
    shown = NetworkDisplay.from_estimator(fitted, ax=Figure().subplots(), max_units=inputs)
    texts = [text.get_text() for text in shown.ax_.texts]
    assert {"Adelie", "Gentoo", "bill_length_mm"} <= set(texts)
    assert len(LossCurveDisplay.from_estimator(fitted, ax=Figure().subplots()).training) == fitted.estimator.n_iter_
    assert len(LayerNormsDisplay.from_estimator(fitted, ax=panels(2)).epochs) == fitted.estimator.n_iter_
    layers = ActivationsDisplay.from_estimator(fitted, table, ax=panels(len(fitted.estimator.coefs_))).layers
    np.testing.assert_allclose(layers[-1].values, fitted.predict_proba(table), rtol=1e-5, atol=1e-7)


def test_every_picture_is_an_svg_that_loads_nothing(model):
    pictures = [
        LossCurveDisplay.from_estimator(model, ax=Figure().subplots()),
        NetworkDisplay.from_estimator(model, ax=Figure().subplots()),
        LayerNormsDisplay.from_estimator(model, ax=panels(2)),
        ActivationsDisplay.from_estimator(model, MOONS.X, ax=panels(3)),
        LinearRegionsDisplay.from_estimator(model, MOONS.X, MOONS.y, ax=Figure().subplots()),
        DecisionDisplay.from_estimator(model, MOONS.X, MOONS.y, ax=Figure().subplots()),
        LossSurfaceDisplay.from_estimator(model, MOONS.X, MOONS.y, resolution=5, ax=Figure().subplots()),
    ]
    for picture in pictures:
        root = ET.fromstring(to_svg(picture.figure_))
        links = [value for node in root.iter() for name, value in node.attrib.items() if name.endswith("href")]
        assert all(link.startswith(("#", "data:image/png")) for link in links), type(picture).__name__


@pytest.mark.parametrize(
    "display", [NetworkDisplay, LossCurveDisplay, LayerNormsDisplay, WeightImagesDisplay, LinearRegionsDisplay]
)
def test_wrong_models_are_refused(display):
    with pytest.raises(TypeError, match="expected a fitted MLPClassifier or MLPRegressor"):
        display.from_estimator(StandardScaler())
    with pytest.raises(ValueError, match="not fitted yet"):
        display.from_estimator(MLPClassifier())


@pytest.mark.parametrize(
    ("draw", "error", "complaint"),
    [
        (
            lambda model: NetworkDisplay.from_estimator(model, input_names=["a"]),
            ValueError,
            "input_names must name all 2; got 1",
        ),
        (
            lambda model: WeightImagesDisplay.from_estimator(model, shape=3),
            ValueError,
            r"shape must be \(height, width\)",
        ),
        (lambda model: WeightImagesDisplay.from_estimator(model, shape=("a", "b")), ValueError, "shape must be"),
        (lambda model: DecisionDisplay.from_estimator(model, MOONS.X, bayes=3), TypeError, "bayes must be a function"),
        (lambda model: DecisionDisplay.from_estimator(model, MOONS.X, row="a"), ValueError, "row must be from 0"),
        (lambda model: confusion_display([[1, 2], [3, 4]], ["a"]), ValueError, "for each of the 1 labels"),
        (lambda model: residuals_display([1, 2], [1]), ValueError, "of one length"),
        (lambda model: to_svg(3), TypeError, "takes a figure"),
    ],
)
def test_wrong_wishes_are_refused(model, draw, error, complaint):
    with pytest.raises(error, match=complaint):
        draw(model)


def test_a_search_stands_for_the_best_it_found(model):
    search = GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2).fit(MOONS.X, MOONS.y)
    drawn = NetworkDisplay.from_estimator(search, ax=Figure().subplots())
    np.testing.assert_array_equal(drawn.weights[0], search.best_estimator_.coefs_[0])
