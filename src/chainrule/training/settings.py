"""The hyper-parameters of a training, and their checks."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import isfinite, isnan
from numbers import Integral, Real

import numpy as np

from chainrule.engines import checked_threads
from chainrule.formulas.schedules import Schedule
from chainrule.formulas.solvers import Solver


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
            "alpha": (_number(self.alpha) and self.alpha >= 0, "a finite number, at least 0"),
            "learning_rate_init": (
                _number(self.learning_rate_init) and self.learning_rate_init > 0,
                "a finite number above 0",
            ),
            "tol": (_number(self.tol) and self.tol >= 0, "a finite number, at least 0"),
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

    def rows_per_batch(self, n_rows: int) -> int:
        """The batch size for that many rows; warns when the wish has to be clipped."""
        if isinstance(self.batch_size, str):
            return min(200, n_rows)
        if not 1 <= self.batch_size <= n_rows:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=4
            )
        return int(np.clip(self.batch_size, 1, n_rows))


def _whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def _number(value: object) -> bool:
    return isinstance(value, Real) and isfinite(value)
