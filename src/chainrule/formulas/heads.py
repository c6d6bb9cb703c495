"""Several output heads on one network: groups of outputs, each with an activation, a loss and a weight of its own.

``l = sum_h weight_h l_h(y_h, a_h)``. One object serves as the loss and as the output layer's activation:
``Network(4, [Dense(8), Dense(heads.units, heads)], heads)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from chainrule.formulas.activations import Activation, OutputFamily, get_activation
from chainrule.formulas.lookup import Array
from chainrule.formulas.loss import Fused, Loss, LossFamily
from chainrule.formulas.losses import get_loss
from chainrule.formulas.method import Method
from chainrule.formulas.ranges import check_number, check_whole
from chainrule.formulas.targets import TargetRange


@dataclass(frozen=True)
class Head:
    """One group of outputs.

    Parameters
    ----------
    units : int
        Its outputs, and as many columns of the targets.
    activation : str or Activation
        Its output activation.
    loss : str, Loss or LossFamily
        Its loss; one that has as many outputs as target columns.
    weight : float
        Factor of its loss, above 0.

    Raises
    ------
    ValueError
        If a field is out of range, or loss and activation do not go together.
    """

    units: int
    activation: str | Activation
    loss: str | Loss | LossFamily
    weight: float = 1.0

    def __post_init__(self) -> None:
        check_whole(self, "units")
        check_number(self, "weight", ends="()")
        if isinstance(self.activation, OutputFamily) or isinstance(self.loss, OutputFamily):
            raise ValueError("Head: a head cannot hold heads; list all heads side by side in one Heads.")
        if self.objective.levels != 1:
            raise ValueError(
                f"Head: loss {self.objective.name!r} with {self.objective.levels} levels has more outputs than targets and "
                f"cannot be a head; give each level a head with Quantile(level), its target column repeated."
            )
        self.objective.n_outputs(int(self.units))
        self.objective.check_output(self.function)
        if self.function.untrainable and self.objective.fused(self.function) is None:
            raise ValueError(f"Head: activation {self.function.name!r} cannot be trained: {self.function.untrainable}")
        object.__setattr__(self, "units", int(self.units))
        object.__setattr__(self, "weight", float(self.weight))

    @property
    def function(self) -> Activation:
        """The activation itself."""
        return get_activation(self.activation)

    @property
    def objective(self) -> Loss:
        """The loss itself."""
        return get_loss(self.loss)


@dataclass(frozen=True)
class Heads(LossFamily, OutputFamily):
    """The heads of a network, side by side in the order of the target columns.

    Parameters
    ----------
    heads : sequence of Head
        At least one.
    """

    name: ClassVar[str] = "heads"
    heads: tuple[Head, ...]

    def __post_init__(self) -> None:
        given: Any = self.heads
        heads = tuple(given) if isinstance(given, (list, tuple)) else ()
        if not heads or not all(isinstance(head, Head) for head in heads):
            raise ValueError(f"Heads: expected a sequence of at least one Head, got {given!r}.")
        object.__setattr__(self, "heads", heads)

    @property
    def units(self) -> int:
        """Outputs of all heads together."""
        return sum(head.units for head in self.heads)

    def build(self) -> Loss:
        """The weighted sum of the heads' losses."""
        return Loss(
            self.name,
            Method(self, "rows"),
            Method(self, "slope"),
            " + ".join(rf"{head.weight:g} \left({head.objective.latex}\right)" for head in self.heads),
            outputs={self.name: Fused(Method(self, "rows_from_scores"), Method(self, "delta"))},
            accepts=frozenset(),
            why="each head has an activation of its own.",
            origin=self,
            columns=self.units,
            target_ranges=tuple(self._target_ranges()),
        )

    def _target_ranges(self) -> Iterator[TargetRange]:
        start = 0
        for head in self.heads:
            for wanted in head.objective.target_ranges:
                yield replace(wanted, columns=(start, start + head.units))
            start += head.units

    def activation(self) -> Activation:
        """The heads' activations, each on its own outputs."""
        return Activation(
            self.name,
            Method(self, "values"),
            None,
            r",\; ".join(head.function.latex for head in self.heads),
            pullback=Method(self, "pullback"),
            hidden=False,
        )

    def parts(self, *arrays: Array) -> Iterator[tuple[Any, ...]]:
        """Each head with its columns of the arrays."""
        start = 0
        for head in self.heads:
            columns = slice(start, start := start + head.units)
            yield head, *(array[..., columns] for array in arrays)

    def values(self, z: Array) -> Array:
        """Output activations, shape (N, K)."""
        return np.concatenate([head.function.value(zs) for head, zs in self.parts(z)], axis=-1)

    def pullback(self, z: Array, a: Array, upstream: Array) -> Array:
        """``dL/dz`` from ``dL/da``."""
        parts = self.parts(z, a, upstream)
        return np.concatenate([head.function.backward(zs, activated, up) for head, zs, activated, up in parts], axis=-1)

    def rows(self, y: Array, a: Array) -> Array:
        """Loss of each row from predictions, shape (N,)."""
        parts = self.parts(y, a)
        total: Array = sum(head.weight * head.objective.value(ys, activated) for head, ys, activated in parts)
        return total

    def slope(self, y: Array, a: Array) -> Array:
        """``dl/da``, shape (N, K)."""
        parts = self.parts(y, a)
        return np.concatenate(
            [head.weight * head.objective.slope(ys, activated) for head, ys, activated in parts], axis=1
        )

    def rows_from_scores(self, y: Array, z: Array) -> Array:
        """Loss of each row from scores, shape (N,)."""
        parts = self.parts(y, z, self.values(z))
        total: Array = sum(
            head.weight * head.objective.rows(ys, zs, activated, head.function) for head, ys, zs, activated in parts
        )
        return total

    def delta(self, y: Array, z: Array, a: Array) -> Array:
        """``dl/dz``, shape (N, K)."""
        parts = self.parts(y, z, a)
        return np.concatenate(
            [head.weight * head.objective.delta(ys, zs, activated, head.function) for head, ys, zs, activated in parts],
            axis=1,
        )
