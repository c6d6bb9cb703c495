"""The header of an explanation in words, what is given in tables, and what to know about the numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.trace.header import Header
from chainrule.trace.naming import Names
from chainrule.trace.notation import Notation
from chainrule.trace.record import Trace
from chainrule.trace.render.arrays import columns
from chainrule.trace.render.outline import Cell, Group, Matrix, Part, Table
from chainrule.trace.rows import PARAMETERS, Quantity
from chainrule.trace.writing import shown

# Data rows that tables list; of more, the first ones.
MOST_LISTED = 10
FEW_DIGITS = 6


def facts(trace: Trace, notation: Notation) -> tuple[tuple[str, str], ...]:
    """Name and text of each line of the header."""
    header = trace.header
    found = [
        ("network", _network_line(header)),
        ("parameters", f"{header.n_parameters:,} ({_count_line(header)})"),
        ("loss", _loss_line(header)),
        *_row_lines(header),
        ("pass", _pass_line(header)),
        *_solver_lines(header),
        ("check", _check_line(header)),
        ("notation", notation.title),
    ]
    return tuple((name, text) for name, text in found if text)


def _network_line(header: Header) -> str:
    told = [f"{header.widths[0]} inputs" + _dropped(header.network.get("input_dropout", 0.0))]
    for k, layer in enumerate(header.network["layers"]):
        functions = dict.fromkeys(name_of(header.activation(k, unit)) for unit in range(layer["units"]))
        extra = " with batch normalisation" if layer.get("batch_norm") else ""
        told.append(f"{layer['units']} {'/'.join(functions)}{extra}{_dropped(layer.get('dropout', 0.0))}")
    return " → ".join(told)


def _dropped(rate: float) -> str:
    return f" (dropout {shown(rate)})" if rate else ""


def name_of(formula: Any) -> str:
    """A formula in plain form as its name with hyper-parameters."""
    if not isinstance(formula, dict):
        return str(formula)
    if "heads" in formula:
        return " + ".join(f"{shown(head['weight'])} × {name_of(head['loss'])}" for head in formula["heads"])
    name = str(formula.get("own", formula.get("name", "")))
    settings = {
        key: value for key, value in formula.items() if key not in ("own", "name", "elementwise", "fused", "slots")
    }
    told = ", ".join(f"{key} {_setting(value)}" for key, value in settings.items())
    return f"{name} ({told})" if told else name


def _setting(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(map(_setting, value))
    return shown(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def _count_line(header: Header) -> str:
    kinds = ("weights", "biases", "normalization")
    sums = {kind: sum(counts[kind] for counts in header.parameter_counts) for kind in kinds}
    return ", ".join(f"{count:,} {kind}" for kind, count in sums.items() if count)


def _loss_line(header: Header) -> str:
    if "loss" not in header.stages:
        return ""
    penalties = [f"{name} {shown(value)}" for name in ("alpha", "l2", "l1") if (value := getattr(header, name))]
    return name_of(header.network["loss"]) + (f", penalties: {', '.join(penalties)}" if penalties else "")


def _row_lines(header: Header) -> list[tuple[str, str]]:
    """What is predicted and what is true, for each row."""
    lines = []
    for row in header.data[:MOST_LISTED]:
        goal = header.target_name or "target"
        parts = [] if row.prediction is None else [f"predicted {goal} {cell(row.prediction)}"]
        parts += [] if row.target is None else [f"true {goal} {cell(row.target)}"]
        if parts:
            lines.append((f"row {row.number}", ", ".join(parts)))
    more = len(header.data) - MOST_LISTED
    return [*lines, ("", "")] if more <= 0 else [*lines, ("further rows", f"{more:,}")]


def cell(value: Any, digits: int = FEW_DIGITS) -> str:
    """A cell of the user's table."""
    if value is None:
        return "missing"
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(one, digits) for one in value)
    return shown(value, digits) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def _pass_line(header: Header) -> str:
    if "loss" not in header.stages:
        return "a prediction: forward only, because no target is given"
    told = "a training step with these rows as the batch" if header.training else "a prediction, then its gradients"
    return told + (", with dropout" if header.masked else "") + (", with sample weights" if header.weighted else "")


def _solver_lines(header: Header) -> list[tuple[str, str]]:
    if header.solver is None:
        return []
    step = header.step
    told = [name_of(header.solver), f"step number {step['t']}"]
    # L-BFGS searches along a line instead.
    told += [] if header.solver.get("name") == "lbfgs" else [f"learning rate {shown(step['rate'])}"]
    limits = ("weight_decay", "max_norm", "clip_norm", "clip_value", "layer_rates")
    told += [f"{name} {_setting(step[name])}" for name in limits if step.get(name)]
    return [("solver", ", ".join(told))]


def _check_line(header: Header) -> str:
    """How many gradients were compared with central differences, and which."""
    if "check" not in header.stages:
        return ""
    places, most = len(header.check["places"]), header.check["sample"]
    told = f"{places:,} of {header.n_trained:,} gradients checked against central differences"
    if places == header.n_trained:
        return told
    return f"{told}: of each array of parameters the {(most + 1) // 2} largest and {most // 2} evenly spread ones"


def input_parts(trace: Trace, names: Names) -> list[Part]:
    """The data in the user's terms, the same as the network sees it, and the parameters."""
    header = trace.header
    given = [row for row in trace.stage("input") if row.level == "layer"]
    parts = [_raw_table(header), _input_table(trace, names), _target_table(trace, names)]
    rest = [row for row in given if row.quantity.kind not in ("input", "target")]
    own = [Matrix(row, names.of(row), columns(row)) for row in rest if row.quantity.kind in PARAMETERS]
    memory = [Matrix(row, names.of(row), columns(row)) for row in rest if row.quantity.kind == "state"]
    others = [
        Matrix(row, names.of(row), columns(row)) for row in rest if row.quantity.kind in ("sample_weight", "mask")
    ]
    found: list[Part] = [part for part in parts if part is not None]
    return [
        *found,
        *_folded("Parameters", own),
        *_folded("What the solver remembers", memory),
        *_folded("Of this batch", others),
    ]


def _folded(title: str, parts: Iterable[Matrix]) -> list[Part]:
    inside = tuple(parts)
    return [Group(title, inside)] if inside else []


def _row_titles(header: Header) -> list[str]:
    return [f"row {row.number}" for row in header.data[:MOST_LISTED]]


def _raw_table(header: Header) -> Table | None:
    rows = header.data[:MOST_LISTED]
    if not rows or not rows[0].raw:
        return None
    lines = tuple((name, *(cell(row.raw.get(name)) for row in rows)) for name in rows[0].raw)
    titles = ["cell"] if len(rows) == 1 else _row_titles(header)
    return Table(
        "The row as it stands in the table" if len(rows) == 1 else "The rows as they stand in the table",
        ("column", *titles),
        lines,
    )


def _input_table(trace: Trace, names: Names) -> Table:
    """The encoded inputs with their symbols."""
    named = [names.input_name(unit) for unit in range(trace.header.widths[0])]
    caption = "What the network sees" + (
        ": encoded and scaled" if trace.header.data and trace.header.data[0].raw else ""
    )
    return _values_table(trace, names, Quantity("input"), named, caption)


def _target_table(trace: Trace, names: Names) -> Table | None:
    header = trace.header
    if "loss" not in header.stages:
        return None
    each = header.targets == header.widths[-1]
    named = [(each and names.output_name(unit)) or header.target_name for unit in range(header.targets)]
    return _values_table(trace, names, Quantity("target"), named, "What the outputs should be")


def _values_table(trace: Trace, names: Names, at: Quantity, named: list[str], caption: str) -> Table:
    """Symbol, name and values of each column of a layer row."""
    values, titled = np.asarray(trace[at.id].value)[:MOST_LISTED], any(named)
    lines: list[tuple[Cell, ...]] = []
    for unit, name in enumerate(named):
        symbol = names.symbol(replace(at, unit=unit))
        lines.append((symbol, *([name] if titled else []), *map(float, values[:, unit])))
    titles = ["value"] if trace.header.rows == 1 else _row_titles(trace.header)
    return Table(caption, (at.kind, *(["name"] if titled else []), *titles), tuple(lines))


def remarks(trace: Trace, names: Names) -> tuple[str, ...]:
    """What to know about the numbers, and the header's own notes."""
    header = trace.header
    own = [
        "Everything is computed in float64 and nothing is rounded before it is used again. Shown are fewer digits, so that "
        "the numbers of a formula may not give its result to the last digit.",
    ]
    if header.dtype == "float32":
        own.append("The model itself computes in float32: its own numbers differ from these in the seventh digit.")
    if header.target_scale != (0.0, 1.0):
        centre, scale = header.target_scale
        own.append(
            f"The network predicts a scaled target: {header.target_name or 'the target'} is output × {shown(scale)} + "
            f"{shown(centre)}."
        )
    if header.rows > 1:
        count = "" if names.notation.spoken else "⟨1⟩, ⟨2⟩, … count the data rows of this batch. "
        own.append(f"{count}Gradients are means over the rows.")
    if not names.notation.spoken:
        own.append(
            "Units and inputs count from 1. Matrix forms have one column per data row, weights one row per unit."
        )
    return (*own, *header.notes)
