"""Decision regions: boundaries where the decision changes, the Bayes boundary where it is known, tables of every kind."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.figure import Figure
from sklearn.datasets import load_iris
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from chainrule.datasets.toys import make_toy
from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.plots import DecisionDisplay
from chainrule.plots.plane import plane_of
from chainrule.tables import TableModel, read_table

mpl.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
PENGUINS = Path(__file__).parent.parent / "examples" / "penguins.csv"
BILL = ("bill_length_mm", "bill_depth_mm")
GAUSS = make_toy("gauss", 200, 0.3, seed=1)
THREE = make_toy("three", 240, 0.1, seed=1)


def drawn(*args, **kwargs):
    return DecisionDisplay.from_estimator(*args, ax=Figure().subplots(), **kwargs)


@pytest.fixture(scope="module")
def penguins():
    table = read_table(PENGUINS)
    return table, TableModel.fit(table, "species", seed=0, estimator_params={"max_iter": 30})


def test_a_linear_boundary_is_that_line():
    fitted = LogisticRegression().fit(GAUSS.X, GAUSS.y)
    (line,) = drawn(fitted, GAUSS.X, GAUSS.y).boundary_
    assert len(line) > 50
    np.testing.assert_allclose(fitted.decision_function(line), 0, atol=1e-2)


def test_the_bayes_boundary_is_the_functions():
    """Two equal normal clouds at (2, 2) and (-2, -2): the best boundary is x + y = 0."""
    fitted = MLPClassifier((4,), max_iter=20, random_state=0).fit(GAUSS.X, GAUSS.y)
    display = drawn(fitted, GAUSS.X, GAUSS.y, bayes=GAUSS.posterior)
    (line,) = display.bayes_boundary_
    np.testing.assert_allclose(line.sum(axis=1), 0, atol=1e-2)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["0", "1", "learned boundary", "Bayes boundary"]
    of_each_class = drawn(
        fitted, GAUSS.X, bayes=lambda at: np.column_stack([1 - GAUSS.posterior(at), GAUSS.posterior(at)])
    )
    np.testing.assert_allclose(of_each_class.bayes_boundary_[0], line)


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
@pytest.mark.parametrize("toy", [make_toy("moons", 200, 0.2, seed=0), THREE], ids=["moons", "three"])
def test_the_decision_changes_on_the_boundary_and_nowhere_else(toy, loss):
    fitted = MLPClassifier((12,), max_iter=60, random_state=0, loss=loss, learning_rate_init=0.02).fit(toy.X, toy.y)
    display = drawn(fitted, toy.X, toy.y)
    assert display.outcome.probabilities == (loss == "log_loss")
    cell = np.hypot(display.u[1] - display.u[0], display.v[1] - display.v[0])
    grid = np.stack(np.meshgrid(display.u, display.v), axis=-1)
    codes = fitted.predict(grid.reshape(-1, 2)).reshape(grid.shape[:2])
    changes = (codes[1:, 1:] != codes[:-1, :-1]).nonzero()
    line = np.concatenate(display.boundary_)
    for row, column in zip(*changes, strict=True):
        assert np.hypot(*(line - grid[row, column]).T).min() < 2 * cell
    for point in line[::7]:
        near = point + 1.5 * cell * np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1], [1, -1], [-1, 1]])
        assert len(set(fitted.predict(near))) > 1


@pytest.mark.parametrize(
    "model",
    [
        RidgeClassifier(),
        DecisionTreeClassifier(max_depth=3),
        VotingClassifier([("a", LogisticRegression()), ("b", DecisionTreeClassifier())]),
        make_pipeline(StandardScaler(), MLPClassifier((5,), max_iter=300, random_state=0)),
    ],
    ids=["scores", "probabilities", "labels only", "pipeline"],
)
def test_any_classifier_of_scikit_learn(model):
    display = drawn(model.fit(THREE.X, THREE.y), THREE.X, THREE.y)
    rows = np.stack(np.meshgrid(display.u, display.v), axis=-1).reshape(-1, 2)
    np.testing.assert_array_equal(display.outcome.values.argmax(axis=1), model.predict(rows))
    names = {text.get_text() for text in display.ax_.texts}
    assert names >= {"0", "1", "2"}


def test_two_columns_of_more_with_the_others_of_one_row():
    X, y = load_iris(return_X_y=True)
    fitted = MLPClassifier((5,), max_iter=50, random_state=0).fit(X, y)
    display = drawn(fitted, X, y, features=(2, 3), row=7)
    rows = np.tile(X[7], (200 * 200, 1))
    rows[:, 2:] = np.stack(np.meshgrid(display.u, display.v), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(display.outcome.values, fitted.predict_proba(rows))
    assert display.ax_.get_title(loc="right") == "other columns as in row 7 (from 0)"


def test_the_typical_row_is_near_the_middle():
    X = pd.DataFrame({"a": range(5), "b": range(5), "c": [9.0, 2, 3, 4, -50], "d": ["x", "x", "y", "x", None]})
    assert plane_of(X, ("a", "b"), None).row == 1 or plane_of(X, ("a", "b"), None).row == 3
    assert plane_of(X[["a", "b"]], None, None).row is None


@pytest.mark.parametrize(
    "frame",
    [lambda table: table, lambda table: pl.read_csv(PENGUINS), lambda table: pd.read_csv(PENGUINS)],
    ids=["table", "polars", "pandas"],
)
def test_tables_of_every_kind(penguins, frame):
    table, model = penguins
    display = drawn(model, frame(table), "species", features=BILL, row=30, limits=(35, 55, 14, 20), resolution=5)
    corner = pl.read_csv(PENGUINS)[[30]].with_columns(bill_length_mm=pl.lit(55.0), bill_depth_mm=pl.lit(20.0))
    np.testing.assert_allclose(display.outcome.values[-1], model.predict_proba(corner)[0])
    assert [len(artist.get_offsets()) for artist in display.points_] == [152, 68, 124]
    assert display.ax_.get_xlabel() == "bill_length_mm"


def test_a_table_whose_target_is_a_number_and_sometimes_missing(penguins):
    table, _ = penguins
    model = TableModel.fit(table, "body_mass_g", seed=0, estimator_params={"max_iter": 5})
    display = drawn(model, table, "body_mass_g", features=BILL, resolution=10)
    mass = [cell for cell in table.column("body_mass_g") if cell]
    assert len(mass) < len(table)
    np.testing.assert_array_equal(display.points_[0].get_array(), np.array(mass, dtype=float))


def test_a_regressor_shows_its_predictions():
    toy = make_toy("plane", 100, 0.1, seed=0)
    fitted = LinearRegression().fit(toy.X, toy.y)
    display = drawn(fitted, toy.X, toy.y)
    assert display.outcome.classes is None
    u, v = np.meshgrid(display.u, display.v)
    np.testing.assert_allclose(
        display.outcome.values, (np.stack([u, v], -1) @ fitted.coef_ + fitted.intercept_).ravel()
    )
    np.testing.assert_array_equal(display.points_[0].get_array(), toy.y)
    two = MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0).fit(toy.X, np.column_stack([toy.y, -toy.y]))
    second = drawn(two, toy.X, output=1)
    np.testing.assert_allclose(
        second.outcome.values[:3], two.predict(np.column_stack([u.ravel(), v.ravel()])[:3])[:, 1]
    )


def test_a_constant_prediction_is_drawn():
    X = np.random.default_rng(0).normal(size=(20, 2))
    display = drawn(LinearRegression().fit(X, np.ones(20)), X, np.ones(20))
    assert display.figure_.axes
    certain = drawn(LogisticRegression().fit(X, np.arange(20) % 2), X, limits=(100, 101, 100, 101))
    assert certain.boundary_ == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({}, "X has 4 columns .x0, x1, x2, x3.; say which two"),
        ({"features": (0, 0)}, "two different columns"),
        ({"features": (0, 9)}, "two different columns"),
        ({"features": (0, 1), "row": 400}, "row must be from 0 to 149"),
        ({"features": (0, 1), "bayes": lambda rows: rows[:, 0]}, "bayes must return probabilities"),
        ({"features": (0, 1), "y": ["tulip"] * 150}, "'tulip', which is none of the model's classes"),
        ({"y": "species"}, "no column of X"),
        ({"features": (0, 1), "y": [0, 1]}, "y has 2 targets, but X has 150 rows"),
        ({"features": (0, 1), "limits": (1, 0, 0, 1)}, "left < right"),
        ({"features": (0, 1), "resolution": 1}, "resolution must be a whole number, at least 2"),
    ],
)
def test_refusals(change, complaint):
    X, y = load_iris(return_X_y=True)
    fitted = MLPClassifier((3,), max_iter=3, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=complaint):
        drawn(fitted, X, **{"y": y, **change})


def test_text_columns_and_several_labels_are_refused(penguins):
    table, model = penguins
    with pytest.raises(ValueError, match="'island' does not hold numbers"):
        drawn(model, table, "species", features=("island", "bill_depth_mm"))
    labels = np.column_stack([GAUSS.y, 1 - GAUSS.y])
    several = MLPClassifier((3,), max_iter=3, random_state=0).fit(GAUSS.X, labels)
    with pytest.raises(ValueError, match="one class for every row"):
        drawn(several, GAUSS.X)
    regressor = MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, random_state=0).fit(GAUSS.X, GAUSS.y)
    with pytest.raises(ValueError, match="output must be from 0 to 0"):
        drawn(regressor, GAUSS.X, output=1)
