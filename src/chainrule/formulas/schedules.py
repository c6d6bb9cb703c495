"""Learning-rate schedules: from the initial rate and the clock to the rate of each step.

A schedule is pure: `rates` gives the rates of all steps of the coming epoch, `after_plateau` says what happens when the training
has not improved for a while: a new rate, or None to stop. To add a schedule, append one dataclass to `SCHEDULES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.formulas.lookup import Array, lookup


@dataclass(frozen=True)
class Clock:
    """Where the training stands when an epoch begins.

    Parameters
    ----------
    initial : float
        The user's `learning_rate_init`.
    current : float
        The rate in force (the initial one, as changed by plateaus).
    epoch, epochs : int
        Epochs done, and the most there can be.
    steps : int
        Steps of the coming epoch.
    samples : int
        Rows shown so far.
    """

    initial: float
    current: float
    epoch: int
    epochs: int
    steps: int
    samples: int


@dataclass(frozen=True)
class Schedule:
    """Base of all schedules: a constant rate that stops at a plateau."""

    name: ClassVar[str] = "constant"

    def rates(self, clock: Clock) -> Array:
        """Rates of the coming epoch's steps, shape (clock.steps,)."""
        return np.full(clock.steps, clock.current)

    def after_plateau(self, current: float) -> float | None:
        """The rate to go on with after `n_iter_no_change` epochs without improvement, or None to stop."""
        return None


@dataclass(frozen=True)
class Constant(Schedule):
    """The initial rate, always."""

    name: ClassVar[str] = "constant"


@dataclass(frozen=True)
class InvScaling(Schedule):
    """``initial / (t + 1) ** power_t`` with t the rows shown before this epoch (scikit-learn's convention)."""

    power_t: float = 0.5
    name: ClassVar[str] = "invscaling"

    def rates(self, clock: Clock) -> Array:
        """Rates of the coming epoch's steps, shape (clock.steps,)."""
        return np.full(clock.steps, clock.initial / (clock.samples + 1) ** self.power_t)


@dataclass(frozen=True)
class Adaptive(Schedule):
    """Constant, divided by `factor` at each plateau; training stops once the rate is at most `smallest`."""

    factor: float = 5.0
    smallest: float = 1e-6
    name: ClassVar[str] = "adaptive"

    def after_plateau(self, current: float) -> float | None:
        """The divided rate, or None when it is already as small as it may be."""
        return None if current <= self.smallest else current / self.factor


SCHEDULES: dict[str, type[Schedule]] = {schedule.name: schedule for schedule in (Constant, InvScaling, Adaptive)}


def get_schedule(schedule: str | Schedule) -> Schedule:
    """Return the schedule of that name with its default hyper-parameters, or the user's own object as it is."""
    return schedule if isinstance(schedule, Schedule) else lookup("schedule", schedule, SCHEDULES, (), {})()
