"""The hyper-parameters of a training, and their checks."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, fields
from math import isfinite, isnan
from numbers import Integral, Real

import numpy as np

from chainrule.engines import StepSettings, checked_threads
from chainrule.formulas.schedules import Schedule
from chainrule.formulas.solvers import Solver
from chainrule.network import Network

PENALTIES = ("alpha", "l2", "l1", "weight_decay")
LIMITS = ("max_norm", "clip_norm", "clip_value")
STEPWISE = ("l1", "weight_decay", *LIMITS, "layer_rates")
# scikit-learn documents its own schedules as ignored by its lbfgs.
IGNORED_SCHEDULES = ("constant", "invscaling", "adaptive")


@dataclass(frozen=True)
class Settings:
    """How to train; the meaning of each is given at `train`.

    Raises
    ------
    ValueError
        If a number is impossible; the message names it.
    """

    solver: Solver
    schedule: Schedule
    learning_rate_init: float = 0.001
    alpha: float = 0.0
    l2: float = 0.0
    l1: float = 0.0
    weight_decay: float = 0.0
    max_norm: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    layer_rates: tuple[float, ...] | None = None
    batch_size: int | str = "auto"
    max_iter: int = 200
    shuffle: bool = True
    tol: float = 1e-4
    n_iter_no_change: float = 10
    watched: str = "loss"
    n_threads: int = 1

    def __post_init__(self) -> None:
        sized = self.batch_size == "auto" if isinstance(self.batch_size, str) else _whole(self.batch_size)
        checks: dict[str, tuple[bool, str]] = {
            "batch_size": (sized, "'auto' or a whole number, at least 1"),
            "max_iter": (_whole(self.max_iter), "a whole number, at least 1"),
            **{name: (_at_least_0(getattr(self, name)), "a finite number, at least 0") for name in PENALTIES},
            **{name: (_limit(getattr(self, name)), "a number above 0, or None") for name in LIMITS},
            "layer_rates": (_factors(self.layer_rates), "one finite number, at least 0, for each layer, or None"),
            "learning_rate_init": (
                _number(self.learning_rate_init) and self.learning_rate_init > 0,
                "a finite number above 0",
            ),
            "tol": (_at_least_0(self.tol), "a finite number, at least 0"),
            "n_iter_no_change": (
                isinstance(self.n_iter_no_change, Real)
                and not isnan(self.n_iter_no_change)
                and self.n_iter_no_change >= 0,
                "a number, at least 0, or infinity",
            ),
        }
        for name, (right, expected) in checks.items():
            if not right:
                raise ValueError(f"{name} must be {expected}; got {getattr(self, name)!r}.")
        checked_threads(self.n_threads)
        if self.clip_value is not None and self.clip_value <= self.l1:
            raise ValueError(
                f"clip_value={self.clip_value!r} must be above l1={self.l1!r}: clipped gradients could never outweigh the L1 "
                "penalty, and every weight would go to zero."
            )
        if not self.solver.stochastic:
            self._refuse_steps()

    def _refuse_steps(self) -> None:
        """lbfgs searches along lines of the whole objective: what belongs to single steps has no place there."""
        used = [name for name in STEPWISE if getattr(self, name) not in (0, None)]
        if used:
            raise ValueError(
                f"solver {self.solver.name!r} cannot use {used[0]}={getattr(self, used[0])!r}, which changes single steps; "
                "take a stochastic solver such as 'adam' (with batch_size=n for the full batch), or leave it out."
            )
        if changes_rates(self.schedule):
            raise ValueError(
                f"solver {self.solver.name!r} has no learning rate that learning_rate={self.schedule!r} could change; take a "
                "stochastic solver such as 'adam', or leave it out."
            )

    def check_network(self, network: Network, n_rows: int) -> None:
        """Check that this network can be trained with these settings on that many rows.

        Raises
        ------
        ValueError
            If an activation cannot be trained, the solver cannot use dropout or batch normalisation, a batch would have
            a single row under batch normalisation, or `layer_rates` has another length.
        """
        network.check_trainable()
        if self.layer_rates is not None and len(self.layer_rates) != len(network.layers):
            raise ValueError(
                f"layer_rates needs one factor for each of the network's {len(network.layers)} layers (the output layer "
                f"is the last), got {len(self.layer_rates)}: {self.layer_rates}."
            )
        stepwise = "dropout" if network.has_dropout else "batch_norm" if network.n_normalized else ""
        if stepwise and not self.solver.stochastic:
            raise ValueError(
                f"solver {self.solver.name!r} cannot train a network with {stepwise}, whose objective changes from step "
                "to step; take a stochastic solver such as 'adam'."
            )
        moving = [k for k, layer in enumerate(network.layers) if layer.batch_norm and k not in self.step.frozen]
        if moving and self.rows_per_batch(n_rows, warn=False) == 1:
            self._refuse_single(n_rows, "every batch")
        elif moving and n_rows % self.rows_per_batch(n_rows, warn=False) == 1:
            self._refuse_single(n_rows, "the last batch")

    def _refuse_single(self, n_rows: int, which: str) -> None:
        raise ValueError(
            f"batch_norm needs at least two rows in a batch to normalise over, but {n_rows} rows in batches of "
            f"{self.rows_per_batch(n_rows, warn=False)} leave {which} a single row; choose another batch_size."
        )

    @property
    def step(self) -> StepSettings:
        """What the engine needs of these, without the seed."""
        names = [field.name for field in fields(StepSettings) if field.name != "seed"]
        return StepSettings(**{name: getattr(self, name) for name in names})

    def rows_per_batch(self, n_rows: int, warn: bool = True) -> int:
        """The batch size for that many rows; warns when the wish has to be clipped."""
        if isinstance(self.batch_size, str):
            return min(200, n_rows)
        if warn and not 1 <= self.batch_size <= n_rows:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=4
            )
        return int(np.clip(self.batch_size, 1, n_rows))


def _whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def _number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)


def _at_least_0(value: object) -> bool:
    return _number(value) and float(value) >= 0  # type: ignore[arg-type]


def _limit(value: object) -> bool:
    return value is None or (isinstance(value, Real) and not isinstance(value, bool) and float(value) > 0)


def _factors(values: object) -> bool:
    return values is None or (isinstance(values, tuple) and all(_at_least_0(value) for value in values))


def changes_rates(schedule: Schedule) -> bool:
    """Whether a solver without a learning rate cannot take this schedule."""
    return schedule.warmup > 0 or schedule.name not in IGNORED_SCHEDULES
