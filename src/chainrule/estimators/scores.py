"""Validation scores on encoded targets: scikit-learn's accuracy, R² and D², mostly without re-checking the arrays every epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import d2_pinball_score

from chainrule.formulas.lookup import Array


def accuracy(Y: Array, outputs: Array, sample_weight: Any = None) -> float:
    """Share of rows whose largest output is the right class (scikit-learn's `accuracy_score`); nan if not finite."""
    return _share(outputs.argmax(axis=1) == Y.argmax(axis=1), outputs, sample_weight)


def subset_accuracy(Y: Array, outputs: Array, sample_weight: Any = None, border: float = 0.5) -> float:
    """Share of rows with every output on the right side of the border (scikit-learn's `accuracy_score` too); else as above."""
    return _share(((outputs > border) == (Y > 0.5)).all(axis=1), outputs, sample_weight)


def _share(right: Any, outputs: Array, sample_weight: Any) -> float:
    if not np.isfinite(outputs).all():
        return float("nan")
    if sample_weight is None:
        return float(np.count_nonzero(right) / len(right))
    return float(np.average(right, weights=sample_weight))


def r2(Y: Array, outputs: Array, sample_weight: Any = None) -> float:
    """Coefficient of determination, mean over the outputs (scikit-learn's `r2_score`); nan for fewer than two rows."""
    if len(Y) < 2 or not np.isfinite(outputs).all():
        return float("nan")
    Y, outputs = Y.astype(np.float64, copy=False), outputs.astype(np.float64, copy=False)
    weight = np.ones((len(Y), 1)) if sample_weight is None else np.asarray(sample_weight, np.float64)[:, None]
    mean = (weight * Y).sum(axis=0) / weight.sum()
    unexplained = (weight * (Y - outputs) ** 2).sum(axis=0)
    total = (weight * (Y - mean) ** 2).sum(axis=0)
    constant = np.where(unexplained == 0, 1.0, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.where(total == 0, constant, 1 - unexplained / total)
    return float(scores.mean())


@dataclass(frozen=True)
class PinballSkill:
    """How much better than constant quantiles: scikit-learn's `d2_pinball_score`, mean over the levels; 1 is perfect.

    Parameters
    ----------
    levels : tuple of float
        The levels, one for each output.
    """

    levels: tuple[float, ...]

    def __call__(self, Y: Array, outputs: Array, sample_weight: Any = None) -> float:
        """The score; nan for fewer than two rows or outputs that are not finite."""
        if len(Y) < 2 or not np.isfinite(outputs).all():
            return float("nan")
        y, columns = np.ravel(Y), zip(self.levels, outputs.T, strict=True)
        scores = [d2_pinball_score(y, one, sample_weight=sample_weight, alpha=level) for level, one in columns]
        return float(np.mean(scores))
