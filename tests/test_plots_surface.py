"""The loss surface: heights by closed forms, directions by their definitions, the path by training again in other ways."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule.datasets.toys import make_toy
from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.network import Dense, Network
from chainrule.plots import (
    Directions,
    LossSurfaceDisplay,
    principal_directions,
    random_directions,
    training_path,
)
from chainrule.plots.surface import contour_levels
from chainrule.tables import TableModel, read_table
from chainrule.training import train

mpl.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
PENGUINS = Path(__file__).parent.parent / "examples" / "penguins.csv"
MOONS = make_toy("moons", 120, 0.2, seed=0)
SMALL = {"resolution": 5}


def drawn(*args, **kwargs):
    return LossSurfaceDisplay.from_estimator(*args, ax=Figure().subplots(), **SMALL, **kwargs)


@pytest.fixture(scope="module")
def model():
    return MLPClassifier((6, 4), max_iter=15, random_state=3, batch_size=30).fit(MOONS.X, MOONS.y)


def test_a_linear_network_has_a_paraboloid():
    """Squared error of a line: a quadratic form, written out with NumPy."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    network = Network(3, (Dense(1, "identity"),))
    theta = rng.normal(size=4)
    plane = Directions(theta, rng.normal(size=4), rng.normal(size=4), ("u", "v"))
    shown = LossSurfaceDisplay.from_network(
        network, theta, X, y[:, None], directions=plane, span=2, **SMALL, ax=Figure().subplots()
    )
    design = np.column_stack([X, np.ones(40)])
    for i, v in enumerate(shown.v):
        for j, u in enumerate(shown.u):
            at = theta + u * plane.first + v * plane.second
            assert shown.loss[i, j] == pytest.approx(0.5 * np.mean((design @ at - y) ** 2))
    assert (shown.u[0], shown.u[-1]) == (-2, 2)


def test_the_centre_is_the_trained_network(model):
    shown = drawn(model, MOONS.X, MOONS.y)
    assert shown.loss[2, 2] == pytest.approx(log_loss(MOONS.y, model.predict_proba(MOONS.X)))
    assert shown.names == ("first random direction", "second random direction")


def test_random_directions_are_as_long_as_each_units_weights(model):
    found = random_directions(model.network_, model.theta_, seed=1)
    views = model.network_.views
    for direction in (found.first, found.second):
        for into, W in zip(views(direction).W, model.coefs_, strict=True):
            np.testing.assert_allclose(np.linalg.norm(into, axis=0), np.linalg.norm(W, axis=0))
        assert not np.concatenate(views(direction).b).any()
    cosine = found.first @ found.second / np.linalg.norm(found.first) / np.linalg.norm(found.second)
    assert abs(cosine) < 0.7
    np.testing.assert_array_equal(found.first, random_directions(model.network_, model.theta_, seed=1).first)
    assert not np.array_equal(found.first, random_directions(model.network_, model.theta_, seed=2).first)


def test_principal_directions_are_those_of_the_path():
    """A path in a plane, with its last point as the origin: mirrored about it, scikit-learn's PCA finds the same directions."""
    network = Network(4, (Dense(2, "tanh"), Dense(1, "identity")))
    rng = np.random.default_rng(0)
    path = rng.normal(size=(30, network.n_parameters)) * np.linspace(3, 0.1, network.n_parameters)
    found = principal_directions(network, path)
    moved = path[:-1] - path[-1]
    theirs = PCA(2).fit(np.concatenate([moved, -moved]))
    assert abs(found.first @ theirs.components_[0]) == pytest.approx(1)
    assert abs(found.second @ theirs.components_[1]) == pytest.approx(1)
    assert f"{theirs.explained_variance_ratio_[1]:.1%}" in found.names[1]
    np.testing.assert_allclose(found.places(found.at(0.3, -2)[None]), [[0.3, -2]])
    flat = found.at(0, 0) + np.outer(np.linspace(1, 0, 20), found.first)
    with pytest.raises(ValueError, match="lie on one line"):
        principal_directions(network, flat)


def test_running_statistics_are_no_direction():
    fitted = MLPClassifier((5,), batch_norm=True, max_iter=8, random_state=0)
    path, trained = training_path(fitted, MOONS.X, MOONS.y)
    network = trained.network_
    for found in (principal_directions(network, path), random_directions(network, path[-1])):
        assert not found.first[network.n_trained :].any()
    shown = drawn(trained, MOONS.X, MOONS.y, path=path)
    np.testing.assert_allclose(shown.path[-1], 0, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"early_stopping": True, "max_iter": 6}, {"solver": "sgd", "momentum": 0.5}])
def test_the_path_is_the_training(options):
    asked = MLPClassifier(**{"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 3, **options})
    path, fitted = training_path(asked, MOONS.X, MOONS.y)
    assert not hasattr(asked, "coefs_")
    assert path.shape == (fitted.n_iter_ + 1, fitted.theta_.size)
    again = asked.fit(MOONS.X, MOONS.y)
    np.testing.assert_array_equal(fitted.theta_, again.theta_)
    if "early_stopping" not in options:
        np.testing.assert_array_equal(path[-1], again.theta_)
        for epochs in (1, 3):
            shorter = asked.set_params(max_iter=epochs).fit(MOONS.X, MOONS.y)
            np.testing.assert_array_equal(path[epochs], shorter.theta_)
    else:
        assert any(np.array_equal(theta, again.theta_) for theta in path)


def test_the_path_begins_where_scikit_learn_does():
    options = {"hidden_layer_sizes": (6,), "random_state": 3, "max_iter": 1}
    path, fitted = training_path(MLPClassifier(**options), MOONS.X, MOONS.y)
    theirs = TheirClassifier(**options, solver="sgd", learning_rate_init=1e-12).fit(MOONS.X, MOONS.y)
    expected = fitted.network_.pack(theirs.coefs_, theirs.intercepts_)
    np.testing.assert_allclose(path[0], expected, atol=1e-9)


def test_lbfgs_has_a_path_too():
    path, fitted = training_path(
        MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", max_iter=6, random_state=0), MOONS.X, MOONS.y
    )
    assert path.shape == (fitted.n_iter_, fitted.theta_.size)
    np.testing.assert_array_equal(path[-1], fitted.theta_)


def test_a_path_collected_from_a_training_is_drawn():
    network = Network(2, (Dense(5, "tanh"), Dense(1, "logistic")), "log_loss")
    training = train(network, network.init(0), MOONS.X, MOONS.y, max_iter=9, random_state=0, learning_rate_init=0.05)
    path = [network.init(0), *(training.theta for _ in training)]
    shown = LossSurfaceDisplay.from_network(
        network, path[-1], MOONS.X, MOONS.y[:, None], path=path, **SMALL, ax=Figure().subplots()
    )
    assert shown.path.shape == (10, 2)
    np.testing.assert_allclose(shown.path[-1], 0, atol=1e-12)
    assert (shown.path.min(axis=0) > [shown.u[0], shown.v[0]]).all()
    assert (shown.path.max(axis=0) < [shown.u[-1], shown.v[-1]]).all()
    distances = np.linalg.norm(np.array(path) - path[-1], axis=1)
    assert (np.linalg.norm(shown.path, axis=1) <= distances * (1 + 1e-9)).all()


def test_pipelines_and_tables_have_a_surface(model):
    steps = make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=5, random_state=0)).fit(MOONS.X, MOONS.y)
    expected = log_loss(MOONS.y, steps.predict_proba(MOONS.X))
    assert drawn(steps, MOONS.X, MOONS.y).loss[2, 2] == pytest.approx(expected)
    table = read_table(PENGUINS)
    for target in ("species", "body_mass_g"):
        fitted = TableModel.fit(table, target, seed=0, estimator_params={"max_iter": 5}, hidden_layer_sizes=(5,))
        shown = drawn(fitted, table)
        assert np.isfinite(shown.loss).all()
    scaled = (fitted.predict(table) - fitted.schema.target.centre) / fitted.schema.target.scale
    mass = np.array([float(cell or "nan") for cell in table.column("body_mass_g")])
    error = scaled - (mass - fitted.schema.target.centre) / fitted.schema.target.scale
    assert shown.loss[2, 2] == pytest.approx(0.5 * np.nanmean(error**2), rel=1e-5)
    with pytest.raises(ValueError, match="leave out y"):
        drawn(fitted, table, mass)


def test_levels_are_closer_near_the_minimum():
    heights = np.add.outer(np.linspace(-1, 1, 21) ** 2, 10 * np.linspace(-1, 1, 21) ** 2)
    levels = contour_levels(heights)
    steps = np.diff(levels)
    assert (steps[2:] > steps[1:-1]).all()
    assert (levels[0], levels[-1]) == (0, heights.max())
    assert (np.diff(contour_levels(np.ones((3, 3)))) > 0).all()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"directions": "steepest"}, "directions must be 'random', 'principal' or Directions"),
        ({"directions": "principal"}, "give path="),
        ({"path": np.zeros((4, 3))}, r"shape \(T, 51\); got \(4, 3\)"),
        ({"y": None}, "y is None"),
        ({"span": 0}, "span must be a positive number"),
        ({"span": float("nan")}, "span must be a positive number"),
        ({"path": np.full((4, 51), np.nan)}, "path must be finite"),
    ],
)
def test_refusals(model, change, complaint):
    with pytest.raises(ValueError, match=complaint):
        drawn(model, **{"X": MOONS.X, "y": MOONS.y, **change})


def test_only_what_can_be_trained_again_has_a_path():
    with pytest.raises(TypeError, match="Of a pipeline, give the last step"):
        training_path(make_pipeline(StandardScaler(), MLPClassifier()), MOONS.X, MOONS.y)
