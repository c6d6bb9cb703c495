"""How the network is set for a table of a given size, each choice with its reason.

The numbers were measured on 29 public tables; `docs/decisions/table-defaults.md` has the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chainrule.estimators.parameters import is_stochastic

SMALL = 3000
ALPHAS = (0.1, 1.0, 10.0)
TRIED = f"one of {', '.join(f'{alpha:g}' for alpha in ALPHAS)}"
ASKED = "asked for"
# What belongs to single steps or to epochs, so that a table for which it is asked is not trained with lbfgs.
STEPWISE = (
    "learning_rate_init", "batch_size", "learning_rate", "momentum", "dropout", "batch_norm", "l1", "weight_decay",
    "max_norm", "clip_norm", "clip_value", "layer_rates", "early_stopping", "n_iter_no_change", "scoring",
)  # fmt: skip
# Penalties that take the place of alpha.
PENALTIES = ("l2", "weight_decay")
RATES = {"sgd": 0.02, "adagrad": 0.02, "adadelta": 1.0, "rmsprop": 0.001, "adam": 0.002, "adamw": 0.002}


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

    @property
    def needs_validation(self) -> bool:
        """Whether nothing is to be trained without validation rows."""
        names = ("validation_fraction", "early_stopping")
        return any(choice.name in names and choice.value is not False for choice in self.choices)

    def for_rows(self, train: int) -> Settings:
        """The same for that many training rows: no batch of a single row where a batch is normalised."""
        chosen = {choice.name: choice for choice in self.choices}
        batch, normalised = chosen.get("batch_size"), chosen.get("batch_norm")
        if batch is None or normalised is None or not _used(normalised.value) or batch.reason == ASKED:
            return self
        size = batch.value
        while train % size == 1:
            size += 1
        if size == batch.value:
            return self
        found = replace(batch, value=size, reason=f"{batch.reason}; no batch of a single row, for batch_norm")
        return replace(self, choices=tuple(found if one is batch else one for one in self.choices))


def stepwise(asked: Mapping[str, Any]) -> list[str]:
    """The parameters asked for that lbfgs has no use for."""
    return [name for name in STEPWISE if name in asked and _used(asked[name])]


def _used(value: Any) -> bool:
    if hasattr(value, "__iter__") and not isinstance(value, str):
        return any(_used(item) for item in value)
    return value not in (None, False, 0)


def choose_settings(rows: int, hidden: tuple[int, ...] | None, given: Mapping[str, Any] | None) -> Settings:
    """Settings for that many rows, test rows left out; what the user gave overrules."""
    asked = dict(given or {})
    if hidden is not None:
        asked["hidden_layer_sizes"] = hidden
    reasons = stepwise(asked)
    small = rows <= SMALL and not reasons if "solver" not in asked else not is_stochastic(asked["solver"])
    why = f"for {reasons[0]}, which lbfgs cannot use" if reasons and rows <= SMALL else ""
    listed = _small() if small else _large(rows, asked.get("solver", "adam"), why)
    choices = {choice.name: choice for choice in listed}
    choices.update({name: Choice(name, value, ASKED) for name, value in asked.items()})
    instead = [name for name in PENALTIES if name in asked] if "alpha" not in asked else []
    if instead:
        choices["alpha"] = Choice("alpha", 0.0, f"{instead[0]} takes its place")
    alphas = ALPHAS if small and choices["alpha"].value == TRIED else ()
    usual = 0.2 if alphas else 0.0 if small else 0.1
    return Settings(tuple(choices.values()), asked.get("validation_fraction", usual), alphas)


def _small() -> tuple[Choice, ...]:
    return (
        Choice("hidden_layer_sizes", (64,), "one layer suffices for a table of this size"),
        Choice("activation", "tanh", "smooth, as L-BFGS likes it"),
        Choice("solver", "lbfgs", f"at most {SMALL:,} rows: the whole table in every step, no learning rate to set"),
        Choice("alpha", TRIED, "the least loss on the validation rows, which then train too"),
        Choice("max_iter", 200, "an upper limit; L-BFGS stops when the gradient vanishes"),
    )


def _large(rows: int, solver: Any, why: str) -> tuple[Choice, ...]:
    name = solver if isinstance(solver, str) else getattr(solver, "name", "")
    batches = f"more than {SMALL:,} rows: small batches learn faster than the whole table at once"
    return (
        Choice("hidden_layer_sizes", (128, 64), "two layers suffice for most tables"),
        Choice("activation", "relu", "fast"),
        Choice("solver", "adam", why or batches),
        Choice("learning_rate_init", RATES.get(name, 0.002), "the usual size for this solver and batches of this size"),
        Choice(
            "batch_size",
            64 if rows < 20_000 else 128 if rows < 100_000 else 256,
            "large enough to be fast, small enough to generalise",
        ),
        Choice("alpha", 0.01, "a mild pull of the weights towards 0"),
        Choice("max_iter", 200, "an upper limit; the validation rows stop it earlier"),
        Choice("early_stopping", True, "the best epoch on the validation rows is kept"),
        Choice("scoring", "loss", "says more than a count of hits, which on few rows is best far too early by chance"),
        Choice("tol", 1e-5, "the least gain of the validation loss that counts"),
        Choice("n_iter_no_change", 20, "patience, in epochs"),
        Choice("dtype", "float32", "half the memory, twice the speed; the data are not more precise"),
    )
