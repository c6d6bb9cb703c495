"""Where predictions go wrong: confusion matrix and residuals, by scikit-learn's own displays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.metrics import ConfusionMatrixDisplay, PredictionErrorDisplay, confusion_matrix

from chainrule.plots.style import BLUE, INK, axes, literal, unframed

MANY, TOO_MANY, MAX_POINTS = 12, 40, 2000


def confusion_from_estimator(estimator: Any, X: Any, y: Any, *, ax: Any = None) -> ConfusionMatrixDisplay:
    """The confusion matrix of a fitted classifier on some rows.

    Parameters
    ----------
    estimator : MLPClassifier, Pipeline that ends in one, or another classifier with `classes_`
        Fitted.
    X : array or data frame
        Rows.
    y : ndarray of shape (N,)
        Their true classes.
    ax : matplotlib Axes, optional
        Where to draw; None makes a new figure.

    Returns
    -------
    display : sklearn.metrics.ConfusionMatrixDisplay
        Drawn; it has `ax_` and `figure_`.

    Raises
    ------
    TypeError
        If the estimator names no classes.
    """
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        raise TypeError(
            f"a confusion matrix needs a fitted classifier; got {type(estimator).__name__}, which has no classes_. Numbers "
            "have residuals: residuals_from_estimator."
        )
    confusion = confusion_matrix(y, estimator.predict(X), labels=classes)
    return confusion_display(confusion, [str(name) for name in classes], ax=ax)


def residuals_from_estimator(estimator: Any, X: Any, y: Any, *, ax: Any = None) -> PredictionErrorDisplay:
    """Residuals of a fitted regressor on some rows.

    Parameters
    ----------
    estimator : MLPRegressor, Pipeline that ends in one, or another regressor of one target
        Fitted.
    X : array or data frame
        Rows.
    y : ndarray of shape (N,)
        Their true numbers.
    ax : matplotlib Axes, optional
        Where to draw; None makes a new figure.

    Returns
    -------
    display : sklearn.metrics.PredictionErrorDisplay
        Drawn; it has `ax_` and `figure_`.

    Raises
    ------
    TypeError
        If the estimator is no regressor.
    """
    if not is_regressor(estimator):
        raise TypeError(
            f"residuals need a fitted regressor; got {type(estimator).__name__}. Classes have a confusion matrix: "
            "confusion_from_estimator."
        )
    return residuals_display(y, estimator.predict(X), ax=ax)


def confusion_display(confusion: NDArray[Any], labels: Sequence[str], *, ax: Any = None) -> ConfusionMatrixDisplay:
    """The confusion matrix; numbers in the cells up to 12 classes, labels up to 40.

    Parameters
    ----------
    confusion : ndarray of shape (K, K)
        True classes in rows, predicted classes in columns.
    labels : sequence of str
        Names of the classes.
    ax : matplotlib Axes, optional
        Where to draw; None makes a new figure.

    Returns
    -------
    display : sklearn.metrics.ConfusionMatrixDisplay
        Drawn; it has `ax_` and `figure_`.
    """
    count = len(labels)
    if np.shape(confusion) != (count, count):
        raise ValueError(
            f"confusion must have a row and a column for each of the {count} labels; got {np.shape(confusion)}."
        )
    side = min(3.0 + 0.45 * count, 8.0)
    _, ax = axes(ax, (side + 0.8, side))
    display = ConfusionMatrixDisplay(np.asarray(confusion), display_labels=[literal(label, 16) for label in labels])
    display.plot(
        ax=ax, cmap="Blues", include_values=count <= MANY, values_format="d", colorbar=count > MANY,
        xticks_rotation="vertical" if count > 4 else "horizontal",
    )  # fmt: skip
    if count > TOO_MANY:
        ax.set(xticks=[], yticks=[])
    ax.set(xlabel="predicted", ylabel="true")
    return display


def residuals_display(truth: NDArray[Any], predicted: NDArray[Any], *, ax: Any = None) -> PredictionErrorDisplay:
    """Residuals against predictions; of very many points, an even choice.

    Parameters
    ----------
    truth, predicted : ndarray of shape (N,)
        True and predicted numbers.
    ax : matplotlib Axes, optional
        Where to draw; None makes a new figure.

    Returns
    -------
    display : sklearn.metrics.PredictionErrorDisplay
        Drawn; it has `ax_` and `figure_`.
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if truth.ndim != 1 or truth.shape != predicted.shape:
        raise ValueError(f"truth and predicted must be of one length; got shapes {truth.shape} and {predicted.shape}.")
    _, ax = axes(ax, (6.4, 3.8))
    chosen = slice(None, None, max(1, -(-len(truth) // MAX_POINTS)))
    display = PredictionErrorDisplay(y_true=truth[chosen], y_pred=predicted[chosen])
    display.plot(
        ax=ax, kind="residual_vs_predicted",
        scatter_kwargs={"s": 14, "alpha": 0.6, "color": BLUE, "edgecolors": "none"}, line_kwargs={"color": INK},
    )  # fmt: skip
    ax.set(xlabel="predicted", ylabel="true − predicted")
    ax.grid(True, alpha=0.25)
    unframed(ax)
    return display
