"""The tape: everything one forward and backward pass computes, for the views to format."""

from __future__ import annotations

from dataclasses import dataclass, field

from chainrule.engines.normalization import Normalized
from chainrule.formulas.lookup import Array


@dataclass(frozen=True)
class Tape:
    """One training step's pass over a batch.

    Parameters
    ----------
    a : list of ndarray
        Activations after dropout, `a[0]` is the input, `a[k + 1] (N, O_k)` the output of layer k.
    z : list of ndarray
        Pre-activations (after batch normalisation), `z[k]` belongs to layer k.
    delta : list of ndarray
        ``w_r * dl_r/dz`` of each layer (weighted, not yet divided by S).
    rows : ndarray of shape (N,)
        Unweighted loss of each row, summed over outputs.
    weight_sum : float
        S, the sum of the sample weights, or the number of rows.
    penalty : float
        ``(alpha / S + l2) / 2 * sum W**2``.
    loss : float
        The objective J.
    gradient : ndarray of shape (P,)
        dJ/dtheta; zero for running statistics.
    normalized : list of Normalized or None
        What batch normalisation did in each layer; None for layers without.
    masks : list of ndarray or None
        Dropout factors of the inputs and of each hidden layer; None where nothing was dropped.
    """

    a: list[Array]
    z: list[Array]
    delta: list[Array]
    rows: Array
    weight_sum: float
    penalty: float
    loss: float
    gradient: Array
    normalized: list[Normalized | None] = field(default_factory=list)
    masks: list[Array | None] | None = None
