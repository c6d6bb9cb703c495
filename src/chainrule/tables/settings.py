"""How the network is set for a table of a given size, each choice with its reason.

The numbers were measured on 29 public tables; `docs/decisions/table-defaults.md` has the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SMALL = 3000
ALPHAS = (0.1, 1.0, 10.0)


@dataclass(frozen=True)
class Choice:
    """One setting and the reason for it."""

    name: str
    value: Any
    reason: str


@dataclass(frozen=True)
class Settings:
    """The estimator's parameters, and what the validation rows are for.

    ``alphas`` are the penalties to choose from; if there are any, the estimator is trained once more on training and
    validation rows together. Without them, the validation rows choose the best epoch.
    """

    choices: tuple[Choice, ...]
    validation: float
    alphas: tuple[float, ...] = ()

    def parameters(self, **more: Any) -> dict[str, Any]:
        """Keyword arguments of the estimator."""
        own = {c.name: c.value for c in self.choices if not (c.name == "alpha" and self.alphas)}
        return {**own, **more}


def choose_settings(rows: int, hidden: tuple[int, ...] | None, given: Mapping[str, Any] | None) -> Settings:
    """Settings for that many rows, test rows left out; what the user gave overrules."""
    asked = dict(given or {})
    if hidden is not None:
        asked["hidden_layer_sizes"] = hidden
    small = rows <= SMALL if "solver" not in asked else asked["solver"] == "lbfgs"
    choices = {choice.name: choice for choice in (_small() if small else _large(rows))}
    choices.update({name: Choice(name, value, "asked for") for name, value in asked.items()})
    alphas = ALPHAS if small and "alpha" not in asked else ()
    return Settings(tuple(choices.values()), 0.2 if alphas else 0.0 if small else 0.1, alphas)


def _small() -> tuple[Choice, ...]:
    listed = ", ".join(f"{alpha:g}" for alpha in ALPHAS)
    return (
        Choice("hidden_layer_sizes", (64,), "one layer suffices for a table of this size"),
        Choice("activation", "tanh", "smooth, as L-BFGS likes it"),
        Choice("solver", "lbfgs", f"at most {SMALL:,} rows: the whole table in every step, no learning rate to set"),
        Choice("alpha", f"one of {listed}", "the least loss on the validation rows, which then train too"),
        Choice("max_iter", 200, "an upper limit; L-BFGS stops when the gradient vanishes"),
    )


def _large(rows: int) -> tuple[Choice, ...]:
    return (
        Choice("hidden_layer_sizes", (128, 64), "two layers suffice for most tables"),
        Choice("activation", "relu", "fast"),
        Choice("solver", "adam", f"more than {SMALL:,} rows: small batches learn faster than the whole table at once"),
        Choice("learning_rate_init", 0.002, "the usual size for Adam and batches of this size"),
        Choice(
            "batch_size",
            64 if rows < 20_000 else 128 if rows < 100_000 else 256,
            "large enough to be fast, small enough to generalise",
        ),
        Choice("alpha", 0.01, "a mild pull of the weights towards 0"),
        Choice("max_iter", 200, "an upper limit; the validation score stops earlier"),
        Choice("early_stopping", True, "the epoch with the best validation score is kept"),
        Choice("n_iter_no_change", 20, "patience, in epochs"),
        Choice("dtype", "float32", "half the memory, twice the speed; the data are not more precise"),
    )
