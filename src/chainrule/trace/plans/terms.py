"""How a loss falls into one term for each output, and its slope: one literal entry for each pair of loss and fused activation.

A loss without an entry here, such as a user's own, is shown as one row (`whole_loss`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.trace.header import Group


@dataclass(frozen=True)
class Terms:
    """One loss.

    Parameters
    ----------
    term : str
        The operation of a term.
    parents : tuple of str
        Kinds of its parents, at the same output; "target" is the smoothed one where labels are smoothed.
    reduction : {"sum", "mean"}
        Over the outputs of a row.
    slope : str
        The operation of the slope: of dl/dz in a fused form, else of dl/da.
    slope_parents : tuple of str
        Kinds of its parents.
    """

    term: str
    parents: tuple[str, ...]
    reduction: str
    slope: str
    slope_parents: tuple[str, ...] = ("activation", "target")


AY = ("activation", "target")
ZY = ("pre_activation", "target")
YZ = ("target", "pre_activation")
YZA = ("target", "pre_activation", "activation")

# (loss, output activation of the fused form or "")
TERMS: dict[tuple[str, str], Terms] = {
    ("squared_error", ""): Terms("squared_error_term", AY, "sum", "difference"),
    ("squared_error", "identity"): Terms("squared_error_term", AY, "sum", "difference"),
    ("mse", ""): Terms("mse_term", AY, "mean", "mse_slope"),
    ("absolute_error", ""): Terms("absolute_error_term", AY, "mean", "absolute_error_slope"),
    ("huber", ""): Terms("huber_term", AY, "mean", "huber_slope"),
    ("quantile", ""): Terms("quantile_term", AY, "mean", "quantile_slope"),
    ("log_loss", "softmax"): Terms("softmax_log_loss_term", (*YZ, "shift", "exponential_sum"), "sum", "difference"),
    ("log_loss", "logistic"): Terms("logistic_log_loss_term", YZ, "sum", "difference"),
    ("poisson", "exp"): Terms("poisson_exp_term", YZA, "sum", "difference"),
    ("poisson", "softplus"): Terms(
        "poisson_softplus_term", YZA, "sum", "poisson_softplus_slope", ("pre_activation", "activation", "target")
    ),
    ("hinge", ""): Terms("hinge_term", AY, "sum", "hinge_slope"),
    ("perceptron", "identity"): Terms("perceptron_term", ZY, "sum", "perceptron_slope", ZY),
    ("perceptron", "step"): Terms("perceptron_term", ZY, "sum", "perceptron_slope", ZY),
}


def terms_of(group: Group) -> Terms | None:
    """The entry for a group of outputs, None if it is shown whole."""
    activation = group.activation if group.fused and isinstance(group.activation, str) else ""
    return TERMS.get((group.loss_name, activation)) if group.loss_name else None


def smoothing(group: Group) -> float:
    """The share of the labels that is spread over the classes."""
    return float(group.loss.get("label_smoothing", 0.0)) if isinstance(group.loss, dict) else 0.0


def hyper_parameters(group: Group, unit: int) -> dict[str, Any]:
    """What the loss's operations need beside numbers, for one output."""
    # A bare name stands for the family's defaults.
    given: dict[str, Any] = group.loss if isinstance(group.loss, dict) else {"delta": 1.0, "levels": [0.5]}
    if group.loss_name == "huber":
        return {"delta": given["delta"]}
    if group.loss_name == "quantile":
        several = given["levels"]
        return {"level": several[unit - group.start] if len(several) > 1 else several[0]}
    return {}
