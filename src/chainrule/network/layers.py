"""One layer as pure data."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from chainrule.formulas import plain
from chainrule.formulas.activations import Activation, OutputFamily, get_activation
from chainrule.network.plain import described_fields


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: ``a = activation(x W + b)``.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str, Activation or Heads
        Its activation.
    dropout : float
        Probability that an output of this layer is left out in a training step (inverted dropout, Srivastava et al. 2014:
        the others are divided by ``1 - dropout``).
    batch_norm : bool
        Whether pre-activations are normalised over the batch before the activation (Ioffe & Szegedy 2015, algorithm 1):
        ``gamma * (x W - mean) / sqrt(variance + 1e-5) + b``. The linear part has no bias then: the mean would take it
        away again (lecture 002).
    """

    units: int
    activation: str | Activation | OutputFamily = "relu"
    dropout: float = 0.0
    batch_norm: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.units, (int, np.integer)) or isinstance(self.units, bool) or self.units < 1:
            raise ValueError(f"a layer needs a whole number of units, at least 1; got units={self.units!r}.")
        get_activation(self.activation)
        check_probability("dropout", self.dropout)
        if not isinstance(self.batch_norm, (bool, np.bool_)):
            raise ValueError(f"batch_norm must be True or False, got {self.batch_norm!r}.")

    @property
    def function(self) -> Activation:
        """The activation itself."""
        return get_activation(self.activation)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without what has its default value but units and activation."""
        described = {"units": int(self.units), "activation": plain.activation_to_plain(self.activation)}
        described |= {"dropout": float(self.dropout)} if self.dropout else {}
        return described | ({"batch_norm": True} if self.batch_norm else {})

    @classmethod
    def from_dict(cls, data: dict[str, Any], what: str) -> Dense:
        """The layer that `to_dict` described; `what` names it in errors (ValueError)."""
        fields = described_fields(data, {"units": int, "activation": (str, dict)}, what, ("dropout", "batch_norm"))
        activation = plain.activation_from_plain(fields["activation"])
        return cls(fields["units"], activation, fields.get("dropout", 0.0), fields.get("batch_norm", False))


def check_probability(name: str, value: Any) -> None:
    """Raise ValueError unless it is a share that can be left out."""
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= float(value) < 1:
        raise ValueError(f"{name} must be a number from 0 to below 1, the share that is left out; got {value!r}.")
