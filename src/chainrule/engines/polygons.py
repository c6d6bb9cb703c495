"""Convex polygons in the plane, cut along straight lines.

A polygon is an array of shape (m, 2): its corners in order. An affine function is known by its values at the corners; where
these are both above and below zero, the line on which it vanishes cuts the polygon in two convex ones.
"""

from __future__ import annotations

import numpy as np

from chainrule.formulas.lookup import Array


def rectangle(limits: tuple[float, float, float, float]) -> Array:
    """The corners of (left, right, bottom, top), counter-clockwise."""
    left, right, bottom, top = limits
    return np.array([[left, bottom], [right, bottom], [right, top], [left, top]])


def area(polygon: Array) -> float:
    """The area by the shoelace formula; positive for corners in counter-clockwise order."""
    u, v = (polygon - polygon[0]).T
    return 0.5 * float(u @ np.roll(v, -1) - v @ np.roll(u, -1))


def centroid(polygon: Array) -> Array:
    """The mean of the corners, which lies inside a convex polygon."""
    inside: Array = polygon.mean(axis=0)
    return inside


def crossed(values: Array, tolerance: Array | float) -> Array:
    """Which functions vanish inside a polygon, from their values at its corners, shape (m, functions)."""
    found: Array = (values.min(axis=0) < -tolerance) & (values.max(axis=0) > tolerance)
    return found


def cut(polygon: Array, values: Array, tolerance: float) -> tuple[Array, Array, Array]:
    """The parts of a crossed polygon below and above zero, and the segment between them.

    Parameters
    ----------
    polygon : ndarray of shape (m, 2)
        Corners.
    values : ndarray of shape (m,)
        An affine function at the corners, on both sides of zero.
    tolerance : float
        Values up to this magnitude are zero: the line goes through the corner itself.

    Returns
    -------
    below, above : ndarray of shape (m', 2)
        Both keep the direction of the corners.
    segment : ndarray of shape (2, 2)
        Ends of the line inside the polygon.
    """
    signs = np.sign(values) * (np.abs(values) > tolerance)
    sides: tuple[list[Array], list[Array]] = ([], [])
    ends: list[Array] = []
    for at, sign in enumerate(signs):
        if sign:
            sides[int(sign > 0)].append(polygon[at])
        else:
            ends.append(polygon[at])
        after = (at + 1) % len(signs)
        if sign * signs[after] < 0:
            share = values[at] / (values[at] - values[after])
            ends.append(polygon[at] + share * (polygon[after] - polygon[at]))
        elif sign:
            continue
        for side in sides:
            side.append(ends[-1])
    return np.array(sides[0]), np.array(sides[1]), np.array(ends[:2])


def clipped(segment: Array, values: Array) -> Array | None:
    """The part of a segment where an affine function with these values at its ends is not negative; None if there is none."""
    first, last = values
    if max(first, last) <= 0:
        return None
    if min(first, last) >= 0:
        return segment
    middle = segment[0] + first / (first - last) * (segment[1] - segment[0])
    return np.array([segment[0], middle] if first > 0 else [middle, segment[1]])
