"""What the units of every layer put out for some rows, and how much of it lies where the activation is flat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.reference import forward
from chainrule.formulas.activations import Activation
from chainrule.formulas.lookup import Array
from chainrule.plots.opening import network_rows, opened
from chainrule.plots.style import BLUE, INK, axes_grid, unframed
from chainrule.training.evidence import flat_rows

BINS = 40


@dataclass(frozen=True, eq=False)
class LayerActivity:
    """One layer's activations.

    Parameters
    ----------
    title : str
        Which layer, with which activation.
    values : ndarray of shape (n, O)
        Activations.
    flat : float
        Share of them where the activation is nearly flat, as the diagnosis counts it: zeros of relu, ends of tanh and
        logistic.
    stuck : int
        Units that are flat for every row: dead (relu) or saturated (tanh, logistic).
    """

    title: str
    values: NDArray[np.float64]
    flat: float = 0.0
    stuck: int = 0


class ActivationsDisplay:
    """Histograms of the activations of every layer.

    Activations that are exactly zero (relu) are counted in words, since their bar would hide the others.

    Parameters
    ----------
    layers : sequence of LayerActivity
        From the first hidden layer on.

    Attributes
    ----------
    axes_, figure_ : ndarray of matplotlib Axes, and Figure
        Where `plot` has drawn, one panel for each layer.
    """

    def __init__(self, *, layers: Sequence[LayerActivity]) -> None:
        self.layers = list(layers)

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, *, ax: Any = None) -> ActivationsDisplay:
        """Draw the activations of a fitted model for the rows of X.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, Pipeline that ends in one, or TableModel
            Fitted.
        X : array, data frame or Table
            Rows; the training rows show what the training saw.
        ax : array of matplotlib Axes, optional
            Where to draw, one for each layer; None makes a new figure.

        Returns
        -------
        display : ActivationsDisplay
        """
        network, theta = opened(estimator)[1:3]
        with np.errstate(over="ignore", invalid="ignore"):
            z, a = forward(network, theta, network_rows(estimator, X))
        functions = [layer.function for layer in network.layers]
        layers = [
            activity(place, len(functions), *layer) for place, layer in enumerate(zip(functions, z, a[1:], strict=True))
        ]
        return cls(layers=layers).plot(ax=ax)

    def plot(self, ax: Any = None) -> ActivationsDisplay:
        """Draw on the axes; None makes a new figure."""
        count = len(self.layers)
        columns = min(count, 4) if ax is None else count
        rows = -(-count // columns)
        self.figure_, grid = axes_grid(ax, rows, columns, (0.6 + 3.2 * columns, 3.0 * rows))
        self.axes_ = grid.ravel()[:count]
        for spare in grid.ravel()[count:]:
            spare.set_axis_off()
        for panel, layer in zip(self.axes_, self.layers, strict=True):
            _panel(panel, layer)
        for first in grid[:, 0]:
            first.set_ylabel("share of all activations")
        return self


def activity(place: int, count: int, function: Activation, z: Array, a: Array) -> LayerActivity:
    """What one layer does for some rows; outputs may well be flat, as a probability of nearly 1 is."""
    values = np.asarray(a, dtype=np.float64)
    if place + 1 == count or function.slope is None:
        return LayerActivity(f"output: {a.shape[1]} {function.name}", values)
    title = f"hidden {place + 1}: {a.shape[1]} {function.name}"
    flat = flat_rows(function, z, a)
    if flat is None:
        return LayerActivity(title, values)
    return LayerActivity(title, values, float(flat.mean()), int(flat.all(axis=0).sum()))


def _panel(panel: Any, layer: LayerActivity) -> None:
    finite = layer.values[np.isfinite(layer.values)]
    shown = finite[finite != 0]
    weights = np.full(shown.size, 1 / max(1, layer.values.size))
    panel.hist(shown, bins=BINS, weights=weights, color=BLUE, edgecolor="white", linewidth=0.3)
    panel.set_title(layer.title, fontsize=10, color=INK, loc="left")
    panel.text(
        0.98, 0.97, "\n".join(_facts(layer)), transform=panel.transAxes, ha="right", va="top", fontsize=8, color=INK
    )
    panel.margins(y=0.45)
    panel.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.3g} %" if share <= 1 else "")
    panel.set_xlabel("activation")
    unframed(panel)


def _facts(layer: LayerActivity) -> list[str]:
    units = layer.values.shape[1]
    facts = [f"mean {layer.values.mean():.3g}, deviation {layer.values.std():.3g}"]
    if zero := float((layer.values == 0).mean()):
        facts.append(f"exactly 0 (not drawn): {zero:.0%}")
    # Zeros of relu have been told.
    if layer.flat >= 0.005 and abs(layer.flat - zero) >= 0.005:
        facts.append(f"where the slope is nearly 0: {layer.flat:.0%}")
    if layer.stuck:
        facts.append(f"flat for every row: {layer.stuck} of {units} units")
    return facts
