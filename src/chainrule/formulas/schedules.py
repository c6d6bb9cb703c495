"""Learning-rate schedules: from the initial rate and the clock to the rate of each step.

A schedule is pure: `rates` gives the rates of all steps of the coming epoch, `after_plateau` says what happens when the training
has not improved for a while: a new rate, or None to stop. To add a schedule, append one dataclass to `SCHEDULES` that says in
`course` what the rates are; the warm-up is common to all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from chainrule.formulas.lookup import Array, lookup
from chainrule.formulas.ranges import check_number, check_whole


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
    first : int
        Epochs that were done when this fit began (a warm start's earlier ones).
    """

    initial: float
    current: float
    epoch: int
    epochs: int
    steps: int
    samples: int
    first: int = 0


@dataclass(frozen=True)
class Schedule:
    """Base of all schedules: a constant rate that stops at a plateau.

    Parameters
    ----------
    warmup : float
        Epochs (fractions too) over which the rates rise linearly to what they would be without: the factor of step s, counted
        from 1 at the very first epoch, is ``min(1, s / (warmup * steps per epoch))`` (Goyal et al. 2017, arXiv 1706.02677).
    """

    warmup: float = field(default=0.0, kw_only=True)

    name: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        check_number(self, "warmup")

    def rates(self, clock: Clock) -> Array:
        """Rates of the coming epoch's steps, shape (clock.steps,)."""
        rates = self.course(clock)
        if clock.epoch >= self.warmup:
            return rates
        warmed: Array = rates * np.minimum(1.0, (_steps(clock, clock.epoch) + 1) / (self.warmup * clock.steps))
        return warmed

    def course(self, clock: Clock) -> Array:
        """What the rates would be without warm-up, shape (clock.steps,)."""
        return np.full(clock.steps, clock.current)

    def after_plateau(self, current: float) -> float | None:
        """The rate to go on with after `n_iter_no_change` epochs without improvement, or None to stop."""
        return None


def checked_rates(schedule: Schedule, clock: Clock) -> NDArray[np.float64]:
    """The rates of the coming epoch's steps, from a schedule that may be a user's own.

    Raises
    ------
    ValueError
        If they are not one number for each step, each finite and at least 0.
    """
    given: Any = schedule.rates(clock)
    try:
        rates = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise _no_rates(schedule, clock, f"{given!r:.80}") from None
    if rates.shape != (clock.steps,):
        raise _no_rates(schedule, clock, f"shape {rates.shape}")
    wrong = ~(np.isfinite(rates) & (rates >= 0))
    if wrong.any():
        raise _no_rates(schedule, clock, f"{rates[wrong][0]:g} for step {wrong.argmax()}")
    return rates


def _no_rates(schedule: Schedule, clock: Clock, found: str) -> ValueError:
    return ValueError(
        f"the rates of schedule {type(schedule).__name__} for epoch {clock.epoch} must be one finite number, at least 0, for "
        f"each of its {clock.steps} step(s), shape ({clock.steps},); got {found}."
    )


@dataclass(frozen=True)
class Constant(Schedule):
    """The initial rate, always (lecture 001, "The learning rate")."""

    name: ClassVar[str] = "constant"


@dataclass(frozen=True)
class InvScaling(Schedule):
    """``initial / (t + 1) ** power_t`` with t the rows shown before this epoch (scikit-learn's convention)."""

    power_t: float = 0.5
    name: ClassVar[str] = "invscaling"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "power_t")

    def course(self, clock: Clock) -> Array:
        """Rates without warm-up, shape (clock.steps,)."""
        return np.full(clock.steps, clock.initial / (clock.samples + 1) ** self.power_t)


@dataclass(frozen=True)
class Adaptive(Schedule):
    """Constant, divided by `factor` at each plateau; training stops once the rate is at most `smallest`."""

    factor: float = 5.0
    smallest: float = 1e-6
    name: ClassVar[str] = "adaptive"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "factor", 1, ends="()")
        check_number(self, "smallest", ends="()")

    def after_plateau(self, current: float) -> float | None:
        """The divided rate, or None when it is already as small as it may be."""
        return None if current <= self.smallest else current / self.factor


@dataclass(frozen=True)
class Step(Schedule):
    """``initial * gamma ** (epoch // step_size)``: PyTorch's StepLR, one `step()` per epoch.

    Parameters
    ----------
    step_size : int
        Epochs at one rate.
    gamma : float
        The factor between one rate and the next.
    """

    step_size: int = 30
    gamma: float = 0.1
    name: ClassVar[str] = "step"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self, "step_size")
        check_number(self, "gamma", 0, 1, "(]")

    def course(self, clock: Clock) -> Array:
        """Rates without warm-up, shape (clock.steps,)."""
        return np.full(clock.steps, clock.initial * self.gamma ** (clock.epoch // self.step_size))


@dataclass(frozen=True)
class Exponential(Schedule):
    """``initial * gamma ** epoch``: PyTorch's ExponentialLR, one `step()` per epoch.

    Parameters
    ----------
    gamma : float
        The factor between one epoch and the next.
    """

    gamma: float = 0.97
    name: ClassVar[str] = "exponential"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "gamma", 0, 1, "(]")

    def course(self, clock: Clock) -> Array:
        """Rates without warm-up, shape (clock.steps,)."""
        return np.full(clock.steps, clock.initial * self.gamma**clock.epoch)


@dataclass(frozen=True)
class Course(Schedule):
    """Base of the schedules that have an end; the rates change at every step.

    Parameters
    ----------
    epochs : int or None
        Length of the course. None: the most epochs this fit can take, so that each fit (each `partial_fit`) runs a whole course.
        With a number the epochs of all fits count, and what comes after the course has its last rate.
    """

    epochs: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.epochs is not None:
            check_whole(self, "epochs")

    def taken(self, clock: Clock) -> tuple[Array, int]:
        """Steps taken before each of the coming ones, and how many there are in the whole course."""
        if self.epochs is None:
            return _steps(clock, clock.epoch - clock.first), (clock.epochs - clock.first) * clock.steps
        return _steps(clock, clock.epoch), self.epochs * clock.steps


@dataclass(frozen=True)
class Cosine(Course):
    """Half a cosine from the initial rate down to `smallest` (Loshchilov & Hutter 2017, arXiv 1608.03983, eq. 5).

    PyTorch's CosineAnnealingLR with ``T_max`` the number of all steps and one `step()` per batch.

    Parameters
    ----------
    smallest : float
        The rate after the last step.
    """

    smallest: float = 0.0
    name: ClassVar[str] = "cosine"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "smallest")

    def course(self, clock: Clock) -> Array:
        """Rates without warm-up, shape (clock.steps,)."""
        taken, total = self.taken(clock)
        return _annealed(clock.initial, self.smallest, np.minimum(1.0, taken / total))


@dataclass(frozen=True)
class OneCycle(Course):
    """Up to the initial rate, which is the peak, and down to almost nothing (Smith & Topin 2017, arXiv 1708.07120).

    PyTorch's OneCycleLR with cosine annealing and without its cycle of the momentum.

    Parameters
    ----------
    pct_start : float
        The share of the steps that goes up.
    div_factor : float
        The first rate is the peak divided by it.
    final_div_factor : float
        The last rate is the first one divided by it.
    """

    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4
    name: ClassVar[str] = "one_cycle"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "pct_start", 0, 1)
        check_number(self, "div_factor", 1)
        check_number(self, "final_div_factor", 1)

    def course(self, clock: Clock) -> Array:
        """Rates without warm-up, shape (clock.steps,)."""
        taken, total = self.taken(clock)
        peak, first = clock.initial, clock.initial / self.div_factor
        top = self.pct_start * total - 1
        rising = _annealed(first, peak, taken / top) if top > 0 else first
        share = np.clip((taken - top) / (total - 1 - top), 0, 1)
        falling = _annealed(peak, first / self.final_div_factor, share)
        return np.where(taken < top, rising, falling)


def _steps(clock: Clock, epochs: int) -> Array:
    """Steps before each of the coming ones, if that many epochs came before."""
    return np.arange(epochs * clock.steps, (epochs + 1) * clock.steps, dtype=np.float64)


def _annealed(start: float, end: float, share: Array) -> Array:
    """From start to end along half a cosine."""
    rates: Array = end + (start - end) / 2 * (1 + np.cos(np.pi * share))
    return rates


SCHEDULES: dict[str, type[Schedule]] = {
    schedule.name: schedule for schedule in (Constant, InvScaling, Adaptive, Step, Exponential, Cosine, OneCycle)
}


def get_schedule(schedule: str | Schedule) -> Schedule:
    """Return the schedule of that name with its default hyper-parameters, or the user's own object as it is."""
    return schedule if isinstance(schedule, Schedule) else lookup("schedule", schedule, SCHEDULES, (), {})()
