"""The loss of every epoch, on training and validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.estimators.parameters import is_stochastic
from chainrule.plots.opening import opened
from chainrule.plots.style import BLUE, INK, ORANGE, axes, unframed


class LossCurveDisplay:
    """Learning curves of a fitted network.

    Parameters
    ----------
    training : sequence of float
        Training loss of every epoch.
    validation : sequence of float or None
        Validation loss of every epoch.
    best_epoch : int or None
        The epoch (from 1) whose weights were kept; marked where given.
    unit : str, default="epoch"
        What is counted: epochs, or iterations of L-BFGS.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where `plot` has drawn.
    lines_ : list of matplotlib Line2D
        The curves.
    """

    def __init__(
        self,
        *,
        training: Sequence[float],
        validation: Sequence[float] | None = None,
        best_epoch: int | None = None,
        unit: str = "epoch",
    ) -> None:
        self.training, self.validation = training, validation
        self.best_epoch, self.unit = best_epoch, unit

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, log: bool = False) -> LossCurveDisplay:
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, Pipeline that ends in one, or TableModel
            Fitted.
        ax : matplotlib Axes, optional
            Where to draw; None makes a new figure.
        log : bool, default=False
            Whether the loss axis is logarithmic.

        Returns
        -------
        display : LossCurveDisplay
        """
        estimator = opened(estimator).estimator
        validation = getattr(estimator, "validation_loss_curve_", None)
        best = [epoch.number for epoch in getattr(estimator, "history_", None) or () if epoch.best]
        display = cls(
            training=estimator.loss_curve_,
            validation=validation,
            best_epoch=best[-1] if best and validation is not None else None,
            unit="epoch" if is_stochastic(estimator.solver) else "iteration",
        )
        return display.plot(ax=ax, log=log)

    def plot(self, ax: Any = None, *, log: bool = False) -> LossCurveDisplay:
        """Draw the curves on the axes; None makes a new figure."""
        self.figure_, self.ax_ = axes(ax, (6.4, 3.6))
        drawn = [("training", self.training, BLUE, "-")]
        if self.validation is not None:
            drawn.append(("validation", self.validation, ORANGE, "--"))
        self.lines_ = [self._line(*curve) for curve in drawn]
        best = self.best_epoch
        if best is not None and self.validation is not None and best <= len(self.validation):
            self.ax_.plot(
                best, self.validation[best - 1], "o", color=ORANGE, markeredgecolor=INK, zorder=3,
                label=f"best {self.unit} ({best})",
            )  # fmt: skip
        if log:
            self._logarithmic()
        self.ax_.set(xlabel=self.unit, ylabel="loss")
        self.ax_.grid(True, axis="y", which="both", alpha=0.25)
        unframed(self.ax_)
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        self.ax_.legend(frameon=False)
        return self

    def _logarithmic(self) -> None:
        from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

        self.ax_.set_yscale("log")
        low, high = self.ax_.get_ylim()
        axis = self.ax_.yaxis
        if high / low < 5:
            # Powers of ten, and their halves, are too far apart for this curve.
            axis.set_major_locator(MaxNLocator(6))
        elif high / low < 100:
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())

    def _line(self, label: str, curve: Sequence[float], colour: str, dashes: str) -> Any:
        values = np.array(curve, dtype=np.float64)
        marker = "o" if values.size == 1 else None
        (line,) = self.ax_.plot(
            np.arange(1, values.size + 1), values, linestyle=dashes, color=colour, label=label, marker=marker
        )
        return line
