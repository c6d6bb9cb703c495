"""The order in which a trace is told: stage by stage, layer by layer, unit by unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.trace.header import Header
from chainrule.trace.naming import Names
from chainrule.trace.notation import Notation
from chainrule.trace.record import Trace
from chainrule.trace.render.facts import MOST_LISTED, facts, input_parts, remarks
from chainrule.trace.render.outline import Group, Outline, Part, Section, Table
from chainrule.trace.render.telling import Teller
from chainrule.trace.rows import Quantity, Row

# Claims told one by one for each kind of parameter; the table beside them has the numbers of all.
EXAMPLES = 1
# Columns of the table of the update, in the order of the step.
UPDATE_COLUMNS = (
    "gradient", "norm_clipped", "value_clipped", "decayed", "state", "state_after", "direction", "change", "stepped", "shrunk",
    "new",
)  # fmt: skip
CHECK_COLUMNS = ("gradient", "numeric_gradient", "relative_error")
PROMISE = ("new_loss", "predicted_change", "actual_change")


@dataclass(frozen=True)
class Story:
    """Everything that is needed to tell one trace.

    Parameters
    ----------
    trace : Trace
        What is told.
    notation : Notation
        In which letters.
    examples : int
        Parameters whose way through the step is told claim by claim; the others stand in tables.
    """

    trace: Trace
    notation: Notation
    examples: int = EXAMPLES

    @property
    def header(self) -> Header:
        """What the trace is about."""
        return self.trace.header

    def outline(self) -> Outline:
        """The whole explanation."""
        names = Names(self.notation, self.header)
        teller = Teller(self.trace, names)
        sections = tuple(self._section(stage, teller) for stage in self.header.stages)
        return Outline(self._title(), facts(self.trace, self.notation), sections, remarks(self.trace, names))

    def _title(self) -> str:
        count = self.header.rows
        if count > 1:
            return f"{count} data rows through a neural network"
        return f"Row {self.header.data[0].number} through a neural network" if self.header.data else "One row explained"

    def _section(self, stage: str, teller: Teller) -> Section:
        title, lead = TITLES[stage]
        rows = self.trace.stage(stage)
        return Section(stage, title, lead, tuple(PARTS[stage](self, teller, rows)))

    def layer_title(self, layer: int) -> str:
        """A layer's heading."""
        header, units = self.header, self.header.widths[layer + 1]
        name = "Output layer" if layer == header.depth - 1 else f"Hidden layer {layer + 1}"
        functions = dict.fromkeys(_function(header.activation(layer, unit)) for unit in range(units))
        return f"{name}: {units} {'unit' if units == 1 else 'units'}, {', '.join(functions)}"

    def unit_title(self, layer: int, unit: int) -> str:
        """A unit's heading."""
        if layer < self.header.depth - 1:
            return f"Unit {unit + 1} of hidden layer {layer + 1}"
        name = Names(self.notation, self.header).output_name(unit)
        return f"Output {unit + 1}" + (f": {name}" if name else "")


TITLES: dict[str, tuple[str, str]] = {
    "input": ("Input", "What goes in: the data, the parameters, and what the solver remembers."),
    "forward": ("Forward", "From the inputs to the prediction, layer by layer."),
    "loss": ("Loss", "How far the prediction is from the target, as one number."),
    "backward": (
        "Backward",
        "How the loss changes with every number of the network: upstream slope times local slope, summed over the paths. "
        "From the output back, so that every slope is computed once and used again.",
    ),
    "update": (
        "Update",
        "One step of the solver. All parameters move at once: every new value comes from the old parameters and their gradients.",
    ),
    "check": (
        "Check",
        "The same gradients by moving one parameter at a time, without the chain rule; and whether the step did what it "
        "promised.",
    ),
}


def _function(activation: object) -> str:
    return str(activation.get("own", "heads")) if isinstance(activation, dict) else str(activation)


def _input(story: Story, teller: Teller, rows: tuple[Row, ...]) -> list[Part]:
    return input_parts(story.trace, teller.names)


def _by_layers(story: Story, teller: Teller, rows: tuple[Row, ...]) -> list[Part]:
    """Parts of a stage that goes through the layers, in the order in which it does."""
    found: list[Part] = [*teller.told(row for row in rows if row.quantity.layer is None)]
    for layer in _layers(rows):
        own = [row for row in rows if row.quantity.layer == layer]
        found.append(Group(story.layer_title(layer), tuple(_layer_parts(story, teller, layer, own)), True))
    return found


def _layers(rows: tuple[Row, ...]) -> list[int]:
    return list(dict.fromkeys(row.quantity.layer for row in rows if row.quantity.layer is not None))


def _layer_parts(story: Story, teller: Teller, layer: int, rows: list[Row]) -> list[Part]:
    """Units first, each by itself; the matrix form beside them, or alone where no unit has rows."""
    units = [row for row in rows if row.level == "unit"]
    matrix = [row for row in rows if row.level == "layer"]
    if not units:
        return [*teller.told(matrix)]
    shared = [place for place, row in enumerate(units) if row.quantity.unit is None]
    alone = units[: shared[0]] if shared else units
    together = [row for row in units[len(alone) :] if not row.quantity.of]
    parts = _by_units(story, teller, layer, alone)
    if together:
        parts.append(Group("All outputs together", teller.told(together), True))
    parts += _by_units(story, teller, layer, [row for row in units[len(alone) :] if row.quantity.of])
    return [*parts, Group("Matrix form: the whole layer at once", teller.told(matrix))] if matrix else parts


def _by_units(story: Story, teller: Teller, layer: int, rows: list[Row]) -> list[Part]:
    parts: list[Part] = []
    for unit in dict.fromkeys(row.quantity.unit for row in rows):
        own = teller.told(row for row in rows if row.quantity.unit == unit)
        if own:
            table = _row_table(teller, [row for row in rows if row.quantity.unit == unit])
            parts.append(Group(story.unit_title(layer, unit or 0), (*own, *table), True))
    return parts


def _row_table(teller: Teller, rows: list[Row]) -> list[Table]:
    """What each data row of a batch adds to the gradients of a unit, and the mean."""
    means = [row for row in rows if row.operation == "average_over_rows"]
    if not means:
        return []
    shares = [[teller.trace[parent] for parent in row.parents[1:]][:MOST_LISTED] for row in means]
    # The symbol of a row without its number is the row's place in the batch.
    titles = [f"⟨{(share.quantity.row or 0) + 1}⟩" for share in shares[0]]
    more = len(means[0].parents) - 1 - len(titles)
    lines = [
        (teller.names.parameter(row.quantity), *(share.value for share in each), row.value)
        for row, each in zip(means, shares, strict=True)
    ]
    caption = "Gradient of each data row, and their mean" + (f"; {more:,} more rows are not shown" if more else "")
    return [Table(caption, ("parameter", *titles, "mean"), tuple(lines))]  # type: ignore[arg-type]


def _loss(story: Story, teller: Teller, rows: tuple[Row, ...]) -> list[Part]:
    whole = [row for row in rows if row.level != "layer"]
    matrix = [row for row in rows if row.level == "layer"] if story.trace.level == "layer" else []
    return [*teller.told(matrix), *teller.told(whole)]


def _update(story: Story, teller: Teller, rows: tuple[Row, ...]) -> list[Part]:
    found: list[Part] = [*teller.told(row for row in rows if row.level == "whole")]
    for layer in _layers(rows):
        own = [row for row in rows if row.quantity.layer == layer and row.level != "whole"]
        parts: list[Part] = []
        for of in dict.fromkeys(_parameter(row) for row in own):
            parts += _parameter_parts(story, teller, layer, of, [row for row in own if _parameter(row) == of])
        found.append(Group(story.layer_title(layer), tuple(parts), True))
    return found


def _parameter(row: Row) -> str:
    # The length of the weights into a unit belongs to the weights.
    return row.quantity.of or "weight"


NOUNS = {
    "weight": "Weights", "bias": "Biases", "scale": "Scales", "running_mean": "Running means",
    "running_variance": "Running variances",
}  # fmt: skip


def _parameter_parts(story: Story, teller: Teller, layer: int, of: str, rows: list[Row]) -> list[Part]:
    """The first parameters claim by claim, all of them in a table, the matrix form last."""
    matrix = [row for row in rows if row.level == "layer"]
    units = [row for row in rows if row.level == "unit"]
    if not units:
        return [Group(NOUNS[of], teller.told(matrix), True)]
    places = list(dict.fromkeys(_place(row) for row in units))
    parts: list[Part] = []
    for place in places[: story.examples]:
        parts += teller.told(row for row in units if _place(row) == place)
    parts.append(_parameter_table(teller, layer, of, units))
    parts.append(Group("Matrix form: all of them at once", teller.told(matrix)))
    return [Group(NOUNS[of], tuple(parts), True)]


def _columns(teller: Teller, kinds: tuple[str, ...], rows: list[Row]) -> list[tuple[str, str]]:
    """Kind and name of the columns that there are rows for."""
    own = list(dict.fromkeys((row.quantity.kind, row.quantity.name) for row in rows))
    return sorted(own, key=lambda one: kinds.index(one[0]) if one[0] in kinds else len(kinds))


def _parameter_table(teller: Teller, layer: int, of: str, rows: list[Row]) -> Table:
    """One line for each parameter: old value, gradient, what the solver makes of it, new value."""
    trace = teller.trace
    used = [trace[parent] for row in rows for parent in row.parents if parent in trace]
    more = [row for row in used if row.quantity.of == of and row.level == "unit" and row.stage != "update"]
    kept = [row for row in [*more, *rows] if row.quantity.kind in UPDATE_COLUMNS and row.quantity.of == of]
    values = {(*_place(row), row.quantity.kind, row.quantity.name): row.value for row in kept}
    columns = _columns(teller, UPDATE_COLUMNS, kept)
    places = list(dict.fromkeys(_place(row) for row in kept))
    lines = []
    for unit, source in places:
        at = Quantity(of, layer, unit, source)
        old = trace[at.id].value if at.id in trace else ""
        cells = [values.get((unit, source, *column), "") for column in columns]
        lines.append((teller.names.symbol(at), old, *cells))
    titles = [COLUMN_NAMES[kind].format(name).strip() for kind, name in columns]
    return Table(f"{NOUNS[of]}: every one in this step", ("parameter", "old", *titles), tuple(lines))  # type: ignore[arg-type]


def _place(row: Row) -> tuple[int | None, int | None]:
    return row.quantity.unit, row.quantity.source


COLUMN_NAMES: dict[str, str] = {
    "gradient": "gradient", "norm_clipped": "shortened", "value_clipped": "clipped", "decayed": "decayed", "state": "{} before",
    "state_after": "{} after", "direction": "direction", "change": "change", "stepped": "stepped", "shrunk": "shrunk",
    "new": "new", "numeric_gradient": "central difference", "relative_error": "relative error",
}  # fmt: skip


def _check(story: Story, teller: Teller, rows: tuple[Row, ...]) -> list[Part]:
    checked = [row for row in rows if row.quantity.of]
    places = list(dict.fromkeys((row.quantity.of, row.quantity.layer, *_place(row)) for row in checked))
    values = {(row.quantity.of, row.quantity.layer, *_place(row), row.quantity.kind): row for row in checked}
    lines, example = [], []
    for place in places:
        of, layer, unit, source = place
        error = values[(*place, "relative_error")]
        pair = [story.trace[parent] for parent in error.parents]
        symbol = teller.names.symbol(Quantity(of, layer, unit, source))
        lines.append((symbol, *(row.value for row in pair), error.value))
    if places:
        example = [row for row in checked if (row.quantity.of, row.quantity.layer, *_place(row)) == places[0]]
    header: tuple[str, ...] = ("parameter", *(COLUMN_NAMES[kind] for kind in CHECK_COLUMNS))
    table = Table("Gradients by the chain rule and by central differences", header, tuple(lines))  # type: ignore[arg-type]
    whole = [row for row in rows if not row.quantity.of]
    step = [row for row in whole if row.quantity.kind in PROMISE]
    parts: list[Part] = [Group("One gradient, checked", teller.told(example), True), table]
    parts += teller.told(row for row in whole if row not in step)
    if step:
        parts.append(Group("What the step promised, and what it brought", teller.told(step), True))
    return parts


PARTS: dict[str, Callable[[Story, Teller, tuple[Row, ...]], list[Part]]] = {
    "input": _input,
    "forward": _by_layers,
    "loss": _loss,
    "backward": _by_layers,
    "update": _update,
    "check": _check,
}
