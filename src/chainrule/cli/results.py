"""Scores and curves on stdout, for `train` and `evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.cli import describe
from chainrule.cli.output import grid, heading, say
from chainrule.cli.text import one_line

if TYPE_CHECKING:
    from chainrule.tables import Evaluation


def show_evaluation(found: Evaluation, title: str, first: bool = False) -> None:
    """Scores beside the baseline, then confusion matrix or error quantiles."""
    heading(title, first)
    grid(describe.score_rows(found), header=("", "model", found.baseline_name), right=(1, 2))
    if found.confusion is None:
        _quantiles(found)
    elif len(found.labels) <= describe.MAX_CONFUSION:
        _confusion(found)
    else:
        _mistakes(found)


def _confusion(found: Evaluation) -> None:
    say()
    columns = range(1, len(found.labels) + 1)
    header = ("true \\ predicted", *(one_line(label, 24) for label in found.labels))
    grid(describe.confusion_rows(found), header=header, right=columns)


def _mistakes(found: Evaluation) -> None:
    mistakes = describe.worst_confusions(found)
    if mistakes:
        say()
        grid(mistakes, header=("most mistaken", "for", "times"), right=(2,))


def _quantiles(found: Evaluation) -> None:
    say()
    grid(describe.quantile_rows(found), header=("of the rows", "have an absolute error of at most"), right=(0, 1))
