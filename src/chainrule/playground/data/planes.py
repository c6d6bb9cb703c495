"""The plane that a map shows: the plane of the points itself, two columns with the others held, or the principal plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.playground.data.rows import Data, Limits, Vector, around
from chainrule.playground.settings.families import is_number
from chainrule.playground.settings.setup import Note, ViewSetup


@dataclass(frozen=True, eq=False)
class Plane:
    """Where a map lies among the inputs.

    Parameters
    ----------
    data : Data
        The rows.
    names : tuple of str
        What its two axes are called.
    limits : tuple of float
        (left, right, bottom, top).
    points : ndarray of shape (n, 2)
        The rows' places on it.
    told : str
        What is held, in words; empty in the plane itself.
    held : dict
        Cells of the other columns of a table.
    base : ndarray or None
        The point at (0, 0) of a plane among inputs that are numbers as they are.
    directions : ndarray of shape (2, d) or None
        What (1, 0) and (0, 1) are.
    """

    data: Data
    names: tuple[str, str]
    limits: Limits
    points: Vector
    told: str = ""
    held: dict[str, Any] | None = None
    base: Vector | None = None
    directions: Vector | None = None

    def rows(self, at: Vector) -> Vector:
        """The rows of X at these places, shape (m, d)."""
        if self.base is not None and self.directions is not None:
            found: Vector = self.base + at @ self.directions
            return found
        if self.held is not None and self.data.encode is not None:
            cells = {name: [value] * len(at) for name, value in self.held.items()}
            return self.data.encode({**cells, self.names[0]: at[:, 0], self.names[1]: at[:, 1]})
        return at

    def grid(self, resolution: int, height: int | None = None) -> Vector:
        """Places of a grid, the lowest row first, shape (height * resolution, 2); the centres of its cells."""
        left, right, bottom, top = self.limits
        across = left + (right - left) * (np.arange(resolution) + 0.5) / resolution
        tall = resolution if height is None else height
        up = bottom + (top - bottom) * (np.arange(tall) + 0.5) / tall
        return np.column_stack([np.tile(across, tall), np.repeat(up, resolution)])


def plane_of(data: Data, view: ViewSetup, notes: list[Note]) -> Plane | None:
    """The plane of a view; None for data on a line."""
    if data.dimension == 1 and data.encode is None:
        return None
    if data.dimension == 2 and data.encode is None:
        return Plane(data, (data.inputs[0], data.inputs[1]), data.box(), data.X)
    axes = tuple(column.name for column in data.columns if column.axis)
    chosen = tuple(name for name in view.axes if name in axes)
    if view.axes and len(chosen) != 2:
        notes.append(Note("repaired", "view.axes", f"two columns of numbers are needed, of {', '.join(axes[:8])}."))
    if view.plane == "principal" or len(axes) < 2:
        return _principal(data)
    x, y = chosen if len(chosen) == 2 else axes[:2]
    return _slice(data, x, y, dict(view.at), notes)


def _principal(data: Data) -> Plane:
    """The plane in which the training rows extend most, through their mean."""
    rows = data.X[data.train]
    centre = rows.mean(axis=0)
    _, sizes, vectors = np.linalg.svd(rows - centre, full_matrices=False)
    directions = np.zeros((2, data.dimension))
    directions[: min(2, len(vectors))] = vectors[:2]
    if not directions[1].any():
        directions[1, -1] = 1e-9
    points = (data.X - centre) @ directions.T
    shares = sizes**2 / max(float((sizes**2).sum()), 1e-300)
    names = [f"principal direction {place + 1} ({share:.0%})" for place, share in enumerate([*shares[:2], 0.0][:2])]
    limits = (*around(points[:, 0]), *around(points[:, 1]))
    told = "the plane in which the training rows extend most, through their mean"
    return Plane(data, (names[0], names[1]), limits, points, told, base=centre, directions=directions)


def _slice(data: Data, x: str, y: str, at: dict[str, Any], notes: list[Note]) -> Plane:
    """Two columns vary; the others hold the value asked for, else the typical one."""
    columns = {column.name: column for column in data.columns}
    limits = tuple(end for name in (x, y) for end in around(_ends(columns[name])))
    others = [column for column in data.columns if column.used and column.name not in (x, y)]
    held: dict[str, Any] = {}
    for column in others:
        usual = data.cells[column.name] if data.cells is not None else column.median
        held[column.name] = _held(column, at.get(column.name, usual), usual, notes)
    told = "slice at " + ", ".join(f"{name} = {_shown(value)}" for name, value in list(held.items())[:12])
    told = "" if not held else told + (", ..." if len(held) > 12 else "")
    box: Any = limits
    if data.encode is not None and data.cells is not None:
        typical = {**data.cells, **held}
        return Plane(data, (x, y), box, _shown_points(data, x, y), told, held=typical)
    places = [data.inputs.index(name) for name in (x, y)]
    base = np.array([held.get(name, 0.0) for name in data.inputs])
    directions = np.zeros((2, data.dimension))
    directions[(0, 1), places] = 1.0
    return Plane(data, (x, y), box, data.X[:, places], told, base=base, directions=directions)


def _ends(column: Any) -> Vector:
    return np.array([column.low, column.high], np.float64)


def _shown(value: Any) -> str:
    return f"{value:g}" if is_number(value) else str(value)


def _held(column: Any, value: Any, usual: Any, notes: list[Note]) -> Any:
    numeric = column.kind == "numeric"
    right = is_number(value) if numeric else not column.levels or str(value) in column.levels
    if not right:
        notes.append(Note("repaired", f"view.at.{column.name}"[:80], f"{value!r:.40} became {_shown(usual)}."))
        return usual
    return float(value) if numeric else value


def _shown_points(data: Data, x: str, y: str) -> NDArray[np.float64]:
    """The rows' values in two columns of a table, in its own units."""
    assert data.values is not None
    return np.column_stack([data.values[x], data.values[y]])
