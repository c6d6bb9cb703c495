"""Scores and the diagnosis on stdout, for `train` and `evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.cli import describe
from chainrule.cli.asked import OPTIONS
from chainrule.cli.output import grid, heading, say
from chainrule.cli.text import one_line

if TYPE_CHECKING:
    from chainrule.diagnosis import Diagnosis
    from chainrule.errors import DivergenceError
    from chainrule.tables import Evaluation

# Parameters that a diagnosis wants changed, as options of `train`.
NAMES = {**OPTIONS, "hidden_layer_sizes": "--hidden"}


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


def show_diagnosis(found: Diagnosis) -> None:
    """What is wrong with the training and what to change, in the command's options; nothing if nothing is."""
    from chainrule.diagnosis.text import as_text

    if found.healthy:
        return
    _, *lines = as_text(found, NAMES).splitlines()
    heading("Diagnosis")
    for line in lines:
        say(line)


def told_cause(error: DivergenceError) -> str:
    """The error in a line, with the first cause that was measured."""
    from chainrule.diagnosis import diagnose

    if error.failure is None:
        return str(error)
    first = next(iter(diagnose(error).findings), None)
    return str(error) if first is None else f"{error} Diagnosis: {first.title}. {first.evidence}"
