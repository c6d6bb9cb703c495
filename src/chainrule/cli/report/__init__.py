"""The report of a training as one HTML page: no script, nothing loaded from elsewhere, readable without pictures."""

from __future__ import annotations

import platform
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import sklearn

import chainrule
from chainrule.cli import describe
from chainrule.cli.report import pictures
from chainrule.cli.report.html import listing, page, paragraph, section, table, text
from chainrule.cli.results import NAMES
from chainrule.cli.text import duration, score, setting, short

if TYPE_CHECKING:
    from chainrule.diagnosis import Diagnosis
    from chainrule.tables import Evaluation, TableModel

MOST_CELLS = 30
__all__ = ["build"]


def build(model: TableModel, diagnosis: Diagnosis | None = None) -> str:
    """The page for a model that was just trained; what is wrong with it stands before its scores."""
    goal = model.schema.target
    title = f"A neural network that predicts {goal.name}"
    parts = [
        f"<header><h1>{text(title)}</h1>",
        paragraph(f"{model.summary['table']}: {model.summary['rows']:,} rows", "lead") + "</header>",
        _headline(model.evaluation),
        section("Notes", listing(model.summary["notes"], "notes")),
        section("Diagnosis", _diagnosis(diagnosis)),
        section("Test", *_test(model.evaluation)),
        section("Learning curves", *_curves(model)),
        section("Network", paragraph(describe.network_line(model.estimator.network_)), pictures.network(model)),
        section("Data", *_data(model)),
        section("Settings", *_settings(model)),
        section("Versions", _versions()),
    ]
    style = files("chainrule.cli.report").joinpath("style.css").read_text(encoding="utf-8")
    return page(title, style, "\n".join(part for part in parts if part))


def _diagnosis(found: Diagnosis | None) -> str:
    from chainrule.diagnosis.html import as_html

    return "" if found is None or found.healthy else as_html(found, NAMES)


def _headline(found: Evaluation | None) -> str:
    if found is None:
        return paragraph("No rows were held out, so there is no test score.")
    name = "R²" if found.score_name == "R2" else found.score_name
    shown = [
        (score(found.score_name, found.score), f"{name} on {found.rows:,} rows not seen in training"),
        (score(found.score_name, found.baseline), f"naive baseline: {found.baseline_name}"),
    ]
    if found.mae is not None:
        shown.append((short(found.mae), "mean absolute error"))
    items = "".join(f"<li><b>{text(value)}</b><span>{text(label)}</span></li>" for value, label in shown)
    return f'<ul class="scores">{items}</ul>'


def _test(found: Evaluation | None) -> list[str]:
    if found is None:
        return []
    parts = [
        table(describe.score_rows(found), ("measure", "model", found.baseline_name), "Scores on the test rows", (1, 2)),
        pictures.scores(found),
    ]
    if found.confusion is None:
        errors = ("of the rows", "have an absolute error of at most")
        return [*parts, table(describe.quantile_rows(found), errors, "Quantiles of the absolute error", (0, 1))]
    if len(found.labels) <= MOST_CELLS:
        columns = range(1, len(found.labels) + 1)
        classes = ("true \\ predicted", *found.labels)
        parts.append(table(describe.confusion_rows(found), classes, "Confusion matrix", columns))
    mistakes = describe.worst_confusions(found)
    if len(found.labels) > 2:
        parts.append(table(mistakes, ("true", "predicted", "times"), "Most frequent mistakes", (2,)))
    header = ("class", "precision", "recall", "f1-score", "rows")
    return [*parts, table(describe.class_rows(found), header, "Each class", (1, 2, 3, 4))]


def _curves(model: TableModel) -> list[str]:
    summary, estimator = model.summary, model.estimator
    unit = f"{describe.unit(estimator.solver)}s"
    told = f"{summary['epochs']} {unit} in {duration(summary['seconds'])} on the {summary['engine']} engine."
    tried = [(setting(entry["alpha"]), short(entry["validation_loss"])) for entry in summary["penalties_tried"]]
    parts = [paragraph(told)]
    if estimator.loss_curve_:
        parts.append(pictures.curves(model))
    return [*parts, table(tried, ("alpha", "validation loss"), "Penalties tried; the best was kept", (0, 1))]


def _data(model: TableModel) -> list[str]:
    rows, _ = describe.column_rows(model.schema)
    return [
        paragraph(f"Target: {describe.target_line(model.schema.target)}."),
        paragraph(f"Rows: {describe.rows_line(model.summary['sizes'], model.summary['split'])}."),
        table(rows, ("column", "use", "kind", "what is done with it, or why not"), "Columns"),
    ]


def _settings(model: TableModel) -> list[str]:
    return [table(describe.setting_rows(model.summary["settings"]), ("setting", "value", "reason"), "Settings")]


def _versions() -> str:
    versions = {
        "chainrule": chainrule.__version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
    }
    return table(list(versions.items()), ("software", "version"), "What this was made with")
