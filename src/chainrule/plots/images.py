"""The first layer's weights as pictures: what image each hidden unit looks for."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.plots.opening import at_least, opened
from chainrule.plots.style import INK, axes_grid, signed_colours


class WeightImagesDisplay:
    """Weights into the units of the first layer, each unit's as an image.

    All images have one scale, symmetric about zero: blue weighs for the unit, vermillion against it, white not at all.

    Parameters
    ----------
    weights : ndarray of shape (inputs, units)
        First weight matrix.
    shape : tuple of int
        Height and width of the image, row by row in the inputs.

    Attributes
    ----------
    axes_, figure_ : ndarray of matplotlib Axes, and Figure
        Where `plot` has drawn, one panel for each unit.
    shown_ : ndarray of int
        The units drawn: those with the largest weights, in their order.
    """

    def __init__(self, *, weights: NDArray[Any], shape: tuple[int, int]) -> None:
        self.weights, self.shape = np.asarray(weights, dtype=np.float64), shape

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, shape: tuple[int, int] | None = None, max_images: int = 20, ax: Any = None
    ) -> WeightImagesDisplay:
        """Draw the first layer of a fitted model.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or Pipeline that ends in one
            Fitted on images, a pixel for each input.
        shape : tuple of int, optional
            Height and width; by default a square.
        max_images : int, default=20
            Most units drawn.
        ax : array of matplotlib Axes, optional
            Where to draw, one for each unit; None makes a new figure.

        Returns
        -------
        display : WeightImagesDisplay

        Raises
        ------
        ValueError
            If the inputs are no image of that shape.
        """
        network, theta = opened(estimator)[1:3]
        found = _square(network.inputs) if shape is None else shape
        fits = np.shape(found) == (2,) and all(isinstance(one, (int, np.integer)) and one > 0 for one in found)
        if not fits or found[0] * found[1] != network.inputs:
            raise ValueError(
                f"shape must be (height, width) with height * width = {network.inputs} inputs; got {shape!r}."
            )
        return cls(weights=network.views(theta).W[0], shape=(int(found[0]), int(found[1]))).plot(
            ax=ax, max_images=max_images
        )

    def plot(self, ax: Any = None, *, max_images: int = 20) -> WeightImagesDisplay:
        """Draw on the axes; None makes a new figure."""
        max_images = at_least("max_images", max_images, 1)
        strength = np.linalg.norm(self.weights, axis=0)
        self.shown_ = np.sort(np.argsort(-strength, kind="stable")[:max_images])
        count = len(self.shown_)
        columns = min(count, max(5, isqrt(count))) if ax is None else count
        rows = -(-count // columns)
        self.figure_, grid = axes_grid(ax, rows, columns, (1.0 + 1.3 * columns, 0.3 + 1.5 * rows))
        self.axes_, largest = grid.ravel()[:count], float(np.abs(self.weights).max()) or 1.0
        for panel in grid.ravel():
            panel.set_axis_off()
        for panel, unit in zip(self.axes_, self.shown_, strict=True):
            image = panel.imshow(
                self.weights[:, unit].reshape(self.shape), cmap=signed_colours(), vmin=-largest, vmax=largest,
                interpolation="nearest",
            )  # fmt: skip
            panel.set_title(f"unit {unit}", fontsize=8, color=INK, pad=2)
        self.figure_.colorbar(image, ax=list(grid.ravel()), label="weight", shrink=0.7)
        return self


def _square(inputs: int) -> tuple[int, int]:
    side = isqrt(inputs)
    if side * side != inputs:
        raise ValueError(f"{inputs} inputs are no square image; give shape=(height, width).")
    return side, side
