"""What `chainrule train` does: check the files, tell the plan, train, score, save, report."""

from __future__ import annotations

import math
import shlex
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from chainrule.cli import describe, files
from chainrule.cli.guard import INTERRUPTED, CommandError
from chainrule.cli.options import MissingOption
from chainrule.cli.output import console, curve_rows, emit, grid, heading, note, say, symbols_of
from chainrule.cli.progress import Watcher, watcher
from chainrule.cli.results import show_diagnosis, show_evaluation, told_cause
from chainrule.cli.text import clean, duration, size
from chainrule.errors import DivergenceError

if TYPE_CHECKING:
    from chainrule.diagnosis import Diagnosis
    from chainrule.tables import Plan, Table, TableModel

MOST_COLUMNS = 40
INTERRUPTION = "Training interrupted by user"


@dataclass(frozen=True)
class Request:
    """The options of the command."""

    file: Path
    target: str | None
    task: str | None = None
    drop: tuple[str, ...] = ()
    hidden: tuple[int, ...] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    test_fraction: float = 0.2
    seed: int = 0
    model: Path | None = None
    report: Path | None = None
    force: bool = False
    progress: bool = True
    as_json: bool = False


def run(request: Request) -> None:
    """Train, save, and tell; exit code 130 if Ctrl-C ended the training early."""
    from chainrule.diagnosis import diagnose
    from chainrule.models import save
    from chainrule.tables import read_table

    table = read_table(request.file)
    target = asked_target(request, table)
    path = request.model or files.default_model(request.file)
    replaces = files.check_model(path, (request.file,), request.force)
    if request.report is not None:
        check_report(request.report, path, request)
    model, interrupted = fit(request, table, target)
    if interrupted and not model.summary["epochs"]:
        raise KeyboardInterrupt
    check_finite(model)
    found = diagnose(model, table)
    save(model, path)
    if request.report is not None:
        from chainrule.cli.report import build

        files.write(request.report, build(model, found).encode())
    if request.as_json:
        emit({**as_data(model, path, request, interrupted), "diagnosis": found.to_dict()})
    else:
        show(model, path, request, replaces, interrupted, found)
    if interrupted:
        raise typer.Exit(INTERRUPTED)


def asked_target(request: Request, table: Table) -> str:
    """The column to predict; without one, a usage error that lists the columns."""
    if request.target is None:
        listed = ", ".join(clean(name) for name in table.names[:12]) + (", ..." if len(table.names) > 12 else "")
        raise MissingOption(
            f"Choose the column to predict; {request.file} has: {listed}.", param_hint="'--target' / '-t'"
        )
    return request.target


def check_report(report: Path, model: Path, request: Request) -> None:
    """The report needs matplotlib and a place of its own."""
    import matplotlib  # noqa: F401  (missing: said before the training, not after it)

    if report.resolve() == model.resolve():
        raise CommandError(f"{report} is the model's file too; choose another name for the report.")
    files.check_report(report, (request.file,), request.force)


def fit(request: Request, table: Table, target: str) -> tuple[TableModel, bool]:
    """The trained model, and whether Ctrl-C ended the training early."""
    from chainrule.tables import TableModel

    watch = watcher(request.progress, lambda line: typer.echo(line, err=True))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            model = TableModel.fit(
                table,
                target,
                task=request.task,
                hidden_layer_sizes=request.hidden,
                test_fraction=request.test_fraction,
                seed=request.seed,
                drop=request.drop,
                estimator_params=request.parameters,
                on_start=lambda plan: begin(request, table, plan, watch),
                on_epoch=watch.epoch,
            )
        except DivergenceError as error:
            raise CommandError(told_cause(error)) from error
        finally:
            watch.close()
    messages = list(dict.fromkeys(str(warning.message) for warning in caught))
    interrupted = any(INTERRUPTION in message for message in messages)
    # What the last epoch says of a divergence is told by `check_finite`.
    for message in [*messages, *model.notes]:
        if INTERRUPTION not in message and message != model.estimator.history_[-1].note:
            note(message)
    return model, interrupted


def check_finite(model: TableModel) -> None:
    """Say that the training diverged; CommandError if nothing was learnt before it did."""
    last = model.estimator.history_[-1]
    if math.isfinite(last.loss):
        return
    if not any(epoch.best for epoch in model.estimator.history_):
        raise CommandError(f"{last.note} There is none, so nothing was saved.")
    note(last.note)


def begin(request: Request, table: Table, plan: Plan, watch: Watcher) -> None:
    """Tell the plan, then start to watch."""
    if not request.as_json:
        show_plan(table, plan)
    values = {choice.name: choice.value for choice in plan.settings}
    watch.start(values["max_iter"], describe.unit(values["solver"]))


def show_plan(table: Table, plan: Plan) -> None:
    """Task, rows, columns and settings."""
    from chainrule.tables.summary import plain_setting

    grid(
        [
            ("table", f"{table.path}: {len(table):,} rows, {len(table.names):,} columns"),
            ("target", describe.target_line(plan.schema.target)),
            ("rows", describe.rows_line(plan.sizes, plan.split)),
        ]
    )
    if plan.schema.target.task == "multiclass" and all(type(label) is int for label in plan.schema.target.classes):
        say("  These numbers are taken for classes; if they are amounts, use --task regression.")
    heading("Columns")
    rows, more = describe.column_rows(plan.schema, MOST_COLUMNS)
    grid(rows)
    if more:
        say(f"  and {more:,} more (`chainrule inspect` lists all)")
    heading("Settings")
    grid(describe.setting_rows([{**vars(choice), "value": plain_setting(choice.value)} for choice in plan.settings]))


def show(model: TableModel, path: Path, request: Request, replaces: bool, interrupted: bool, found: Diagnosis) -> None:
    """What came out."""
    summary, target = model.summary, console()
    unit = describe.unit(model.estimator.solver) + "s"
    heading("Training")
    told = f"{summary['epochs']} {unit} in {duration(summary['seconds'])}, {summary['engine']} engine"
    rows = [("network", describe.network_line(model.estimator.network_)), ("took", told)]
    if len(summary["penalties_tried"]) > 1:
        rows.append(("alpha", f"{model.estimator.alpha:g}: the least validation loss of those tried"))
    if kept := kept_epoch(model):
        rows.append(("kept", f"the weights of epoch {kept}: the best on the validation rows"))
    grid(rows)
    grid(curve_rows(summary["loss_curve"], summary["validation_loss_curve"], symbols_of(target)))
    if model.evaluation is not None:
        show_evaluation(model.evaluation, f"Test: {model.evaluation.rows:,} rows that took no part in training")
    show_diagnosis(found)
    say()
    if interrupted:
        note("interrupted; the model as it was then is kept.")
    say(f"Model saved to {path} ({size(path.stat().st_size)}){', replacing an earlier one' if replaces else ''}.")
    if request.report is not None:
        say(f"Report written to {request.report}.")
    say(f"To predict: chainrule predict {shlex.quote(str(path))} FILE")


def kept_epoch(model: TableModel) -> int | None:
    """The epoch whose weights were kept, where validation rows chose it."""
    best = [epoch.number for epoch in model.estimator.history_ if epoch.best]
    return best[-1] if best and model.summary["validation_loss_curve"] else None


def as_data(model: TableModel, path: Path, request: Request, interrupted: bool) -> dict[str, Any]:
    """The same for machines."""
    import chainrule

    columns = [
        {"name": column.name, "kind": column.kind, "used": column.used, "reason": column.reason}
        for column in model.schema.columns
    ]
    goal = model.schema.target
    known = ("rows", "sizes", "split", "seed", "settings", "epochs", "seconds", "engine", "loss_curve",
             "validation_loss_curve", "validation_scores", "test", "notes")  # fmt: skip
    return {
        "chainrule": chainrule.__version__,
        "table": str(request.file),
        "target": goal.name,
        "task": goal.task,
        "classes": list(goal.classes),
        "columns": columns,
        **{name: model.summary.get(name) for name in known},
        "n_parameters": model.estimator.network_.n_parameters,
        "interrupted": interrupted,
        "model": str(path),
        "report": None if request.report is None else str(request.report),
    }
