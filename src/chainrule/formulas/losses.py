"""Losses: value and slope per row, and the fused forms that start from the raw scores.

Each loss is a function of the prediction `a` (after the output activation) over the outputs of a row. Where loss and output
activation belong together (softmax with cross-entropy, ...) the pair has a *fused* form that works on the raw scores `z`: it
stays finite for any score (log-sum-exp) and its slope is simply `a - y`. To add a loss, append one entry to `LOSSES`; if it has
hyper-parameters, a `LossFamily` to `LOSS_FAMILIES`.

Sum or mean over the outputs of a row: squared_error, log_loss, poisson, hinge and perceptron sum (scikit-learn's convention);
mse, absolute_error, huber and quantile take the mean (PyTorch's).
"""

from __future__ import annotations

from math import inf

from chainrule.formulas import classification, regression
from chainrule.formulas.classification import LogLoss
from chainrule.formulas.lookup import lookup
from chainrule.formulas.loss import Fused, Loss, LossFamily
from chainrule.formulas.regression import LAYER_OUTPUTS, Huber, Quantile
from chainrule.formulas.targets import TargetRange

__all__ = ["LOSSES", "LOSS_FAMILIES", "Fused", "Huber", "LogLoss", "Loss", "LossFamily", "Quantile", "get_loss"]

LOSS_FAMILIES: dict[str, type[LossFamily]] = {family.name: family for family in (LogLoss, Huber, Quantile)}

LOSSES: dict[str, Loss] = {
    entry.name: entry
    for entry in (
        Loss(
            "squared_error",
            regression.squared_error,
            regression.squared_error_slope,
            r"\frac{1}{2} \sum_k (a_k - y_k)^2",
            outputs={"identity": Fused(regression.squared_error)},
            reported_mean=True,
            refuses=LAYER_OUTPUTS,
        ),
        Loss("mse", regression.mse, regression.mse_slope, r"\frac{1}{K} \sum_k (a_k - y_k)^2", refuses=LAYER_OUTPUTS),
        Loss(
            "absolute_error",
            regression.absolute_error,
            regression.absolute_error_slope,
            r"\frac{1}{K} \sum_k |a_k - y_k|",
            refuses=LAYER_OUTPUTS,
        ),
        Huber().build(),
        Quantile().build(),
        LogLoss().build(),
        Loss(
            "poisson",
            regression.half_poisson_deviance,
            regression.half_poisson_deviance_slope,
            r"\sum_k y_k \log\frac{y_k}{a_k} - y_k + a_k",
            outputs={
                "exp": Fused(regression.poisson_from_logs),
                "softplus": Fused(regression.poisson_from_softplus, regression.poisson_from_softplus_slope),
            },
            accepts=frozenset(),
            why="the Poisson deviance needs predictions above zero, without an upper bound.",
            target_ranges=(TargetRange(0, inf, "poisson"),),
        ),
        Loss(
            "hinge",
            classification.hinge,
            classification.hinge_slope,
            r"\sum_k \max(0, 1 - t_k a_k), \quad t_k = 2 y_k - 1",
            accepts=frozenset({"identity"}),
            why="the margin is measured on raw scores of either sign.",
            target_ranges=(TargetRange(0, 1, "hinge"),),
        ),
        Loss(
            "perceptron",
            classification.perceptron,
            classification.perceptron_slope,
            r"\sum_k \max(0, -t_k z_k), \quad t_k = 2 y_k - 1",
            outputs={
                "identity": Fused(classification.perceptron, classification.perceptron_fused_slope),
                "step": Fused(classification.perceptron, classification.perceptron_fused_slope),
            },
            accepts=frozenset(),
            why="Rosenblatt's rule corrects raw scores of the wrong sign.",
            target_ranges=(TargetRange(0, 1, "perceptron"),),
        ),
    )
}


ALIASES = {"mae": "absolute_error"}
# What others call cross-entropy; here one name goes with softmax and with logistic outputs.
OTHER_NAMES = dict.fromkeys(
    ("cross_entropy", "crossentropy", "binary_crossentropy", "categorical_crossentropy", "bce", "nll"), "log_loss"
)


def get_loss(loss: str | Loss | LossFamily) -> Loss:
    """Return the table entry of that name, the user's own object as it is, or what a family (`Huber(2.0)`) builds."""
    if isinstance(loss, LossFamily):
        return loss.build()
    return lookup("loss", loss, LOSSES, Loss, ALIASES, OTHER_NAMES)
