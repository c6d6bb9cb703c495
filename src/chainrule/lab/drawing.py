"""What the pictures of experiments share: points of classes told apart by shape and colour, regions, curves with a spread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.plots.style import INK, LOOKS, class_points, unframed

COLOURS, MARKERS, DASHES = zip(*LOOKS, strict=True)


def points(ax: Any, X: NDArray[Any], y: NDArray[Any], size: float = 36) -> None:
    """Points of each class in their own colour and shape."""
    labels, codes = np.unique(y, return_inverse=True)
    class_points(ax, X, codes, labels.tolist(), size)


def grid(limits: tuple[float, float, float, float], steps: int = 200) -> tuple[Any, Any, NDArray[np.float64]]:
    """Coordinates of a fine grid over (left, right, bottom, top), and its points of shape (steps * steps, 2)."""
    left, right, bottom, top = limits
    u, v = np.meshgrid(np.linspace(left, right, steps), np.linspace(bottom, top, steps))
    return u, v, np.column_stack([u.ravel(), v.ravel()])


def field(ax: Any, value: Callable[[NDArray[np.float64]], Any], limits: tuple[float, float, float, float]) -> None:
    """A probability over the plane, with its boundary at one half; `value` maps points (n, 2) to (n,)."""
    u, v, at = grid(limits)
    height = np.asarray(value(at)).reshape(u.shape)
    ax.contourf(u, v, height, levels=np.linspace(0, 1, 11), cmap="PuOr_r", alpha=0.45, antialiased=True)
    boundary(ax, value, limits)
    ax.set(xlim=limits[:2], ylim=limits[2:])


def boundary(
    ax: Any,
    value: Callable[[NDArray[np.float64]], Any],
    limits: tuple[float, float, float, float],
    colour: str = INK,
    dashes: str = "solid",
    level: float = 0.5,
) -> None:
    """The line where `value` crosses `level`."""
    u, v, at = grid(limits)
    height = np.asarray(value(at)).reshape(u.shape)
    ax.contour(u, v, height, levels=[level], colors=[colour], linestyles=[dashes], linewidths=1.8)


def curves(ax: Any, named: dict[str, Any], x: Any = None, markers: bool = False) -> None:
    """Curves told apart by colour and dashes; a two-dimensional one is drawn as its median with the whole spread shaded."""
    for place, (name, values) in enumerate(named.items()):
        values = np.asarray(values, dtype=float)
        middle = np.median(values, axis=0) if values.ndim == 2 else values
        at = np.arange(1, len(middle) + 1) if x is None else np.asarray(x)
        style = {"color": COLOURS[place % len(COLOURS)], "linestyle": DASHES[place % len(DASHES)]}
        ax.plot(at, middle, label=name, marker=MARKERS[place % len(MARKERS)] if markers else None, **style)
        if values.ndim == 2:
            ax.fill_between(at, values.min(axis=0), values.max(axis=0), color=style["color"], alpha=0.15, linewidth=0)
    ax.grid(True, alpha=0.25)
    ax.legend(frameon=False)
    unframed(ax)


def contours(ax: Any, curvatures: tuple[float, float], limits: tuple[float, float, float, float]) -> None:
    """Contour lines of ``sum_i curvature_i w_i**2 / 2``."""
    u, v, at = grid(limits, 100)
    height = 0.5 * (np.asarray(curvatures) * at**2).sum(axis=1).reshape(u.shape)
    ax.contour(
        u, v, height, levels=np.geomspace(height.max() / 400, height.max(), 12), colors="#8A8A8A", linewidths=0.7
    )
