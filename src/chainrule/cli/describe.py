"""Columns, settings, networks and scores in words; the commands and the report show the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from chainrule.cli.text import one_line, percent, score, setting, short

if TYPE_CHECKING:
    from chainrule.formulas.losses import Loss
    from chainrule.network import Dense, Network
    from chainrule.tables import Evaluation, TableSchema
    from chainrule.tables.schema import ColumnSchema, TargetSchema

MAX_CLASSES_LISTED, MAX_CONFUSION = 8, 12
Rows = list[tuple[str, ...]]


def target_line(target: TargetSchema) -> str:
    """Name, task and the reason for it."""
    if target.task == "regression":
        return f"{one_line(target.name)}: regression ({target.reason})"
    listed = [one_line(label, 24) for label in target.classes[:MAX_CLASSES_LISTED]]
    more = len(target.classes) - len(listed)
    names = ", ".join(listed) + (f" and {more} more" if more else "")
    kind = "binary classification" if target.task == "binary" else f"classification, {len(target.classes)} classes"
    return f"{one_line(target.name)}: {kind} ({target.reason}): {names}"


def rows_line(sizes: dict[str, int], split: str) -> str:
    """How many rows train, validate and test."""
    parts = ", ".join(
        f"{count:,} {'for ' if name != 'train' else 'to '}{name}" for name, count in sizes.items() if count
    )
    return f"{parts} ({split})"


def column_row(column: ColumnSchema) -> tuple[str, str, str, str]:
    """Name, whether it is used, kind, and what is done with it or why not."""
    name = one_line(column.name, 32)
    if not column.used:
        return name, "dropped", column.kind, column.reason
    return name, "used", column.kind, f"{treatment(column)} ({column.reason})"


def treatment(column: ColumnSchema) -> str:
    """What is done with the cells of a used column."""
    if column.kind in ("boolean", "categorical"):
        two = len(column.levels) <= 2
        done = "-1 or +1" if two else f"{len(column.levels)} inputs, one per level"
        return done + (f"; {column.missing:,} missing count as no level" if column.missing else "")
    done = "scaled" if column.kind == "numeric" else "days, month, weekday, hour, scaled"
    if not column.missing:
        return done
    flag = ", and an input that says so" if any(part.flag for part in column.parts) else ""
    return f"{done}; {column.missing:,} missing become the median{flag}"


def column_rows(schema: TableSchema, most: int | None = None) -> tuple[Rows, int]:
    """A row per column, and how many columns were left out because there are too many."""
    listed = schema.columns if most is None else schema.columns[:most]
    return [column_row(column) for column in listed], len(schema.columns) - len(listed)


def setting_rows(settings: Sequence[dict[str, Any]]) -> Rows:
    """Name, value, reason of each setting."""
    return [(str(entry["name"]), setting(entry["value"]), str(entry["reason"])) for entry in settings]


def unit(solver: Any) -> str:
    """What a solver, by name or object, counts."""
    from chainrule.estimators.parameters import is_stochastic

    return "epoch" if is_stochastic(solver) else "iteration"


def network_line(network: Network) -> str:
    """The layers with batch normalisation and dropout, and the number of parameters."""
    inputs = f"{network.inputs} inputs{_left_out(network.input_dropout)}"
    layers = [
        f"{_units(layer)}{' (batch norm)' * bool(layer.batch_norm)}{_left_out(layer.dropout)}"
        for layer in network.layers
    ]
    return f"{' → '.join([inputs, *layers])}; {network.n_parameters:,} parameters"


def _units(layer: Dense) -> str:
    heads = getattr(layer.activation, "heads", None) or [layer]
    return " + ".join(f"{head.units} {head.function.name}" for head in heads)


def _left_out(dropout: float) -> str:
    return f" (dropout {dropout:g})" if dropout else ""


def loss_line(network: Network) -> str:
    """The loss, with those hyper-parameters that do anything (no smoothing of zero); several heads have one each."""
    heads = getattr(network.objective.origin, "heads", None)
    if not heads:
        return _loss(network.objective)
    return " + ".join(("" if head.weight == 1 else f"{head.weight:g} ") + _loss(head.objective) for head in heads)


def _loss(loss: Loss) -> str:
    if not is_dataclass(loss.origin):
        return loss.name
    values = {field.name: getattr(loss.origin, field.name) for field in fields(loss.origin)}
    told = [f"{name} {setting(value)}" for name, value in values.items() if value]
    return f"{loss.name} ({', '.join(told)})" if told else loss.name


def score_rows(found: Evaluation) -> Rows:
    """Measure, value, and the naive baseline's value beside it."""
    rows: Rows = [(found.score_name, score(found.score_name, found.score), score(found.score_name, found.baseline))]
    if found.log_loss is not None:
        rows.append(("log loss", short(found.log_loss), ""))
    if found.rmse is not None:
        rows.append(("RMSE", short(found.rmse), short(found.baseline_rmse)))
    if found.mae is not None:
        rows.append(("mean absolute error", short(found.mae), ""))
    return rows


def confusion_rows(found: Evaluation) -> Rows:
    """A row per true class: its name and how often each class was predicted."""
    if found.confusion is None:
        return []
    counts = found.confusion.tolist()
    return [(one_line(label, 24), *map(str, row)) for label, row in zip(found.labels, counts, strict=True)]


def worst_confusions(found: Evaluation, most: int = 10) -> Rows:
    """The most frequent mistakes: true class, predicted class, count."""
    if found.confusion is None:
        return []
    pairs = [
        (count, true, predicted)
        for true, row in zip(found.labels, found.confusion.tolist(), strict=True)
        for predicted, count in zip(found.labels, row, strict=True)
        if count and true != predicted
    ]
    pairs.sort(key=lambda pair: -pair[0])
    return [(one_line(true, 24), one_line(predicted, 24), str(count)) for count, true, predicted in pairs[:most]]


def class_rows(found: Evaluation) -> Rows:
    """Precision, recall, f1-score and support of each class."""
    return [
        (one_line(label, 24), *(f"{values[key]:.3f}" for key in ("precision", "recall", "f1-score")),
         f"{values['support']:.0f}")
        for label, values in found.report.items()
    ]  # fmt: skip


def quantile_rows(found: Evaluation) -> Rows:
    """Share of rows, and the absolute error that they stay below."""
    return [(percent(float(share)), short(error)) for share, error in found.error_quantiles.items()]
