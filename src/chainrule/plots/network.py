"""The network as a picture: units as circles, weights as lines whose width is their size and whose dashes are their sign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.plots.opening import at_least, opened
from chainrule.plots.style import BLUE, GREY, INK, ORANGE, axes, literal

FAINT = 0.08
MAX_LINE = 3.0


class NetworkDisplay:
    """A network with its true weights.

    Parameters
    ----------
    weights : sequence of ndarray of shape (inputs, outputs)
        Weight matrix of each layer.
    titles : sequence of str
        Title of each column of units, the inputs first.
    input_names, output_names : sequence of str, optional
        Names of the units at both ends.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where `plot` has drawn.
    shown_ : list of ndarray of int
        The units drawn in each column; where there are too many, those with the largest weights.
    """

    def __init__(
        self,
        *,
        weights: Sequence[NDArray[Any]],
        titles: Sequence[str],
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
    ) -> None:
        self.weights, self.titles = [np.asarray(w, dtype=np.float64) for w in weights], list(titles)
        self.input_names, self.output_names = input_names, output_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Any = None,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        max_units: int = 12,
    ) -> NetworkDisplay:
        """Draw the network of a fitted estimator.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, Pipeline that ends in one, or TableModel
            Fitted.
        ax : matplotlib Axes, optional
            Where to draw; None makes a new figure.
        input_names : sequence of str, optional
            Names of the inputs; by default those seen in `fit`.
        output_names : sequence of str, optional
            Names of the outputs; by default the classes.
        max_units : int, default=12
            Most units drawn per layer.

        Returns
        -------
        display : NetworkDisplay
        """
        found = opened(estimator)
        network, classes = found.network, getattr(found.estimator, "classes_", None)
        titles = [f"{network.inputs} inputs"]
        titles += [f"{layer.units} {layer.function.name}" for layer in network.layers]
        outputs = output_names
        if outputs is None and classes is not None:
            both = len(classes) == 2 and network.outputs == 1
            outputs = [f"P({classes[1]})"] if both else [str(name) for name in classes]
        names = input_names
        if input_names is None and found.named:
            names = found.input_names
        for what, given, count in (("input_names", names, network.inputs), ("output_names", outputs, network.outputs)):
            if given is not None and len(given) != count:
                raise ValueError(f"{what} must name all {count}; got {len(given)}.")
        display = cls(weights=network.views(found.theta).W, titles=titles, input_names=names, output_names=outputs)
        return display.plot(ax=ax, max_units=max_units)

    def plot(self, ax: Any = None, *, max_units: int = 12) -> NetworkDisplay:
        """Draw the network on the axes; None makes a new figure."""
        self.shown_ = self._strongest(at_least("max_units", max_units, 1))
        tallest = max(len(units) for units in self.shown_)
        self.figure_, self.ax_ = axes(ax, (max(6.0, 2.6 * len(self.shown_)), 1.4 + 0.36 * tallest))
        self._places = [self._column(place, units) for place, units in enumerate(self.shown_)]
        for layer in range(len(self.weights)):
            self._draw_weights(layer)
        for column in range(len(self.shown_)):
            self._draw_units(column)
        self._draw_names(0, self.input_names, "right", -0.06)
        self._draw_names(len(self.shown_) - 1, self.output_names, "left", 0.06)
        self._frame(tallest)
        return self

    def _strongest(self, most: int) -> list[NDArray[np.int64]]:
        """Per column, the units with the largest weights into and out of them, in their order."""
        sizes = [w.shape[0] for w in self.weights] + [self.weights[-1].shape[1]]
        shown = []
        for column, size in enumerate(sizes):
            strength = np.ones(size)
            if column > 0:
                strength = strength * np.linalg.norm(self.weights[column - 1], axis=0)
            if column < len(self.weights):
                strength = strength * np.linalg.norm(self.weights[column], axis=1)
            shown.append(np.sort(np.argsort(-strength, kind="stable")[:most]))
        return shown

    @staticmethod
    def _column(place: int, units: NDArray[np.int64]) -> NDArray[np.float64]:
        heights = (units.size - 1) / 2 - np.arange(units.size)
        return np.column_stack((np.full(units.size, float(place)), heights))

    def _draw_weights(self, layer: int) -> None:
        from matplotlib.collections import LineCollection

        drawn = self.weights[layer][np.ix_(self.shown_[layer], self.shown_[layer + 1])]
        relative = drawn / (np.abs(drawn).max() or 1.0)
        for sign, colour, dashes in ((1, BLUE, "solid"), (-1, ORANGE, (0, (3, 2)))):
            # Faint lines first, so that the weights that matter lie on top; the faintest would only be fog.
            pairs = np.argwhere(relative * sign > FAINT)
            pairs = pairs[np.argsort(np.abs(relative[tuple(pairs.T)]), kind="stable")]
            if not len(pairs):
                continue
            size = np.abs(relative[tuple(pairs.T)])
            ends = np.stack((self._places[layer][pairs[:, 0]], self._places[layer + 1][pairs[:, 1]]), axis=1)
            lines = LineCollection(
                ends, colors=colour, linestyles=[dashes], linewidths=MAX_LINE * size, alpha=0.15 + 0.75 * size, zorder=1
            )
            self.ax_.add_collection(lines)

    def _draw_units(self, column: int) -> None:
        at, units = self._places[column], self.shown_[column]
        self.ax_.scatter(at[:, 0], at[:, 1], s=130, facecolor="white", edgecolor=INK, linewidth=1.2, zorder=2)
        size = self.weights[column].shape[0] if column < len(self.weights) else self.weights[-1].shape[1]
        if size > units.size:
            below = at[-1, 1] - 0.85
            self.ax_.text(
                column, below, f"… {size - units.size:,} more", ha="center", va="center", color=INK, fontsize=9
            )

    def _draw_names(self, column: int, names: Sequence[str] | None, side: str, gap: float) -> None:
        if names is None:
            return
        for unit, (x, y) in zip(self.shown_[column], self._places[column], strict=True):
            self.ax_.text(x + gap, y, literal(names[unit]), ha=side, va="center", color=INK, fontsize=9)

    def _frame(self, tallest: int) -> None:
        from matplotlib.lines import Line2D

        top = (tallest - 1) / 2
        for column, title in enumerate(self.titles):
            self.ax_.text(column, top + 0.75, title, ha="center", va="bottom", color=INK, fontsize=10, weight="bold")
        last = len(self.shown_) - 1
        left = -0.75 if self.input_names is not None else -0.2
        self.ax_.set(xlim=(left, last + (0.5 if self.output_names is not None else 0.2)), ylim=(-top - 1.2, top + 1.4))
        self.ax_.set_axis_off()
        signs = [
            Line2D([], [], color=BLUE, linewidth=2, label="positive weight"),
            Line2D([], [], color=ORANGE, linewidth=2, linestyle=(0, (3, 2)), label="negative weight"),
            Line2D([], [], color=GREY, linewidth=MAX_LINE, label="wider: larger in its layer"),
        ]
        self.ax_.legend(
            handles=signs, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=3, frameon=False, fontsize=9
        )
