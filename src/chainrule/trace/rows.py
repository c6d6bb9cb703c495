"""What an explanation is made of: rows, each one number or array, what it is, and from which others it follows.

A row is free of notation: renderers decide whether a pre-activation is called z, f or net. Places count from 0: `layer` 0 is the
first hidden layer (None: the network's inputs, or the whole network), `unit` a unit of that layer, `source` a unit of the layer
below it, `row` a row of the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

STAGES = ("input", "forward", "loss", "backward", "update", "check")
LEVELS = ("unit", "layer", "whole")
# What the parameters are called, in the order of theta.
PARAMETERS = ("weight", "bias", "scale", "running_mean", "running_variance")

Value = float | NDArray[Any]

# kind -> what it is. Letters: N rows, I inputs and O outputs of a layer, K outputs of the network, T target columns, H heads.
KINDS: dict[str, str] = {
    # input
    "input": "x: what the network is given; layer row (N, I)",
    "target": "y: encoded target; unit is the target column; layer row (N, T)",
    "sample_weight": "weight of a data row; layer row (N,)",
    "weight": "W from `source` to `unit`; layer row (I, O)",
    "bias": "b, with batch normalisation beta; layer row (O,)",
    "scale": "gamma of batch normalisation; layer row (O,)",
    "running_mean": "of batch normalisation; layer row (O,)",
    "running_variance": "of batch normalisation; layer row (O,)",
    "mask": "dropout factor of a layer's output, of the inputs where layer is None; layer row (N, O)",
    "state": "the solver's vector `name` before the step, for the parameter `of`; shaped like it",
    # forward
    "linear": "sum of weight times input, no bias: only with batch normalisation; layer row (N, O)",
    "batch_mean": "of `linear` over the rows; layer row (O,)",
    "batch_variance": "of `linear` over the rows, biased; layer row (O,)",
    "normalized": "z_hat = (linear - mean) / sqrt(variance + epsilon); layer row (N, O)",
    "pre_activation": "z; layer row (N, O)",
    "shift": "largest score of a softmax group, taken off first; `name` is the head's number",
    "exponential": "e**(z - shift) of a softmax output",
    "exponential_sum": "their sum; `name` is the head's number",
    "activation": "a = f(z), before dropout; layer row (N, O)",
    "dropped": "a times its dropout factor, what the next layer sees; layer None: of the inputs; layer row (N, O)",
    # loss
    "weight_sum": "S, the sum of the sample weights, or the number of rows",
    "smoothed_target": "target with label smoothing; unit is the output",
    "loss_term": "what one output adds to the loss of a data row",
    "head_loss": "loss of one head of a data row, without its factor; `name` is the head's number",
    "row_loss": "loss of a data row; layer row (N,)",
    "data_loss": "weighted mean of the rows' losses (only with several rows or weights)",
    "l2_penalty": "(alpha / S + l2) / 2 * sum of W**2",
    "l1_penalty": "l1 * sum of |W|",
    "loss": "the objective J",
    # backward; everything is multiplied by the row's sample weight unless it says otherwise
    "activation_gradient": "dl/da of what the next layer sees: sum over its paths; at the output the loss's slope, unweighted",
    "unscaled_gradient": "dl/da of an output of a head, without the head's factor, unweighted",
    "unscaled_delta": "dl/dz of an output of a head, without the head's factor, unweighted",
    "upstream_mean": "sum of dl/da_j a_j over a softmax group; `name` is the head's number",
    "path": "dl/da of `unit` through unit `source` of the NEXT layer (here alone `source` lies above)",
    "undropped_gradient": "dl/da before dropout: activation_gradient times the mask",
    "slope": "f'(z), the local derivative; layer row (N, O)",
    "unweighted_delta": "dl/dz of an output before it is multiplied by the sample weight",
    "delta": "dl/dz; layer row (N, O)",
    "delta_sum": "sum of delta over the rows, for batch normalisation; layer row (O,)",
    "delta_product_sum": "sum of delta times z_hat over the rows; layer row (O,)",
    "linear_delta": "dl/d(linear), what batch normalisation passes on; layer row (N, O)",
    "row_gradient": "what one data row adds to the gradient of the parameter `of`",
    "data_gradient": "gradient of the data's loss by the parameter `of`, without penalty (only where there is one)",
    "penalty_gradient": "(alpha / S + l2) W",
    "gradient": "dJ/d(parameter `of`), without the L1 term; shaped like it",
    # update
    "gradient_norm": "Euclidean length of the whole gradient",
    "norm_clipped": "gradient after clip_norm",
    "value_clipped": "gradient after clip_value",
    "corrected_rate": "Adam's rate with both bias corrections; layer set where layers have rates of their own",
    "state_after": "the solver's vector `name` after the step",
    "direction": "the gradient as scaled by Adadelta or RMSProp",
    "step_length": "what L-BFGS's line search found",
    "decayed": "weight after decoupled weight decay",
    "change": "what the solver's rule adds to the parameter `of`",
    "stepped": "the parameter after the rule, where something follows",
    "speed": "Solver.speed: how far a constant gradient of 1 would move it; for L1",
    "shrunk": "weight after the L1 step, where max_norm follows",
    "incoming_norm": "length of the weights into a unit; layer row (O,)",
    "new": "the parameter `of` after the step",
    # check
    "loss_ahead": "J with one parameter a little larger",
    "loss_behind": "J with it a little smaller",
    "numeric_gradient": "their central difference",
    "relative_error": "of gradient and central difference",
    "largest_error": "the largest of them",
    "new_loss": "J with the new parameters, same rows, masks and weights",
    "predicted_change": "first order: sum of gradient times change",
    "actual_change": "new_loss - loss",
}


@dataclass(frozen=True)
class Quantity:
    """What a number is, free of notation.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    layer, unit, source, row : int or None
        Its place; None where it has none. A layer row has neither unit, source nor row.
    of : str
        The kind of parameter (see `PARAMETERS`) that a gradient, state or change belongs to.
    name : str
        The solver's name of a state vector, or the number of a head.
    """

    kind: str
    layer: int | None = None
    unit: int | None = None
    source: int | None = None
    row: int | None = None
    of: str = ""
    name: str = ""

    @property
    def id(self) -> str:
        """The row's id: ``gradient-weight-l1-u0-s2``."""
        places = {"l": self.layer, "u": self.unit, "s": self.source, "r": self.row}
        words = [self.kind, self.of, self.name, *(f"{key}{at}" for key, at in places.items() if at is not None)]
        return "-".join(word for word in words if word)


@dataclass(frozen=True, eq=False)
class Row:
    """One claim: this quantity has this value, because of those rows.

    Parameters
    ----------
    id : str
        ``quantity.id``; unique.
    level : str
        "unit" (a number of one unit, weight or data row), "layer" (an array) or "whole" (a number of the whole network).
    stage : str
        One of `STAGES`.
    quantity : Quantity
        What it is.
    operation : str
        A key of `chainrule.trace.operations.OPERATIONS`.
    parents : tuple of str
        Ids of the rows it follows from, all earlier, in the operation's order.
    value : float or ndarray
        Float64.
    settings : dict
        What the operation needs beside the parents: plain JSON data.
    """

    id: str
    level: str
    stage: str
    quantity: Quantity
    operation: str
    parents: tuple[str, ...]
    value: Value
    settings: Mapping[str, Any] = field(default_factory=dict)
