"""The linear regions of a network of piecewise-linear activations, drawn from their exact corners."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.regions import Regions
from chainrule.plots.opening import network_rows, opened
from chainrule.plots.outcomes import class_codes
from chainrule.plots.plane import Limits
from chainrule.plots.style import INK, axes, class_points, literal

# Greys that neighbouring regions are told apart by, beside the lines between them: colours are for classes.
GREYS = ("0.97", "0.86", "0.75", "0.92", "0.80", "0.69")


class LinearRegionsDisplay:
    """Every piece on which the network is one affine map, and the exact boundary of its decision.

    Parameters
    ----------
    regions : Regions
        From an estimator's or a network's `linear_regions`.
    names : tuple of str
        Names of the axes.
    points : ndarray of shape (n, 2), optional
        Data to draw.
    codes : ndarray of int, shape (n,), optional
        Their classes.
    classes : sequence, optional
        The classes' names.
    decides : bool, default=True
        Whether there is a decision whose boundary to draw.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where `plot` has drawn.
    pieces_ : matplotlib PolyCollection
        One polygon for each activation region.
    """

    def __init__(
        self,
        *,
        regions: Regions,
        names: tuple[str, str] = ("u", "v"),
        points: NDArray[np.float64] | None = None,
        codes: NDArray[np.int64] | None = None,
        classes: Any = (),
        decides: bool = True,
    ) -> None:
        self.regions, self.names, self.decides = regions, names, decides
        self.points, self.codes, self.classes = points, codes, classes

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any = None,
        y: Any = None,
        *,
        limits: Limits | None = None,
        origin: Any = None,
        directions: Any = None,
        ax: Any = None,
    ) -> LinearRegionsDisplay:
        """Draw the regions of a fitted model.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, or Pipeline that ends in one
            Fitted, with hidden layers of relu, leaky_relu or identity. The plane is one of the network's inputs: behind the
            steps of a pipeline, after scaling.
        X, y : array, optional
            Data: points to draw where the network has two inputs.
        limits : tuple of float, optional
            (left, right, bottom, top) of the plane; needed without X.
        origin, directions : array of shape (inputs,) and (2, inputs), optional
            The plane, where the network has more than two inputs.
        ax : matplotlib Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        display : LinearRegionsDisplay

        Raises
        ------
        ValueError
            If an activation is not piecewise linear, or the plane is not known.
        """
        found = opened(estimator)
        rows = None if X is None else np.asarray(network_rows(estimator, X), dtype=np.float64)
        flat = found.network.inputs == 2 and directions is None
        if limits is None and not (flat and rows is not None):
            raise ValueError("give limits=(left, right, bottom, top), the part of the plane to draw.")
        classes = getattr(found.estimator, "classes_", None)
        shown = flat and y is not None and classes is not None and np.ndim(classes[0]) == 0
        display = cls(
            regions=found.network.linear_regions(
                found.theta, limits or _around(rows), origin=origin, directions=directions
            ),
            names=(found.input_names[0], found.input_names[1]) if flat else ("first direction", "second direction"),
            points=rows if flat else None,
            codes=class_codes(np.asarray(y), tuple(classes)) if shown else None,  # type: ignore[arg-type]
            classes=() if classes is None else tuple(classes),
            decides=classes is not None,
        )
        return display.plot(ax=ax)

    def plot(self, ax: Any = None) -> LinearRegionsDisplay:
        """Draw on the axes; None makes a new figure."""
        from matplotlib.collections import LineCollection, PolyCollection

        self.figure_, self.ax_ = axes(ax, (6.0, 5.2))
        found = self.regions
        greys = [GREYS[place % len(GREYS)] for place in _colouring(found)]
        width = 0.7 if len(found.polygons) < 500 else 0.25
        self.pieces_ = PolyCollection(list(found.polygons), facecolors=greys, edgecolors=INK, linewidths=width)
        self.ax_.add_collection(self.pieces_)
        if self.decides:
            # The white rim of all segments first, so that none cuts into its neighbour.
            for colour, wide, name in (("white", 5.0, ""), (INK, 2.6, "decision boundary")):
                border = LineCollection(
                    list(found.borders()), colors=colour, linewidths=wide, zorder=3, capstyle="round"
                )
                border.set_label(name)
                self.ax_.add_collection(border)
        if self.points is not None and self.codes is not None:
            class_points(self.ax_, self.points, self.codes, self.classes, 22)
        left, right, bottom, top = found.limits
        self.ax_.set(
            xlim=(left, right), ylim=(bottom, top), xlabel=literal(self.names[0]), ylabel=literal(self.names[1])
        )
        self.ax_.set_title(_counted(found), fontsize=10, color=INK, loc="left")
        if self.ax_.get_legend_handles_labels()[0]:
            self.ax_.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, frameon=False, fontsize=9)
        return self


def _colouring(found: Regions) -> NDArray[np.int64]:
    """A number for every activation region: the same within a linear region, another one in its neighbours (greedily)."""
    linear = found.linear_regions
    beside: dict[int, set[int]] = {piece: set() for piece in range(found.n_linear_regions)}
    for first, second in linear[found.neighbours]:
        if first != second:
            beside[int(first)].add(int(second))
            beside[int(second)].add(int(first))
    colours: dict[int, int] = {}
    for piece in sorted(beside, key=lambda one: -len(beside[one])):
        used = {colours.get(other) for other in beside[piece]}
        colours[piece] = next(colour for colour in range(len(used) + 1) if colour not in used)
    return np.array([colours[int(piece)] for piece in linear])


def _around(rows: NDArray[np.float64] | None) -> Limits:
    assert rows is not None
    low, high = rows.min(axis=0), rows.max(axis=0)
    space = 0.08 * np.where(high > low, high - low, 1.0)
    return tuple(float(one) for pair in zip(low - space, high + space, strict=True) for one in pair)  # type: ignore[return-value]


def _counted(found: Regions) -> str:
    pieces, patterns = found.n_linear_regions, found.n_activation_regions
    words = f"{pieces:,} linear region{'s' if pieces != 1 else ''}"
    return words if pieces == patterns else f"{words} from {patterns:,} activation regions"
