"""Networks of piecewise-linear activations, seen exactly: the affine map in force at a point, and the polygons of a plane.

Within the set of inputs for which every unit stays on its side of zero, such a network is one affine map. Its scores
``z_L = A x + c`` follow from the chain rule with slopes that are constants: ``A = W_L^T S_{L-1} W_{L-1}^T ... S_1 W_1^T``.
Lecture 004, 'References': Montufar, Pascanu, Cho & Bengio 2014 (arXiv 1402.1869). Activation regions and linear regions are told
apart as in Hanin & Rolnick 2019 (arXiv 1906.00904). Numbers are float64, whatever theta's precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, islice
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from chainrule.engines.arrays import checked_inputs, checked_theta, finite
from chainrule.engines.inspection import first_layers
from chainrule.engines.polygons import area, centroid, clipped, crossed, cut, rectangle
from chainrule.formulas.activations import ACTIVATIONS, LEAK
from chainrule.formulas.lookup import Array
from chainrule.network import Network

# Slopes of the continuous activations that are linear on either side of zero: for z <= 0, for z > 0.
SLOPES = {"identity": (1.0, 1.0), "relu": (0.0, 1.0), "leaky_relu": (LEAK, 1.0)}

# Rounding: a unit within this share of the terms it is summed from counts as zero.
ROUNDING = 1e-12
# Corners of neighbouring polygons meet, and maps are equal, within this share of the largest.
SAME = 1e-9
MOST_REGIONS = 100_000


class LocalLinear(NamedTuple):
    """Affine maps, one per row: the output layer's scores are ``A[r] @ x + c[r]`` on the whole region around x_r."""

    A: Array
    c: Array


def local_linear(network: Network, theta: Array, X: Any) -> LocalLinear:
    """The affine map in force at each row of `X`, from inputs to the output layer's pre-activations.

    With an identity output these are the outputs themselves. Exactly on a kink it is the map of the side where the unit is
    off, as for slopes in training. Batch normalisation goes by its running statistics, and nothing is dropped out.

    Parameters
    ----------
    network : Network
        Its hidden layers are relu, leaky_relu or identity.
    theta : ndarray of shape (P,)
        Its parameters.
    X : array or scipy sparse matrix of shape (n, inputs)
        Inputs.

    Returns
    -------
    A : ndarray of shape (n, K, inputs)
        Slopes.
    c : ndarray of shape (n, K)
        Offsets.

    Raises
    ------
    ValueError
        If a hidden activation is not piecewise linear, or arrays do not fit the network.
    """
    slopes, weights, biases = _plain_layers(network, theta)
    a: Any = checked_inputs(network, X, np.float64)
    on: list[Array] = []
    for W, b, (low, high) in zip(weights[:-1], biases[:-1], slopes, strict=True):
        z = a @ W + b
        on.append(np.where(z > 0, high, low))
        a = z * on[-1]
    # From the scores down to the inputs, as in backpropagation.
    A = np.broadcast_to(weights[-1].T, (a.shape[0], *weights[-1].T.shape))
    c = np.broadcast_to(biases[-1], A.shape[:2])
    for W, b, slope in zip(weights[-2::-1], biases[-2::-1], on[::-1], strict=True):
        upstream = A * slope[:, None, :]
        A, c = upstream @ W.T, c + upstream @ b
    return LocalLinear(np.array(A), np.array(c))


def _plain_layers(network: Network, theta: Any) -> tuple[list[tuple[float, float]], list[Array], list[Array]]:
    """Slopes of the hidden layers, and float64 weights and biases with batch normalisation inside."""
    theta = checked_theta(network, theta).astype(np.float64)
    if not finite(theta):
        raise ValueError("theta must be finite for affine maps; it holds NaN or infinity.")
    slopes = []
    for place, layer in enumerate(network.layers[:-1]):
        name = layer.function.name
        if name not in SLOPES or layer.function is not ACTIVATIONS[name]:
            raise ValueError(
                f"layer {place}: activation {name!r} is not piecewise linear, so there is no affine map that holds around a "
                f"point; the hidden layers must be {', '.join(SLOPES)}. Network.input_gradient has the slopes at a point."
            )
        slopes.append(SLOPES[name])
    part, plain = first_layers(network, theta, len(network.layers))
    views = part.views(plain)
    return slopes, views.W, views.b


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of a rectangle in a plane of inputs ``x = origin + u * directions[0] + v * directions[1]``.

    An activation region is where the same units are on; in a plane it is a convex polygon. A linear region is where the
    scores are one affine map: one activation region, or several neighbours between which the unit that changes has no
    effect on the scores.

    Attributes
    ----------
    limits : tuple of float
        (left, right, bottom, top) of the rectangle, in u and v.
    origin, directions : ndarray of shape (inputs,) and (2, inputs)
        The plane.
    polygons : tuple of ndarray of shape (m, 2)
        Corners of the R activation regions in (u, v), counter-clockwise.
    A, c : ndarray of shape (R, K, 2) and (R, K)
        Scores of the output layer in each: ``A @ (u, v) + c``.
    patterns : ndarray of bool, shape (R, H)
        Which of the H hidden units that have a kink are on (z > 0), layer by layer.
    """

    limits: tuple[float, float, float, float]
    origin: Array
    directions: Array
    polygons: tuple[Array, ...]
    A: Array
    c: Array
    patterns: Array

    @property
    def n_activation_regions(self) -> int:
        """How many sets of units that are on there are in the rectangle."""
        return len(self.polygons)

    @property
    def n_linear_regions(self) -> int:
        """How many affine pieces the scores have in the rectangle."""
        return int(self.linear_regions.max()) + 1

    @property
    def areas(self) -> Array:
        """Area of each activation region in (u, v), shape (R,)."""
        return np.array([area(polygon) for polygon in self.polygons])

    @cached_property
    def neighbours(self) -> NDArray[np.int64]:
        """Pairs of activation regions with a common side, shape (n, 2)."""
        return _neighbours(self.polygons, SAME * float(np.hypot(*np.ptp(rectangle(self.limits), axis=0))))

    @cached_property
    def linear_regions(self) -> NDArray[np.int64]:
        """The number of the linear region that each activation region belongs to, from 0, shape (R,)."""
        count, maps = len(self.polygons), np.concatenate([self.A, self.c[:, :, None]], axis=2)
        pairs = self.neighbours
        gaps = np.abs(maps[pairs[:, 0]] - maps[pairs[:, 1]]).max(axis=(1, 2))
        first, second = pairs[gaps <= SAME * np.abs(maps).max()].T
        graph = coo_array((np.ones(len(first)), (first, second)), shape=(count, count))
        found: NDArray[np.int64] = connected_components(graph, directed=False)[1]
        return found

    def borders(self) -> Array:
        """Where the decision changes, exactly: segments of shape (n, 2, 2) in (u, v).

        With one output it is where its score is zero (probability 1/2), with several where another score becomes the
        largest.
        """
        segments = [
            segment for piece in zip(self.polygons, self.A, self.c, strict=True) for segment in _borders(*piece)
        ]
        return np.array(segments).reshape(-1, 2, 2)


def linear_regions(
    network: Network,
    theta: Array,
    limits: tuple[float, float, float, float],
    *,
    origin: Any = None,
    directions: Any = None,
    max_regions: int = MOST_REGIONS,
) -> Regions:
    """Divide a rectangle in a plane of inputs into the regions on which the network is one affine map.

    Layer by layer, every polygon is cut along the lines on which units of the next layer change sign; within it these
    lines are straight, because all layers before are affine there. Nothing is sampled: the count is exact up to rounding.

    Parameters
    ----------
    network : Network
        Its hidden layers are relu, leaky_relu or identity.
    theta : ndarray of shape (P,)
        Its parameters.
    limits : tuple of float
        (left, right, bottom, top) of the rectangle, in units of the two directions.
    origin : array of shape (inputs,), optional
        The point at (0, 0); zeros by default.
    directions : array of shape (2, inputs), optional
        The directions of u and v; a network with two inputs has them by default.
    max_regions : int
        More than so many are refused, to spare time and memory.

    Returns
    -------
    Regions

    Raises
    ------
    ValueError
        If a hidden activation is not piecewise linear, the plane is none, or there are more than `max_regions`.
    """
    slopes, weights, biases = _plain_layers(network, theta)
    limits = checked_limits(limits)
    if not isinstance(max_regions, Integral) or isinstance(max_regions, bool) or max_regions < 1:
        raise ValueError(f"max_regions must be a whole number, at least 1; got {max_regions!r}.")
    origin, directions = _checked_plane(network.inputs, origin, directions)
    # A row of three: what multiplies u, v and 1.
    found = [(rectangle(limits), np.vstack([directions, origin]), np.empty(0, bool))]
    for W, b, slope in zip(weights[:-1], biases[:-1], slopes, strict=True):
        deeper: list[tuple[Array, Array, Array]] = []
        for piece in found:
            deeper += islice(_divided(piece, W, b, slope), max_regions + 1 - len(deeper))
            if len(deeper) > max_regions:
                raise ValueError(
                    f"there are more than max_regions={max_regions:,} regions in limits={limits}; choose narrower limits or "
                    "raise max_regions."
                )
        found = deeper
    scores = np.array([inner @ weights[-1] + _constant(biases[-1]) for _, inner, _ in found]).transpose(0, 2, 1)
    polygons, patterns = tuple(polygon for polygon, _, _ in found), np.array([pattern for _, _, pattern in found])
    return Regions(limits, origin, directions, polygons, scores[:, :, :2], scores[:, :, 2], patterns)


def checked_limits(given: Any) -> tuple[float, float, float, float]:
    """Four finite numbers (left, right, bottom, top) in order.

    Raises
    ------
    ValueError
        If they are not.
    """
    try:
        left, right, bottom, top = (float(one) for one in given)
    except (TypeError, ValueError):
        raise ValueError(f"limits must be four numbers (left, right, bottom, top), got {given!r}.") from None
    if not (np.isfinite([left, right, bottom, top]).all() and left < right and bottom < top):
        raise ValueError(f"limits must be finite, with left < right and bottom < top; got {given!r}.")
    return left, right, bottom, top


def _checked_plane(inputs: int, origin: Any, directions: Any) -> tuple[Array, Array]:
    if directions is None and inputs != 2:
        raise ValueError(
            f"the network has {inputs} inputs: give directions of shape (2, {inputs}), the plane to look at."
        )
    origin = np.zeros(inputs) if origin is None else np.asarray(origin, np.float64)
    directions = np.eye(2) if directions is None else np.asarray(directions, np.float64)
    if origin.shape != (inputs,) or directions.shape != (2, inputs):
        raise ValueError(
            f"origin must have shape ({inputs},) and directions (2, {inputs}); got {origin.shape} and {directions.shape}."
        )
    if not (finite(origin) and finite(directions)) or np.linalg.matrix_rank(directions) < 2:
        raise ValueError("origin and directions must be finite, and the two directions must not be parallel.")
    return origin, directions


def _constant(b: Array) -> Array:
    """Biases as what is added to the rows of u, v and 1."""
    return np.vstack([np.zeros((2, len(b))), b])


def _divided(
    piece: tuple[Array, Array, Array], W: Array, b: Array, slope: tuple[float, float]
) -> Iterator[tuple[Array, Array, Array]]:
    """A polygon, its affine map and its pattern, cut by the units of the next layer."""
    polygon, inner, pattern = piece
    z = inner @ W + _constant(b)
    reach = np.append(np.abs(polygon).max(axis=0), 1.0)
    tolerance = ROUNDING * (reach @ (np.abs(inner) @ np.abs(W) + np.abs(_constant(b))))
    if slope[0] == slope[1]:
        yield polygon, z * slope[0], pattern
        return
    for part in _cut_by_all(polygon, z, tolerance):
        on = np.append(centroid(part), 1.0) @ z > 0
        yield part, z * np.where(on, slope[1], slope[0]), np.append(pattern, on)


def _cut_by_all(polygon: Array, z: Array, tolerance: Array) -> Iterator[Array]:
    """The polygons between the lines on which the columns of `z` vanish."""
    waiting = [(polygon, np.arange(z.shape[1]))]
    while waiting:
        polygon, units = waiting.pop()
        values = polygon @ z[:2, units] + z[2, units]
        crossing = np.flatnonzero(crossed(values, tolerance[units]))
        if not len(crossing):
            yield polygon
            continue
        first, others = crossing[0], units[crossing[1:]]
        below, above, _ = cut(polygon, values[:, first], tolerance[units[first]])
        waiting += [(above, others), (below, others)]


def _neighbours(polygons: tuple[Array, ...], distance: float) -> NDArray[np.int64]:
    """Pairs of polygons with a common side, shape (n, 2)."""
    owner = np.repeat(np.arange(len(polygons)), [len(polygon) for polygon in polygons])
    middles = np.concatenate([(polygon + np.roll(polygon, -1, axis=0)) / 2 for polygon in polygons])
    pairs = owner[cKDTree(middles).query_pairs(distance, output_type="ndarray").reshape(-1, 2)]
    different: NDArray[np.int64] = pairs[pairs[:, 0] != pairs[:, 1]]
    return different


def _borders(polygon: Array, A: Array, c: Array) -> Iterator[Array]:
    values = polygon @ A.T + c
    tolerance = ROUNDING * float(np.abs(polygon).max() * np.abs(A).sum() + np.abs(c).max())
    if len(c) == 1:
        if crossed(values, tolerance)[0]:
            yield cut(polygon, values[:, 0], tolerance)[2]
        return
    # Only these can be the largest anywhere in the polygon.
    able = np.flatnonzero(values.max(axis=0) >= values.min(axis=0).max())
    for i, j in combinations(able, 2):
        gap = values[:, [i]] - values[:, [j]]
        segment = cut(polygon, gap[:, 0], tolerance)[2] if crossed(gap, tolerance)[0] else None
        for k in np.setdiff1d(able, [i, j]):
            segment = None if segment is None else clipped(segment, segment @ (A[i] - A[k]) + c[i] - c[k])
        if segment is not None:
            yield segment
