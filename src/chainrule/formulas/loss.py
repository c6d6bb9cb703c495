"""What a loss is: value and slope per row, the fused forms from raw scores, and what it goes with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from chainrule.formulas.activations import ACTIVATIONS, Activation, OutputFamily
from chainrule.formulas.lookup import Array
from chainrule.formulas.targets import TargetRange

RowValue = Callable[[Array, Array], Array]
Slope = Callable[[Array, Array], Array]


def difference(y: Array, z: Array, a: Array) -> Array:
    """``dl/dz = a - y``: the common slope of every canonical pair of loss and output activation."""
    product: Array = a - y
    return product


@dataclass(frozen=True)
class Fused:
    """A loss together with one output activation, from raw scores.

    Parameters
    ----------
    value : callable
        ``(y, z) -> (N,)``.
    slope : callable
        ``(y, z, a) -> dl/dz``, shape (N, K).
    """

    value: RowValue
    slope: Callable[[Array, Array, Array], Array] = difference


@dataclass(frozen=True)
class Loss:
    """One loss function.

    Parameters
    ----------
    name : str
        The name users type.
    value : callable
        ``(y, a) -> (N,)``, the loss of each row: the sum over its outputs, or their mean where the entry says so.
    slope : callable
        ``(y, a) -> (N, K)``, the derivative with respect to the prediction.
    latex : str
        The formula of one row.
    outputs : dict
        Output activation name -> Fused form; the first one is the default output activation. A name of the table means the
        table's activation, never a user's own of the same name.
    accepts : frozenset of str or None
        Names of the output activations that make sense beside the fused ones; None means any that `refuses` does not name.
    why : str
        The reason given when an output activation is refused.
    reported_mean : bool
        Whether reported values are divided by the number of outputs (scikit-learn does so for squared_error).
    origin : object
        The frozen dataclass of hyper-parameters that built it, None if it has none.
    levels : int
        Network outputs for each target column.
    columns : int or None
        Target columns it is made for; None means any number.
    refuses : dict
        Output activation name -> why it makes no sense, where `accepts` is None.
    default : str
        The default output activation, if it is not the first fused one.
    target_ranges : tuple of TargetRange
        Where the targets must lie; empty if any will do.
    """

    name: str
    value: RowValue
    slope: Slope
    latex: str
    outputs: Mapping[str, Fused] = field(default_factory=dict)
    accepts: frozenset[str] | None = None
    why: str = ""
    reported_mean: bool = False
    origin: Any = None
    levels: int = 1
    columns: int | None = None
    refuses: Mapping[str, str] = field(default_factory=dict)
    default: str = ""
    target_ranges: tuple[TargetRange, ...] = ()

    @property
    def default_output(self) -> str:
        """The output activation that belongs to this loss."""
        return self.default or next(iter(self.outputs), "identity")

    def n_outputs(self, targets: int) -> int:
        """Outputs the network needs for that many target columns.

        Raises
        ------
        ValueError
            If the loss is made for another number of target columns.
        """
        if self.columns is not None and targets != self.columns:
            raise ValueError(
                f"loss {self.name!r} with these hyper-parameters needs {self.columns} target column(s), got {targets}."
            )
        return targets * self.levels

    def check_output(self, activation: Activation) -> None:
        """Raise ValueError if this output activation makes no sense with this loss."""
        if isinstance(self.origin, OutputFamily) and activation != self.origin.activation():
            raise ValueError(
                f"loss {self.name!r} does not go with output activation {activation.name!r}: each group of its outputs has an "
                f"activation of its own. Use the object given as the loss, also as the output layer's activation."
            )
        own = not _means_itself(activation)
        name = "" if own else activation.name
        if name in self.outputs or (self.accepts is not None and name in self.accepts):
            return
        if self.accepts is None and name not in self.refuses:
            return
        why = self.refuses.get(name, self.why)
        known = {*self.outputs, *(self.accepts or ())}
        allowed = sorted(known) if self.accepts is not None else f"the others, such as {self.default_output!r}"
        whose = f"{activation.name!r}" + (" (your own, not the built-in one of that name)" if own else "")
        raise ValueError(f"loss {self.name!r} does not go with output activation {whose}: {why} Use one of {allowed}.")

    def fused(self, activation: Activation) -> Fused | None:
        """The fused form with this output activation, None if there is none."""
        return self.outputs.get(activation.name) if _means_itself(activation) else None

    def rows(self, y: Array, z: Array, a: Array, activation: Activation) -> Array:
        """Loss of each row, shape (N,)."""
        fused = self.fused(activation)
        return fused.value(y, z) if fused else self.value(y, a)

    def delta(self, y: Array, z: Array, a: Array, activation: Activation) -> Array:
        """``dl/dz`` of the output layer, shape (N, K)."""
        fused = self.fused(activation)
        return fused.slope(y, z, a) if fused else activation.backward(z, a, self.slope(y, a))

    def reported(self, total: float, outputs: int) -> float:
        """The number shown to users for a loss summed over `outputs` outputs."""
        return total / outputs if self.reported_mean else total


def _means_itself(activation: Activation) -> bool:
    """Whether its name means this activation: not so for a user's own with a name of the table."""
    return ACTIVATIONS.get(activation.name) in (None, activation)


@dataclass(frozen=True)
class LossFamily:
    """Hyper-parameters of a loss. Subclasses are frozen dataclasses, so they can be compared, printed and copied."""

    name: ClassVar[str]

    def build(self) -> Loss:
        """The loss with these hyper-parameters."""
        raise TypeError(f"{type(self).__name__} must define build().")
