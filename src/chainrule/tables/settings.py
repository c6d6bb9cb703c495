"""How the network is set for a table of a given size, each choice with its reason.

The numbers were measured on 29 public tables; `docs/decisions/table-defaults.md` has the comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SMALL = 3000


@dataclass(frozen=True)
class Choice:
    """One setting and the reason for it."""

    name: str
    value: Any
    reason: str


def choose_settings(
    rows: int, inputs: int, task: str, hidden: tuple[int, ...] | None, given: dict[str, Any] | None
) -> tuple[Choice, ...]:
    """Estimator parameters for ``rows`` training rows; what the user gave overrules."""
    choices = _small(rows) if rows <= SMALL else _large(rows)
    if hidden is not None:
        choices["hidden_layer_sizes"] = Choice("hidden_layer_sizes", tuple(hidden), "asked for")
    for name, value in (given or {}).items():
        choices[name] = Choice(name, value, "asked for")
    return tuple(choices.values())


def _small(rows: int) -> dict[str, Choice]:
    return _table(
        Choice("hidden_layer_sizes", (64, 32), "two layers suffice for tables of this size"),
        Choice("activation", "tanh", "smooth, as L-BFGS likes it"),
        Choice("solver", "lbfgs", f"at most {SMALL:,} training rows: the full loss is cheap and L-BFGS settles it"),
        Choice("alpha", 1.0, "few rows need a strong pull of the weights towards 0"),
        Choice("max_iter", 200, "an upper limit; L-BFGS stops when the gradient vanishes"),
    )


def _large(rows: int) -> dict[str, Choice]:
    return _table(
        Choice("hidden_layer_sizes", (128, 64), "two layers suffice for tables of this size"),
        Choice("activation", "relu", "fast"),
        Choice("solver", "adam", f"more than {SMALL:,} training rows: small batches learn faster than the full loss"),
        Choice("learning_rate_init", 0.002, "the usual rate of Adam for batches of this size"),
        Choice("batch_size", 256, "large enough to be fast, small enough to generalise"),
        Choice("alpha", 1e-3, "a mild pull of the weights towards 0"),
        Choice("max_iter", 100, "an upper limit; the validation score stops earlier"),
        Choice("early_stopping", True, "the weights of the best validation epoch are kept"),
    )


def _table(*choices: Choice) -> dict[str, Choice]:
    return {choice.name: choice for choice in choices}


def validation_share(choices: tuple[Choice, ...]) -> float:
    """The share of the rows, test rows left out, that chooses the best epoch; none for L-BFGS, which has no epochs."""
    return 0.0 if any(choice.name == "solver" and choice.value == "lbfgs" for choice in choices) else 0.1
