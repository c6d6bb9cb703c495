"""How strongly each layer is pulled and how far it moves: norms of gradients and updates over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.estimators.parameters import is_stochastic
from chainrule.plots.opening import opened
from chainrule.plots.style import LOOKS, axes_grid, ordered_colours, unframed

# What may be drawn: title, name of the field of an epoch's record.
KINDS = {"gradient": ("norm of the gradient", "gradient_norms"), "update": ("norm of the update", "update_norms")}


class LayerNormsDisplay:
    """Norms of gradients and updates, per layer, in the last step of every epoch.

    Gradients that shrink from the output layer to the first one by a factor per layer vanish; lecture 001, 'Gradient
    vanishing'. Zeros, which a logarithmic axis cannot show, are left out.

    Parameters
    ----------
    epochs : ndarray of shape (E,)
        Numbers of the epochs.
    norms : dict of ndarray of shape (E, L)
        "gradient" and "update", or one of them.
    layers : sequence of str
        Names of the L layers, from the inputs on.
    unit : str, default="epoch"
        What is counted.

    Attributes
    ----------
    axes_, figure_ : ndarray of matplotlib Axes, and Figure
        Where `plot` has drawn, one panel for each kind.
    lines_ : dict of list of matplotlib Line2D
        The curves of each kind, one for each layer.
    """

    def __init__(
        self,
        *,
        epochs: NDArray[np.int64],
        norms: dict[str, NDArray[np.float64]],
        layers: Sequence[str],
        unit: str = "epoch",
    ) -> None:
        self.epochs, self.norms, self.layers, self.unit = epochs, norms, list(layers), unit

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, kinds: Sequence[str] = tuple(KINDS), ax: Any = None
    ) -> LayerNormsDisplay:
        """Draw the norms recorded in `history_`.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, Pipeline that ends in one, or TableModel
            Fitted.
        kinds : sequence of {"gradient", "update"}
            What to draw, one panel each.
        ax : matplotlib Axes or array of them, optional
            Where to draw, one for each kind; None makes a new figure.

        Returns
        -------
        display : LayerNormsDisplay

        Raises
        ------
        ValueError
            If nothing was recorded, or a kind is unknown.
        """
        found = opened(estimator)
        history = getattr(found.estimator, "history_", None)
        if not history:
            raise ValueError(
                "the model has no history_ with norms of its epochs; fit it with this version to record them."
            )
        unknown = [kind for kind in kinds if kind not in KINDS]
        if unknown or not len(kinds):
            raise ValueError(f"kinds must be some of {list(KINDS)}, got {kinds!r}.")
        display = cls(
            epochs=np.array([epoch.number for epoch in history]),
            norms={kind: np.array([getattr(epoch, KINDS[kind][1]) for epoch in history]) for kind in kinds},
            layers=[*(f"hidden {place + 1}" for place in range(len(found.network.layers) - 1)), "output"],
            unit="epoch" if is_stochastic(found.estimator.solver) else "iteration",
        )
        return display.plot(ax=ax)

    def plot(self, ax: Any = None) -> LayerNormsDisplay:
        """Draw on the axes; None makes a new figure."""
        kinds = list(self.norms)
        self.figure_, grid = axes_grid(ax, 1, len(kinds), (1.2 + 4.4 * len(kinds), 3.6))
        self.axes_ = grid[0]
        self.lines_ = {kind: self._panel(panel, kind) for panel, kind in zip(self.axes_, kinds, strict=True)}
        self.axes_[-1].legend(
            handles=self.lines_[kinds[-1]][::-1], title="layer", frameon=False, fontsize=9, loc="upper left",
            bbox_to_anchor=(1.0, 1.0),
        )  # fmt: skip
        return self

    def _panel(self, panel: Any, kind: str) -> list[Any]:
        values = np.where(self.norms[kind] > 0, self.norms[kind], np.nan)
        marker = "o" if len(self.epochs) == 1 else None
        lines = [
            panel.plot(
                self.epochs, values[:, layer], color=colour, label=name, marker=marker,
                linestyle=LOOKS[layer % len(LOOKS)].dashes, linewidth=1.5,
            )[0]
            for layer, (name, colour) in enumerate(zip(self.layers, ordered_colours(len(self.layers)), strict=True))
        ]  # fmt: skip
        if np.isfinite(values).any():
            panel.set_yscale("log")
        panel.set(xlabel=self.unit, title=KINDS[kind][0])
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(True, axis="y", alpha=0.25)
        unframed(panel)
        return lines
