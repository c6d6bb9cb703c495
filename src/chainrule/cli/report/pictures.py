"""The report's pictures, each with a description in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from chainrule.cli.report.html import picture
from chainrule.cli.text import percent, short
from chainrule.plots import LossCurveDisplay, NetworkDisplay, confusion_display, residuals_display, to_svg

if TYPE_CHECKING:
    from chainrule.tables import Evaluation, TableModel


def _figure(width: float, height: float) -> tuple[Figure, Any]:
    # Not pyplot's: no window, no global list of figures.
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def curves(model: TableModel) -> str:
    """Learning curves."""
    estimator = model.estimator
    training, validation = estimator.loss_curve_, estimator.validation_loss_curve_
    figure, ax = _figure(7.2, 3.6)
    display = LossCurveDisplay.from_estimator(estimator, ax=ax, log=all(loss > 0 for loss in training))
    alt = f"Training loss falls from {short(training[0])} to {short(training[-1])} in {len(training)} {display.unit}s"
    if validation:
        alt += f"; validation loss goes from {short(validation[0])} to {short(validation[-1])}"
    caption = f"The loss after each {display.unit}, on a logarithmic axis."
    if display.best_epoch:
        caption += f" The weights of {display.unit} {display.best_epoch} were kept: the best on the validation rows."
    return picture(to_svg(figure), f"{alt}.", caption, "wide")


def network(model: TableModel) -> str:
    """The network with its weights."""
    widths = model.estimator.network_.widths
    figure, ax = _figure(max(6.4, 2.7 * len(widths)), 1.4 + 0.36 * min(12, max(widths)))
    goal = model.schema.target
    names = [goal.name] if goal.task == "regression" else None
    NetworkDisplay.from_estimator(model.estimator, ax=ax, input_names=model.schema.inputs, output_names=names)
    alt = f"A network with layers of {', '.join(map(str, widths))} units, drawn as circles joined by lines"
    caption = (
        "Each line is a weight: the wider, the larger in its layer; solid blue is positive, dashed orange negative. Of a "
        "layer with many units those with the largest weights are drawn, and the faintest weights are left out."
    )
    return picture(to_svg(figure), f"{alt}.", caption, "wide")


def scores(found: Evaluation) -> str:
    """Confusion matrix or residuals."""
    if found.confusion is not None:
        side = min(2.6 + 0.45 * len(found.labels), 6.5)
        figure, ax = _figure(side + 1, side)
        confusion_display(found.confusion, found.labels, ax=ax)
        share = f"{percent(found.score)} of {found.rows:,} rows are on the diagonal"
        alt = f"Confusion matrix of {len(found.labels)} classes: {share}."
        return picture(to_svg(figure), alt, "True classes in rows, predicted classes in columns.")
    figure, ax = _figure(7.2, 3.8)
    residuals_display(found.truth, found.predicted, ax=ax)
    half = short(found.error_quantiles["0.5"])
    alt = f"Residuals of {found.rows:,} rows against predictions; half of them are within {half}."
    return picture(to_svg(figure), alt, "Each point is a row of the test set; a perfect prediction lies on the line.")
