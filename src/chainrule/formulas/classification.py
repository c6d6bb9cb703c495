"""The losses of classification, from raw scores where they would lose digits from probabilities. Targets are 0 and 1.

The log-sum-exp forms stay finite for any score (lecture 004, 'Softmax + Cross Entropy': "becomes numerically stable").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import xlogy

from chainrule.formulas.lookup import Array
from chainrule.formulas.loss import Fused, Loss, LossFamily
from chainrule.formulas.method import Method
from chainrule.formulas.ranges import check_number
from chainrule.formulas.targets import TargetRange


def softmax_cross_entropy(y: Array, z: Array) -> Array:
    """``-sum_k y_k (z_k - log sum_j e**z_j)`` (lecture 004, 'Softmax + Cross Entropy')."""
    shifted = z - z.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    with np.errstate(invalid="ignore"):
        value: Array = np.where(y == 0, 0, y * (log_sum - shifted)).sum(axis=1)
    return value


def logistic_cross_entropy(y: Array, z: Array) -> Array:
    """Binary cross-entropy of ``a = 1 / (1 + e**-z)``, summed over the outputs."""
    # max(z, 0) - z y + log(1 + exp(-|z|)), written so that no product of infinities appears.
    value: Array = (np.where(z > 0, z * (1 - y), -z * y) + np.log1p(np.exp(-np.abs(z)))).sum(axis=1)
    return value


def cross_entropy(y: Array, a: Array) -> Array:
    """``-sum_k y_k log a_k + (1 - y_k) log(1 - a_k)``.

    Lectures 000, 'Loss Functions for Classification', and 004, 'Loss Function - Cross Entropy'.
    """
    value: Array = -(xlogy(y, a) + xlogy(1 - y, 1 - a)).sum(axis=1)
    return value


def cross_entropy_slope(y: Array, a: Array) -> Array:
    """``(a - y) / (a (1 - a))``."""
    value: Array = (a - y) / (a * (1 - a))
    return value


@dataclass(frozen=True)
class LogLoss(LossFamily):
    """Cross-entropy, categorical with softmax, binary with logistic; the targets may be smoothed.

    Lectures 000, 'Loss Functions for Classification'; 002, 'Cross entropy'; 004, 'Softmax + Cross Entropy'. Lecture 004 adds
    up the rows of the data; the objective here takes their mean, as lectures 000 and 002 do.

    Label smoothing (Szegedy et al. 2016, arXiv 1512.00567, section 7): ``y' = y (1 - e) + e / K``, with K = 2 for each
    logistic output.

    Parameters
    ----------
    label_smoothing : float
        Share e of the target that is spread over the classes, from 0 to below 1.
    """

    name: ClassVar[str] = "log_loss"
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "label_smoothing", 0, 1)
        object.__setattr__(self, "label_smoothing", float(self.label_smoothing))

    def build(self) -> Loss:
        """The loss with this smoothing."""
        plain = not self.label_smoothing
        return Loss(
            self.name,
            cross_entropy if plain else Method(self, "rows"),
            cross_entropy_slope if plain else Method(self, "slope"),
            r"-\sum_k y_k \log a_k" if plain else self._latex(),
            outputs={
                "softmax": Fused(softmax_cross_entropy)
                if plain
                else Fused(Method(self, "softmax_rows"), Method(self, "softmax_slope")),
                "logistic": Fused(logistic_cross_entropy)
                if plain
                else Fused(Method(self, "logistic_rows"), Method(self, "logistic_slope")),
            },
            accepts=frozenset(),
            why="cross-entropy compares probabilities.",
            origin=self,
            target_ranges=(TargetRange(0, 1, self.name),),
        )

    def _latex(self) -> str:
        share = f"{self.label_smoothing:g}"
        return rf"-\sum_k y'_k \log a_k, \quad y'_k = (1 - {share}) y_k + {share} / K"

    def smoothed(self, y: Array, classes: int) -> Array:
        """The targets with their share spread over that many classes."""
        value: Array = y * (1 - self.label_smoothing) + self.label_smoothing / classes
        return value

    def rows(self, y: Array, a: Array) -> Array:
        """Loss of each row from probabilities, each output a class of its own."""
        return cross_entropy(self.smoothed(y, 2), a)

    def slope(self, y: Array, a: Array) -> Array:
        """``dl/da``, shape (N, K)."""
        return cross_entropy_slope(self.smoothed(y, 2), a)

    def softmax_rows(self, y: Array, z: Array) -> Array:
        """Loss of each row from the scores of exclusive classes."""
        return softmax_cross_entropy(self.smoothed(y, z.shape[1]), z)

    def softmax_slope(self, y: Array, z: Array, a: Array) -> Array:
        """``a - y'``."""
        value: Array = a - self.smoothed(y, z.shape[1])
        return value

    def logistic_rows(self, y: Array, z: Array) -> Array:
        """Loss of each row from the scores of independent labels."""
        return logistic_cross_entropy(self.smoothed(y, 2), z)

    def logistic_slope(self, y: Array, z: Array, a: Array) -> Array:
        """``a - y'``."""
        value: Array = a - self.smoothed(y, 2)
        return value


def hinge(y: Array, z: Array) -> Array:
    """``sum_k max(0, 1 - t_k z_k)`` with ``t = 2 y - 1`` (Cortes & Vapnik 1995)."""
    value: Array = np.maximum(1 - (2 * y - 1) * z, 0).sum(axis=1)
    return value


def hinge_slope(y: Array, z: Array) -> Array:
    """``-t`` where the margin ``t z`` is below 1, else 0."""
    t = 2 * y - 1
    value: Array = np.where(t * z < 1, -t, 0)
    return value


def perceptron(y: Array, z: Array) -> Array:
    """``sum_k max(0, -t_k z_k)`` with ``t = 2 y - 1`` (lecture 004, 'Perceptron Learning Algorithm'; Rosenblatt 1958)."""
    value: Array = np.maximum(-(2 * y - 1) * z, 0).sum(axis=1)
    return value


def perceptron_slope(y: Array, z: Array) -> Array:
    """``-t`` where the sign is wrong, else 0; for targets 0 and 1 that is ``step(z) - y``, Rosenblatt's rule.

    A score of exactly 0 counts as class 0, so that rows of class 1 are corrected there and training from zero weights starts.
    Lecture 004 prints the mirror image: there a score of 0 counts as class 1.
    """
    t = 2 * y - 1
    value: Array = np.where((z > 0) != (t > 0), -t, 0)
    return value


def perceptron_fused_slope(y: Array, z: Array, a: Array) -> Array:
    """The same slope, passed straight to the score."""
    return perceptron_slope(y, z)
