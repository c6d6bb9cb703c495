"""The plan of a trace: which rows the header demands, in order, without their values.

The builder fills a plan with numbers; the verifier makes the plan anew from the header and compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from chainrule.trace.header import Header
from chainrule.trace.rows import Quantity

Q = Quantity


@dataclass(frozen=True)
class Claim:
    """A row without its value; see `Row`."""

    level: str
    stage: str
    quantity: Quantity
    operation: str
    parents: tuple[str, ...]
    settings: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The row's id."""
        return self.quantity.id


class Plan:
    """Claims in order, each once.

    Parameters
    ----------
    header : Header
        What decides which claims there are.
    """

    def __init__(self, header: Header) -> None:
        self.header = header
        self.claims: dict[str, Claim] = {}
        self.stage = "input"

    def add(
        self, level: str, quantity: Quantity, operation: str, parents: Iterable[Quantity] = (), /, **settings: Any
    ) -> Quantity:
        """Append a claim unless it is there already; its parents must be there."""
        if quantity.id not in self.claims:
            ids = tuple(parent.id for parent in parents)
            missing = [one for one in ids if one not in self.claims]
            assert not missing, f"{quantity.id} before its parent {missing[0]}"
            self.claims[quantity.id] = Claim(level, self.stage, quantity, operation, ids, settings)
        return quantity

    def layer(
        self, quantity: Quantity, operation: str, parents: Iterable[Quantity] = (), /, **settings: Any
    ) -> Quantity:
        """Append a claim about an array."""
        return self.add("layer", quantity, operation, parents, **settings)

    def whole(
        self, quantity: Quantity, operation: str, parents: Iterable[Quantity] = (), /, **settings: Any
    ) -> Quantity:
        """Append a claim about the whole network."""
        return self.add("whole", quantity, operation, parents, **settings)

    def unit(
        self, quantity: Quantity, operation: str, parents: Iterable[Quantity] = (), /, **settings: Any
    ) -> Quantity:
        """Append a claim about one number, taking its parents from layer rows where they have no rows of their own."""
        return self.add("unit", quantity, operation, [self.use(parent) for parent in parents], **settings)

    def use(self, quantity: Quantity) -> Quantity:
        """Make sure that a number has a row: its own, or one that takes it from the layer's."""
        if quantity.id in self.claims:
            return quantity
        whole = replace(quantity, unit=None, source=None, row=None)
        index = [at for at in (quantity.row, quantity.source, quantity.unit) if at is not None]
        return self.add("unit", quantity, "element", [whole], index=index)

    def __contains__(self, quantity: Quantity) -> bool:
        """Whether there is such a claim."""
        return quantity.id in self.claims


def below(header: Header, layer: int) -> Quantity:
    """What a layer is fed: the inputs or the outputs of the layer below it, after dropout."""
    under = layer - 1 if layer else None
    if under in header.masked:
        return Q("dropped", under)
    return Q("input") if under is None else Q("activation", under)


def passed_on(header: Header, layer: int) -> Quantity:
    """The layer's derivatives that reach its weights: after batch normalisation."""
    return Q("linear_delta" if header.normalized(layer) else "delta", layer)


def at(quantity: Quantity, unit: int | None = None, row: int | None = None) -> Quantity:
    """One number of a layer row."""
    return replace(quantity, unit=unit, row=row)


def about(parameter: Quantity, kind: str, name: str = "") -> Quantity:
    """A quantity that belongs to a parameter: its gradient, state, change..."""
    return replace(parameter, kind=kind, of=parameter.kind, name=name)
