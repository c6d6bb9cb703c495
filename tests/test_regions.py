"""The affine map in force at a point, and the regions of a plane: against linear programs, arrangements, the network itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from chainrule import MLPClassifier
from chainrule.engines import polygons
from chainrule.engines.reference import forward
from chainrule.engines.regions import SLOPES, linear_regions, local_linear
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.network import Dense, Network

LIMITS = (-2.0, 3.0, -1.5, 2.5)
KINKED = [name for name, (low, high) in SLOPES.items() if low != high]


def made(seed, hidden, activation="relu", outputs=2, inputs=2, batch_norm=False):
    """A network with a random theta, biases and running statistics too."""
    layers = [Dense(units, activation, batch_norm=batch_norm) for units in hidden]
    network = Network(inputs, (*layers, Dense(outputs, "identity")))
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=network.n_parameters)
    for variance in network.views(theta).variance:
        if variance is not None:
            variance[...] = rng.uniform(0.5, 2, variance.shape)
    return network, theta


def inside(polygon, rng, count=3):
    """Points strictly inside a convex polygon."""
    return rng.dirichlet(np.full(len(polygon), 3.0), count) @ polygon


def scores(network, theta, X):
    return forward(network, theta, X)[0][-1]


def on(network, theta, X):
    return np.concatenate([z > 0 for z in forward(network, theta, X)[0][:-1]], axis=1)


NETWORKS = st.builds(
    made,
    st.integers(0, 10_000),
    st.lists(st.integers(1, 6), max_size=3),
    st.sampled_from(sorted(SLOPES)),
    st.integers(1, 3),
    st.integers(1, 4),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(NETWORKS, st.integers(0, 10_000))
def test_the_map_is_the_network_around_the_point(case, seed):
    network, theta = case
    X = np.random.default_rng(seed).normal(size=(5, network.inputs))
    A, c = local_linear(network, theta, X)
    assert A.shape == (5, network.outputs, network.inputs)
    np.testing.assert_allclose(np.einsum("nki,ni->nk", A, X) + c, scores(network, theta, X), rtol=1e-9, atol=1e-9)
    z = np.concatenate([np.abs(one) for one in forward(network, theta, X)[0]], axis=1).min(axis=1)
    for row in np.flatnonzero(z > 1e-4):
        step = 1e-7 * np.eye(network.inputs)
        slopes = (scores(network, theta, X[row] + step) - scores(network, theta, X[row] - step)) / 2e-7
        np.testing.assert_allclose(slopes.T, A[row], rtol=1e-5, atol=1e-5)


def test_single_precision_and_sparse_rows():
    from scipy.sparse import csr_array

    network, theta = made(0, [8, 8], inputs=3)
    X = np.random.default_rng(1).normal(size=(4, 3))
    A, c = local_linear(network, theta.astype(np.float32), csr_array(X))
    assert A.dtype == c.dtype == np.float64
    expected = local_linear(network, theta.astype(np.float32).astype(np.float64), X)
    np.testing.assert_array_equal(A, expected.A)
    np.testing.assert_array_equal(c, expected.c)


def test_on_a_kink_the_unit_is_off():
    network = Network(1, (Dense(1, "relu"), Dense(1, "identity")))
    assert local_linear(network, np.array([2.0, 3.0, 0.0, 0.5]), [[0.0]]).A.item() == 0
    assert network.input_gradient(np.array([2.0, 3.0, 0.0, 0.5]), [[0.0]]).item() == 0


@pytest.mark.parametrize("name", [name for name, entry in ACTIVATIONS.items() if entry.hidden])
def test_activations_that_bend_have_no_map(name):
    network, theta = made(0, [3], name)
    points = np.linspace(-5, 5, 1001)
    halves = [ACTIVATIONS[name].value(points[points <= 0]), ACTIVATIONS[name].value(points[points >= 0])]
    piecewise_linear = all(np.abs(np.diff(half, 2)).max() < 1e-12 for half in halves)
    if piecewise_linear and name != "step":
        local_linear(network, theta, np.ones((1, 2)))
    else:
        with pytest.raises(ValueError, match=f"layer 0: activation '{name}' is not piecewise linear"):
            local_linear(network, theta, np.ones((1, 2)))


def test_a_users_own_relu_is_not_taken_for_ours():
    own = replace(ACTIVATIONS["relu"], value=lambda z: 2 * np.maximum(z, 0), slope=lambda z, a: 2.0 * (z > 0))
    with pytest.raises(ValueError, match="not piecewise linear"):
        local_linear(*made(0, [3], own), np.ones((1, 2)))


@settings(max_examples=40, deadline=None)
@given(NETWORKS, st.integers(0, 10_000))
def test_regions_tile_the_rectangle_and_hold_the_map(case, seed):
    network, theta = case
    rng = np.random.default_rng(seed)
    plane = {"origin": rng.normal(size=network.inputs), "directions": rng.normal(size=(2, network.inputs))}
    if network.inputs == 1:
        with pytest.raises(ValueError, match="parallel"):
            linear_regions(network, theta, LIMITS, **plane)
        return
    found = linear_regions(network, theta, LIMITS, **plane)
    assert (found.areas > 0).all()
    assert found.areas.sum() == pytest.approx(20, rel=1e-10)
    for place, polygon in enumerate(found.polygons):
        at = inside(polygon, rng)
        expected = scores(network, theta, found.origin + at @ found.directions)
        np.testing.assert_allclose(at @ found.A[place].T + found.c[place], expected, rtol=1e-8, atol=1e-8)
        sides = np.roll(polygon, -1, axis=0) - polygon
        after = np.roll(sides, -1, axis=0)
        assert (sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0] > -1e-9).all(), "not convex"
    assert len(np.unique(found.patterns, axis=0)) == found.n_activation_regions or not found.patterns.shape[1]
    assert 1 <= found.n_linear_regions <= found.n_activation_regions


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", KINKED)
def test_no_pattern_is_missed(seed, name):
    network, theta = made(seed, [6, 5, 4], name)
    found = linear_regions(network, theta, LIMITS)
    known = {pattern.tobytes() for pattern in found.patterns}
    X = np.random.default_rng(seed).uniform([-2, -1.5], [3, 2.5], (20_000, 2))
    assert {pattern.tobytes() for pattern in on(network, theta, X)} <= known


@pytest.mark.parametrize("seed", range(10))
def test_one_layer_is_an_arrangement_of_lines(seed):
    """Zaslavsky 1975: n lines in general position make 1 + n + n (n - 1) / 2 regions; a convex window counts what it sees."""
    units = 3 + seed
    network, theta = made(seed, [units])
    W, b = network.views(theta).W[0], network.views(theta).b[0]
    meetings = np.array([np.linalg.solve(W[:, [i, j]].T, -b[[i, j]]) for i, j in combinations(range(units), 2)])
    far = 1.1 * np.abs(meetings).max() + 10
    whole = linear_regions(network, theta, (-far, far, -far, far))
    assert whole.n_activation_regions == 1 + units + units * (units - 1) // 2
    corners = np.array(list(product(LIMITS[:2], LIMITS[2:])))
    seen = np.ptp(np.sign(corners @ W + b), axis=0).astype(bool).sum()
    met = ((meetings > [-2, -1.5]) & (meetings < [3, 2.5])).all(axis=1).sum()
    assert linear_regions(network, theta, LIMITS).n_activation_regions == 1 + seen + met


def feasible(network, theta, pattern, slopes=(0.0, 1.0)):
    """Whether some point of the rectangle has this pattern, with room to spare: a linear program."""
    views, sides, at = network.views(theta), [], 0
    inner = np.vstack([np.eye(2), np.zeros(2)])
    for W, b in zip(views.W[:-1], views.b[:-1], strict=True):
        z = inner @ W + np.vstack([np.zeros((2, len(b))), b])
        here = pattern[at : at + len(b)]
        sides.append(z * np.where(here, 1, -1))
        inner, at = z * np.where(here, slopes[1], slopes[0]), at + len(b)
    constraints = np.concatenate(sides, axis=1).T
    done = linprog(
        [0, 0, -1], np.column_stack([-constraints[:, :2], np.ones(len(constraints))]), constraints[:, 2],
        bounds=[(-2, 3), (-1.5, 2.5), (None, 1)],
    )  # fmt: skip
    return done.status == 0 and done.x[2] > 1e-7


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", KINKED)
def test_deep_networks_have_the_patterns_that_linear_programs_find(seed, name):
    network, theta = made(seed, [4, 3], name)
    found = linear_regions(network, theta, LIMITS)
    wide = {
        p.tobytes() for p, polygon in zip(found.patterns, found.polygons, strict=True) if polygons.area(polygon) > 1e-5
    }
    every = [np.array(pattern) for pattern in product([False, True], repeat=7)]
    exist = {pattern.tobytes() for pattern in every if feasible(network, theta, pattern, SLOPES[name])}
    assert wide <= exist <= {pattern.tobytes() for pattern in found.patterns}


def without(network, theta, unit):
    """The network without a unit of its only hidden layer."""
    views = network.views(theta)
    smaller = Network(2, (Dense(network.layers[0].units - 1), network.layers[1]))
    W, V = views.W
    return smaller, smaller.pack(
        [np.delete(W, unit, 1), np.delete(V, unit, 0)], [np.delete(views.b[0], unit), views.b[1]]
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_unit_without_effect_divides_no_linear_region(seed):
    network, theta = made(seed, [6])
    network.views(theta).W[1][2] = 0
    found, fewer = linear_regions(network, theta, LIMITS), linear_regions(*without(network, theta, 2), LIMITS)
    assert found.n_activation_regions >= fewer.n_activation_regions
    assert found.n_linear_regions == fewer.n_linear_regions == fewer.n_activation_regions


def test_a_dead_layer_leaves_one_linear_region():
    network, theta = made(3, [5, 4])
    network.views(theta).b[1][...] = -1e3
    found = linear_regions(network, theta, LIMITS)
    assert found.n_activation_regions > 5
    assert found.n_linear_regions == 1


def test_equal_units_and_lines_through_corners_make_no_slivers():
    network = Network(2, (Dense(4), Dense(1, "identity")))
    W = np.array([[1.0, 1.0, 2.0, 1.0], [0.0, 0.0, 0.0, -1.0]])
    theta = network.pack([W, np.ones((4, 1))], [np.zeros(4), np.zeros(1)])
    found = linear_regions(network, theta, (-1, 1, -1, 1))
    # The lines u = 0, three times, and u = v, from corner to corner.
    assert found.n_activation_regions == found.n_linear_regions == 4
    assert sorted(np.round(found.areas, 12)) == [0.5, 0.5, 1.5, 1.5]


@pytest.mark.parametrize("outputs", [1, 2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_borders_are_where_the_decision_changes(outputs, seed):
    network, theta = made(seed, [8, 6], outputs=outputs)
    found = linear_regions(network, theta, LIMITS)
    segments = found.borders()
    middles = scores(network, theta, segments.mean(axis=1))
    if outputs == 1:
        assert np.abs(middles).max(initial=0) < 1e-9
    else:
        top = np.sort(middles, axis=1)[:, -2:]
        np.testing.assert_allclose(top[:, 0], top[:, 1], atol=1e-9)
    rng = np.random.default_rng(seed)
    for _ in range(20):
        ends = rng.uniform([-2, -1.5], [3, 2.5], (2, 2))
        line = ends[0] + np.linspace(0, 1, 4001)[:, None] * (ends[1] - ends[0])
        z = scores(network, theta, line)
        decision = (z[:, 0] > 0) if outputs == 1 else z.argmax(axis=1)
        assert crossings(segments, *ends) == np.count_nonzero(np.diff(decision))


def crossings(segments, start, end):
    """How many segments the line from start to end crosses."""

    def side(origin, towards, at):
        (u, v), (x, y) = towards - origin, (at - origin).T
        return u * y - v * x > 0

    apart = side(start, end, segments[:, 0]) != side(start, end, segments[:, 1])
    return sum(
        bool(crossed) and side(first, last, start[None])[0] != side(first, last, end[None])[0]
        for crossed, (first, last) in zip(apart, segments, strict=True)
    )


def test_a_plane_through_three_images():
    network, theta = made(5, [30, 20], inputs=64, outputs=10)
    images = np.random.default_rng(0).uniform(size=(3, 64))
    plane = {"origin": images[0], "directions": images[1:] - images[0]}
    found = linear_regions(network, theta, (-0.5, 1.5, -0.5, 1.5), **plane)
    known = {pattern.tobytes() for pattern in found.patterns}
    assert {pattern.tobytes() for pattern in on(network, theta, images)} <= known


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"limits": (0, 0, 0, 1)}, "left < right"),
        ({"limits": (0, 1, 0)}, "four numbers"),
        ({"limits": (0, 1, 0, np.inf)}, "finite"),
        ({"directions": [[1, 2], [2, 4]]}, "parallel"),
        ({"directions": np.eye(3)}, r"directions \(2, 2\); got"),
        ({"origin": [0.0]}, r"origin must have shape \(2,\)"),
        ({"max_regions": 5}, "max_regions=5"),
        ({"max_regions": 0}, "max_regions must be a whole number"),
        ({"theta": np.full(29, np.nan)}, "theta must be finite"),
    ],
)
def test_refusals(change, complaint):
    network, theta = made(0, [7], outputs=1)
    given = {"theta": theta, "limits": LIMITS, **change}
    with pytest.raises(ValueError, match=complaint):
        linear_regions(network, **given)


def test_networks_and_estimators_have_a_door():
    """The estimator's pieces against its own affine maps at points inside, behind its own preparation of the rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2)) * [1, 30]
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    with pytest.warns(ConvergenceWarning):
        fitted = MLPClassifier((6, 5), max_iter=30, random_state=0, scale_features=True).fit(X, y)
    found = fitted.linear_regions(LIMITS)
    of_network = fitted.network_.linear_regions(fitted.theta_, LIMITS, max_regions=1000)
    assert found.n_linear_regions == of_network.n_linear_regions > 1
    for A, c, polygon in zip(found.A, found.c, found.polygons, strict=True):
        inner = inside(polygon, rng)
        maps = fitted.network_.local_linear(fitted.theta_, inner)
        np.testing.assert_allclose(maps.A, np.broadcast_to(A, maps.A.shape), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(maps.c, np.broadcast_to(c, maps.c.shape), rtol=1e-9, atol=1e-9)
    with pytest.raises(NotFittedError):
        MLPClassifier().linear_regions(LIMITS)
    with pytest.raises(ValueError, match="max_regions=2"):
        fitted.linear_regions(LIMITS, max_regions=2)


def test_more_inputs_need_a_plane():
    with pytest.raises(ValueError, match=r"3 inputs: give directions of shape \(2, 3\)"):
        linear_regions(*made(0, [3], inputs=3), LIMITS)
