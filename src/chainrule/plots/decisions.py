"""What a fitted model decides in the plane of two inputs, and how sure it is; what a regressor predicts there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.regions import checked_limits
from chainrule.plots.opening import at_least
from chainrule.plots.outcomes import Outcome, bayes_gaps, class_codes, gaps, outcome_of
from chainrule.plots.plane import Limits, is_missing, plane_of
from chainrule.plots.style import INK, SEQUENTIAL, axes, class_points, halo, line_labels, literal, look, tint

# Tints of a class: the palest where it is only the likeliest, the deepest where it is nearly certain.
SURE = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
LINES = (0.75, 0.95)
PALEST, DEEPEST = 0.18, 0.58
# Colour and dashes of the boundary that no classifier can better.
BAYES = ("#5B2A86", (0, (4, 2)))


class DecisionDisplay:
    """Decision regions of a classifier, or the values of a regressor, over two inputs.

    Parameters
    ----------
    u, v : ndarray of shape (w,) and (h,)
        The grid.
    outcome : Outcome
        What the model says at its points, row by row of the grid.
    names : tuple of str
        Names of the two inputs.
    points : ndarray of shape (n, 2), optional
        Data to draw.
    targets : ndarray of shape (n,), optional
        Their classes (as numbers of `outcome.classes`) or values.
    bayes : ndarray of shape (B, h, w), optional
        One field per line of the Bayes boundary, which is where the field is zero.
    note : str
        What else to know, under the axes.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where `plot` has drawn.
    boundary_, bayes_boundary_ : list of ndarray of shape (m, 2)
        The lines drawn.
    points_ : list of artists
        The data, one for each class.
    """

    def __init__(
        self,
        *,
        u: NDArray[np.float64],
        v: NDArray[np.float64],
        outcome: Outcome,
        names: tuple[str, str] = ("x0", "x1"),
        points: NDArray[np.float64] | None = None,
        targets: NDArray[Any] | None = None,
        bayes: NDArray[np.float64] | None = None,
        note: str = "",
    ) -> None:
        self.u, self.v, self.outcome, self.names = u, v, outcome, names
        self.points, self.targets, self.bayes, self.note = points, targets, bayes, note

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        features: Sequence[int | str] | None = None,
        row: int | None = None,
        bayes: Callable[[Any], Any] | None = None,
        output: int = 0,
        limits: Limits | None = None,
        resolution: int = 200,
        ax: Any = None,
    ) -> DecisionDisplay:
        """Draw the decisions of a fitted model.

        Parameters
        ----------
        estimator : classifier, regressor, pipeline or TableModel
            Fitted; anything that follows scikit-learn's conventions.
        X : array of shape (n, I), data frame or Table
            The rows whose plane is drawn.
        y : array of shape (n,) or str, optional
            Their targets, to draw the points; of a data frame also the name of a column.
        features : sequence of two names or places, optional
            Which two columns; needed where X has more.
        row : int, optional
            The row whose other columns hold everywhere; by default the most typical one.
        bayes : callable, optional
            Where it is known: from rows like those of X to the true probability of the second class, shape (n,), or of every
            class, shape (n, K). Its decision boundary, the best there can be, is drawn dashed.
        output : int, default=0
            Which target of a regressor with several.
        limits : tuple of float, optional
            (left, right, bottom, top); around the points by default.
        resolution : int, default=200
            Points of the grid in each direction.
        ax : matplotlib Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        display : DecisionDisplay

        Raises
        ------
        ValueError
            If X has no such plane, or the model's predictions are no classes and no numbers.
        """
        if isinstance(y, str):
            X, y = _without_column(X, y)
        if bayes is not None and not callable(bayes):
            raise TypeError(f"bayes must be a function from rows to probabilities; got {bayes!r}.")
        plane = plane_of(X, features, row)
        left, right, bottom, top = checked_limits(limits or plane.limits())
        resolution = at_least("resolution", resolution, 2)
        u, v = np.linspace(left, right, resolution), np.linspace(bottom, top, resolution)
        rows = plane.rows(np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2))
        outcome = outcome_of(estimator, rows, output)
        points, targets = plane.points, None
        if y is not None:
            if len(y) != len(points):
                raise ValueError(f"y has {len(y)} targets, but X has {len(points)} rows.")
            known = np.array([not is_missing(cell) for cell in np.asarray(y)])
            points, targets = points[known], class_codes(np.asarray(y)[known], outcome.classes)
        note = "" if plane.row is None else f"other columns as in row {plane.row} (from 0)"
        lines = None if bayes is None else bayes_gaps(bayes(rows), len(u))
        display = cls(
            u=u, v=v, outcome=outcome, names=plane.names, points=points, targets=targets, bayes=lines, note=note
        )
        return display.plot(ax=ax)

    def plot(self, ax: Any = None) -> DecisionDisplay:
        """Draw on the axes; None makes a new figure."""
        self.figure_, self.ax_ = axes(ax, (6.4, 5.0))
        self.boundary_: list[NDArray[np.float64]] = []
        self.bayes_boundary_: list[NDArray[np.float64]] = []
        self.points_: list[Any] = []
        if self.outcome.classes is None:
            self._draw_values()
        else:
            self._draw_classes(self.outcome.classes)
        if self.bayes is not None:
            self.bayes_boundary_ = self._lines(self.bayes, *BAYES)
        names = [literal(name) for name in self.names]
        self.ax_.set(xlabel=names[0], ylabel=names[1], xlim=self.u[[0, -1]], ylim=self.v[[0, -1]])
        if self.note:
            self.ax_.set_title(literal(self.note, 60), fontsize=9, color=INK, loc="right")
        self._legend()
        return self

    def _field(self, values: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(values, dtype=np.float64).reshape(len(self.v), len(self.u))

    def _draw_classes(self, classes: Sequence[object]) -> None:
        scores, probable = self.outcome.values, self.outcome.probabilities
        margins = [self._field(gap) for gap in gaps(scores).T]
        for place, margin in enumerate(margins):
            colour = look(place).colour
            flat = tint(colour, PALEST if probable else 0.35)
            self._fill(margin, [0, np.inf], [flat])
            if probable:
                tints = [tint(colour, share) for share in np.linspace(PALEST, DEEPEST, len(SURE))[1:]]
                self._fill(self._field(scores[:, place]), [*SURE[:-1], np.inf], tints)
        if probable:
            self._probability_lines(self._field(scores.max(axis=1)))
        self.boundary_ = self._lines(np.array(margins[:1] if len(margins) == 2 else margins), INK, "solid")
        if self.points is not None and self.targets is not None:
            self.points_ = class_points(self.ax_, self.points, self.targets, classes, 30)
        self._name_regions(margins, classes)

    def _fill(self, field: NDArray[np.float64], levels: Sequence[float], colours: Sequence[Any]) -> None:
        if field.max() > levels[0]:
            self.ax_.contourf(self.u, self.v, field, levels=list(levels), colors=list(colours), zorder=0)

    def _probability_lines(self, surest: NDArray[np.float64]) -> None:
        levels = [level for level in LINES if surest.min() < level < surest.max()]
        if levels:
            drawn = self.ax_.contour(
                self.u, self.v, surest, levels=levels, colors=INK, linewidths=0.6, alpha=0.7, zorder=2
            )
            line_labels(self.ax_, drawn, lambda level: f"p = {level:g}")

    def _lines(self, fields: NDArray[np.float64], colour: str, dashes: Any) -> list[NDArray[np.float64]]:
        found = []
        for field in fields:
            if not field.min() < 0 < field.max():
                continue
            drawn = self.ax_.contour(
                self.u, self.v, field, levels=[0], colors=colour, linestyles=[dashes], linewidths=1.8, zorder=3
            )
            drawn.set_path_effects(halo())
            found += [np.asarray(segment) for segment in drawn.allsegs[0]]
        return found

    def _name_regions(self, margins: list[NDArray[np.float64]], classes: Sequence[object]) -> None:
        """Each class's name in the middle of its largest free place, so that colour is not needed to read the regions."""
        from scipy.ndimage import distance_transform_edt

        taken = np.zeros(margins[0].shape, bool)
        if self.points is not None:
            inside = self.points[np.isfinite(self.points).all(axis=1)]
            across, up = (np.searchsorted(at, part) for at, part in zip((self.u, self.v), inside.T, strict=True))
            kept = (across < len(self.u)) & (up < len(self.v))
            taken[up[kept], across[kept]] = True
        for margin, name in zip(margins, classes, strict=True):
            free = np.pad((margin > 0) & ~taken, 1)
            away = distance_transform_edt(free)[1:-1, 1:-1]
            if away.max() > 3:
                up, across = np.unravel_index(away.argmax(), away.shape)
                self.ax_.text(
                    self.u[across], self.v[up], literal(name, 18), ha="center", va="center", fontsize=9, weight="bold",
                    color=INK, path_effects=halo(2.5), zorder=5, clip_on=True,
                )  # fmt: skip

    def _draw_values(self) -> None:
        from matplotlib.ticker import MaxNLocator

        field = self._field(self.outcome.values)
        spread = [field] if self.points is None or self.targets is None else [field, self.targets]
        low, high = min(one.min() for one in spread), max(one.max() for one in spread)
        if low == high:
            low, high = low - 0.5, high + 0.5
        levels = MaxNLocator(12).tick_values(low, high)
        drawn = self.ax_.contourf(self.u, self.v, field, levels=levels, cmap=SEQUENTIAL, zorder=0)
        if field.min() < field.max():
            lines = self.ax_.contour(
                self.u, self.v, field, levels=levels[::3], colors="white", linewidths=0.7, zorder=1
            )
            line_labels(self.ax_, lines, "%g")
        bar = self.figure_.colorbar(drawn, ax=self.ax_, label="predicted")
        if self.points is not None and self.targets is not None:
            self.points_ = [
                self.ax_.scatter(
                    *self.points.T, c=self.targets, cmap=SEQUENTIAL, norm=drawn.norm, s=26, edgecolors="white",
                    linewidths=0.8, zorder=4, label="data",
                )
            ]  # fmt: skip
            bar.set_label("predicted; points: true")

    def _legend(self) -> None:
        from matplotlib.lines import Line2D

        handles = list(self.points_) if self.outcome.classes is not None else []
        if self.boundary_:
            handles.append(Line2D([], [], color=INK, linewidth=1.8, label="learned boundary"))
        if self.bayes_boundary_:
            handles.append(Line2D([], [], color=BAYES[0], linewidth=1.8, linestyle=BAYES[1], label="Bayes boundary"))
        if handles:
            self.ax_.legend(
                handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=min(4, len(handles)),
                frameon=False, fontsize=9,
            )  # fmt: skip


def _without_column(X: Any, name: str) -> tuple[Any, Any]:
    """A data frame without a column, and that column."""
    X = getattr(X, "frame", X)
    if not hasattr(X, "columns") or name not in list(X.columns):
        raise ValueError(f"y={name!r} is no column of X; give the name of one, or the targets themselves.")
    return X[[column for column in X.columns if column != name]], np.asarray(X[name])
