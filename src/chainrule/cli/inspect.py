"""`chainrule inspect`: what a model file holds."""

from __future__ import annotations

from typing import Any

from chainrule.cli.options import Json, ModelFile


def inspect(model: ModelFile, as_json: Json = False) -> None:
    """Show what a model file holds."""
    from chainrule.cli.output import emit
    from chainrule.models import inspect_file

    found = inspect_file(model)
    if as_json:
        emit({"model": str(model), **found})
    else:
        _show(str(model), found)


def _show(name: str, found: dict[str, Any]) -> None:
    from chainrule.cli.describe import loss_line, network_line
    from chainrule.cli.output import grid
    from chainrule.cli.text import size
    from chainrule.formulas.words import in_words
    from chainrule.models.plain import from_plain
    from chainrule.network import Network

    estimator = found["estimator"]
    network = Network.from_dict(estimator["network"])
    solver = from_plain(estimator["parameters"].get("solver", "sgd"), "solver")
    versions = ", ".join(f"{package} {version}" for package, version in found["versions"].items())
    grid(
        [
            ("file", f"{name} ({size(found['bytes'])}): {estimator['class']}, {found['dtype']}"),
            ("network", network_line(network)),
            ("loss", loss_line(network)),
            ("solver", f"{solver if isinstance(solver, str) else in_words(solver)}, {estimator['engine']} engine"),
            ("written by", versions),
        ]
    )
    if found["schema"] is not None:
        _show_table(found["schema"], found["summary"])
    _show_training(found)


def _show_table(schema_data: Any, summary: dict[str, Any]) -> None:
    from chainrule.cli import describe
    from chainrule.cli.output import grid, heading
    from chainrule.tables import TableSchema

    schema = TableSchema.from_dict(schema_data)
    grid([("target", describe.target_line(schema.target))])
    heading("Columns")
    grid(describe.column_rows(schema)[0])
    settings = summary.get("settings")
    if settings:
        heading("Settings")
        grid(describe.setting_rows(settings))


def _show_training(found: dict[str, Any]) -> None:
    from chainrule.cli.describe import rows_line, unit
    from chainrule.cli.output import console, curve_rows, grid, heading, symbols_of
    from chainrule.cli.text import duration, score
    from chainrule.models.plain import from_plain

    summary, curves = found["summary"] or {}, found["curves"]
    solver = from_plain(found["estimator"]["parameters"].get("solver", "sgd"), "solver")
    rows = []
    if summary.get("sizes"):
        rows = [
            ("table", f"{summary['table']}: {summary['rows']:,} rows"),
            ("rows", rows_line(summary["sizes"], summary["split"])),
            (
                "took",
                f"{summary['epochs']} {unit(solver)}s, {duration(summary['seconds'])}, {summary['engine']} engine",
            ),
        ]
    test = summary.get("test")
    if test:
        name = test["score_name"]
        told = f"{name} {score(name, test['score'])} on {test['rows']:,} rows"
        rows.append(("test", f"{told} ({test['baseline_name']}: {score(name, test['baseline'])})"))
    heading("Training")
    grid(rows)
    grid(curve_rows(curves.get("loss_curve_", ()), curves.get("validation_loss_curve_", ()), symbols_of(console())))
