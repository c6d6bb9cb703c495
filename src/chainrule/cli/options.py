"""Options that several commands share, and the texts behind options: lists of widths, names from the library's tables.

Names are checked against the tables only when they are used, so that `chainrule --help` need not import them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="Model file written by `chainrule train`.")]
TableFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="Table: CSV (also .gz) with a header line, or Parquet.")
]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="Threads to use.", show_default="all this process may use")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]

MAX_WIDTH, MOST_LISTED = 1_000_000, 20

COMMON_SCORES = (
    "loss", "accuracy", "balanced_accuracy", "f1", "f1_macro", "f1_weighted", "roc_auc", "roc_auc_ovr", "average_precision",
    "neg_log_loss", "neg_brier_score", "matthews_corrcoef", "precision", "recall", "r2", "neg_mean_absolute_error",
    "neg_mean_squared_error", "neg_root_mean_squared_error", "neg_median_absolute_error", "explained_variance",
)  # fmt: skip


class MissingOption(typer.BadParameter):
    """An option without which the command cannot work, where the message can help to find its value."""

    def format_message(self) -> str:
        """As typer words it, then the help."""
        return f"Missing option {self.param_hint}. {self.message}"


def checked_widths(text: str | None) -> str | None:
    """The text if `widths` understands it."""
    if text is not None:
        widths(text)
    return text


def widths(text: str) -> tuple[int, ...]:
    """Units of the hidden layers from a text such as ``64,32``; ``none`` for a network without hidden layers."""
    if text.strip().lower() == "none":
        return ()
    parts = re.split(r"\s*,\s*|\s+", text.strip())
    if not all(part.isascii() and part.isdigit() and 0 < int(part[:8]) <= MAX_WIDTH for part in parts):
        raise typer.BadParameter(
            f"{text!r}: expected the units of each hidden layer (at least 1), such as 64,32; none for no hidden layer."
        )
    return tuple(int(part) for part in parts)


def engine(text: str) -> str:
    """The name of an engine."""
    from chainrule.engines import ENGINES

    return named("engine", lambda: ("auto", *ENGINES))(text)


def task(text: str) -> str:
    """The name of a task."""
    from chainrule.tables.target import WANTED

    return named("task", lambda: [name for name in WANTED if name])(text)


def dtype(text: str) -> str:
    """The precision of the computation."""
    return named("dtype", lambda: ("float32", "float64"))(text)


def scoring(text: str) -> str:
    """The name of a score for validation rows."""
    from sklearn.metrics import get_scorer_names

    known = dict.fromkeys([*COMMON_SCORES, *get_scorer_names()])
    return named("score", lambda: known)(text)


def named(what: str, names: Callable[[], Iterable[str]]) -> Callable[[str], str]:
    """A parser that accepts the names of a table and otherwise lists them."""

    def parse(text: str) -> str:
        from difflib import get_close_matches

        known = list(names())
        if text in known:
            return text
        near = get_close_matches(text, known, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        listed = ", ".join(known[:MOST_LISTED]) + (" and others" if len(known) > MOST_LISTED else "")
        raise typer.BadParameter(f"unknown {what} {text!r}; known are {listed}.{hint}")

    return parse


def fraction(value: float) -> float:
    """A share of the rows; all of them cannot be held out."""
    if not 0 <= value <= 0.9:
        raise typer.BadParameter(f"{value:g} is not between 0 and 0.9.")
    return value


def shares(text: str) -> float | list[float]:
    """A share from 0 to below 1, or several of them."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(0 <= one < 1 for one in found):
        raise typer.BadParameter(f"{text!r}: expected shares from 0 to below 1, such as 0.5 or 0.2,0.5.")
    return found[0] if len(found) == 1 else found


def factors(text: str) -> list[float]:
    """Numbers of 0 or above, not all of them 0."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(0 <= one < float("inf") for one in found):
        raise typer.BadParameter(f"{text!r}: expected numbers of 0 or above, one per layer, such as 0,0.1,1.")
    if not any(found):
        raise typer.BadParameter(f"{text!r}: with 0 everywhere nothing is trained; one layer at least must learn.")
    return found


def share(value: float | None) -> float | None:
    """A number from 0 to below 1."""
    if value is not None and not 0 <= value < 1:
        raise typer.BadParameter(f"{value:g} is not a number from 0 to below 1.")
    return value


def some(value: float | None) -> float | None:
    """A share of the rows that is neither none nor nearly all."""
    if value is not None and not 0 < value <= 0.9:
        raise typer.BadParameter(f"{value:g} is not above 0 and at most 0.9.")
    return value


def up_to_one(value: float | None) -> float | None:
    """A number from 0 to 1."""
    if value is not None and not 0 <= value <= 1:
        raise typer.BadParameter(f"{value:g} is not a number from 0 to 1.")
    return value


def positive(value: float | None) -> float | None:
    """A finite number above 0."""
    if value is not None and not 0 < value < float("inf"):
        raise typer.BadParameter(f"{value:g} is not a number above 0.")
    return value


def at_least_zero(value: float | None) -> float | None:
    """A finite number, 0 or above."""
    if value is not None and not 0 <= value < float("inf"):
        raise typer.BadParameter(f"{value:g} is not a number of 0 or above.")
    return value
