"""Which part of the picture a row of the trace is about: the same keys stand in the picture and in the page beside it."""

from __future__ import annotations

from chainrule.trace.header import Header
from chainrule.trace.rows import Quantity

LOSS = "loss"
OF_THE_LOSS = (
    "loss_term", "head_loss", "row_loss", "data_loss", "l2_penalty", "l1_penalty", "loss", "new_loss", "predicted_change",
    "actual_change", "weight_sum",
)  # fmt: skip


def node(layer: int | None, unit: int) -> str:
    """The key of a unit; None are the inputs."""
    return f"i{unit}" if layer is None else f"n{layer}-{unit}"


def edge(layer: int, unit: int, source: int) -> str:
    """The key of a weight."""
    return f"e{layer}-{unit}-{source}"


def column(layer: int | None) -> str:
    """The key of a whole layer."""
    return "inputs" if layer is None else f"l{layer}"


def keys(at: Quantity, header: Header) -> tuple[str, ...]:
    """The keys of what a quantity is about."""
    if at.kind == "path" and at.unit is not None and at.source is not None:
        above = 0 if at.layer is None else at.layer + 1
        return node(at.layer, at.unit), edge(above, at.source, at.unit)
    if at.kind in OF_THE_LOSS:
        return (LOSS,) if at.unit is None else (LOSS, node(header.depth - 1, at.unit))
    if at.layer is not None and at.unit is not None and at.source is not None:
        return (edge(at.layer, at.unit, at.source),)
    if at.kind in ("target", "smoothed_target") and at.unit is not None:
        return (LOSS,)
    if at.unit is not None:
        return (node(at.layer, at.unit),)
    return (column(at.layer),) if at.layer is not None or at.kind == "input" else ()
