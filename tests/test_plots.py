"""Pictures: what is drawn is what was learnt."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay, PredictionErrorDisplay, confusion_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.plots import (
    LossCurveDisplay,
    NetworkDisplay,
    confusion_display,
    confusion_from_estimator,
    residuals_display,
    residuals_from_estimator,
    to_svg,
)
from chainrule.plots.style import BLUE, ORANGE, literal

mpl.use("Agg")
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 3))
Y = np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)]


@pytest.fixture(scope="module")
def classifier():
    options = {"hidden_layer_sizes": (20, 4), "max_iter": 30, "early_stopping": True, "random_state": 0}
    return MLPClassifier(**options, n_iter_no_change=8, tol=0.5).fit(X, Y)


def fresh():
    return Figure().subplots()


def test_curves_are_those_of_the_estimator(classifier):
    display = LossCurveDisplay.from_estimator(classifier, ax=fresh(), log=True)
    training, validation = display.lines_
    np.testing.assert_array_equal(training.get_ydata(), classifier.loss_curve_)
    np.testing.assert_array_equal(validation.get_ydata(), classifier.validation_loss_curve_)
    assert display.best_epoch == int(np.argmax(classifier.validation_scores_)) + 1
    assert display.ax_.get_yscale() == "log"
    assert display.figure_ is display.ax_.figure
    assert training.get_linestyle() != validation.get_linestyle()


def test_without_validation_there_is_one_curve():
    fitted = MLPRegressor(solver="lbfgs", hidden_layer_sizes=(3,), max_iter=5000, random_state=0).fit(X, X[:, 0])
    display = LossCurveDisplay.from_estimator(fitted, ax=fresh())
    assert len(display.lines_) == 1
    assert display.best_epoch is None
    assert display.ax_.get_xlabel() == "iteration"


def test_a_new_figure_is_made_where_no_axes_are_given():
    import matplotlib.pyplot as plt

    display = LossCurveDisplay(training=[3.0, 2.0]).plot()
    assert display.figure_.number in plt.get_fignums()
    plt.close(display.figure_)


def test_lines_are_the_weights():
    weights = [np.array([[1.0, -0.5], [0.01, 0.25]]), np.array([[2.0], [-2.0]])]
    display = NetworkDisplay(weights=weights, titles=["2", "2", "1"]).plot(fresh())
    positive_in, negative_in, positive_out, negative_out = display.ax_.collections[:4]
    assert sorted(positive_in.get_linewidths()) == [0.75, 3.0]
    assert sorted(negative_in.get_linewidths()) == [1.5]
    assert len(positive_out.get_segments()) == len(negative_out.get_segments()) == 1
    np.testing.assert_array_equal(negative_in.get_segments()[0], [[0, 0.5], [1, -0.5]])
    assert to_rgba(BLUE)[:3] == tuple(positive_in.get_colors()[0][:3])
    assert to_rgba(ORANGE)[:3] == tuple(negative_in.get_colors()[0][:3])
    assert positive_in.get_linestyle() != negative_in.get_linestyle()


def test_the_strongest_units_are_drawn_and_the_rest_counted(classifier):
    display = NetworkDisplay.from_estimator(classifier, ax=fresh(), max_units=6)
    into, out = classifier.coefs_[0], classifier.coefs_[1]
    strength = np.linalg.norm(into, axis=0) * np.linalg.norm(out, axis=1)
    assert display.shown_[1].tolist() == sorted(np.argsort(-strength)[:6])
    assert [len(units) for units in display.shown_] == [3, 6, 4, 1]
    texts = [text.get_text() for text in display.ax_.texts]
    assert "… 14 more" in texts
    assert "20 relu" in texts
    assert "P(yes)" in texts


def test_confusion_matrix_and_residuals():
    truth, predicted = np.array(list("aabbc")), np.array(list("abbbc"))
    matrix = confusion_matrix(truth, predicted)
    display = confusion_display(matrix, ["a", "b", "c"], ax=fresh())
    assert [text.get_text() for text in display.text_.ravel()] == [str(count) for count in matrix.ravel()]
    numbers = RANDOM.normal(size=5000)
    shown = residuals_display(numbers, numbers + 1, ax=fresh())
    points = shown.scatter_.get_offsets()
    assert 1000 < len(points) <= 2000
    np.testing.assert_allclose(points[:, 1], -1, atol=1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_confusion_matrix_and_residuals_of_an_estimator():
    """The same pictures as of the numbers counted by hand."""
    X = RANDOM.normal(size=(60, 2))
    y = np.array(list("abc"))[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)]
    model = make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=5, random_state=0)).fit(X, y)
    display = confusion_from_estimator(model, X, y, ax=fresh())
    assert isinstance(display, ConfusionMatrixDisplay)
    assert display.confusion_matrix.tolist() == confusion_matrix(y, model.predict(X)).tolist()
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["a", "b", "c"]
    without = y != "c"
    assert confusion_from_estimator(model, X[without], y[without], ax=fresh()).confusion_matrix.shape == (3, 3)
    number = MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(X, X[:, 0])
    shown = residuals_from_estimator(number, X, X[:, 0], ax=fresh())
    assert isinstance(shown, PredictionErrorDisplay)
    points = shown.scatter_.get_offsets()
    np.testing.assert_allclose(points, np.stack([number.predict(X), X[:, 0] - number.predict(X)], axis=1), atol=1e-7)
    with pytest.raises(TypeError, match="residuals_from_estimator"):
        confusion_from_estimator(number, X, X[:, 0])
    with pytest.raises(TypeError, match="confusion_from_estimator"):
        residuals_from_estimator(model, X, y)


def test_a_hundred_classes_are_drawn_without_labels():
    display = confusion_display(np.eye(100, dtype=int), [f"class {i}" for i in range(100)], ax=fresh())
    assert len(display.ax_.get_xticks()) == 0


def test_names_are_never_formulas():
    assert literal("cost in $ and $\\alpha") == r"cost in \$ and \$\alpha"
    display = NetworkDisplay(weights=[np.ones((2, 1))], titles=["2", "1"], input_names=["$x^{", "a\n$b$"])
    svg = to_svg(display.plot(fresh()).figure_)
    assert svg.startswith("<svg")


def test_svg_is_the_same_every_time_and_names_no_place_to_load_from(classifier):
    first, second = (to_svg(LossCurveDisplay.from_estimator(classifier, ax=fresh()).figure_) for _ in range(2))
    assert first == second
    root = ET.fromstring(first)
    links = [value for node in root.iter() for name, value in node.attrib.items() if name.endswith("href")]
    assert links
    assert all(link.startswith("#") for link in links)
    assert "<image" not in first
    assert "<script" not in first
