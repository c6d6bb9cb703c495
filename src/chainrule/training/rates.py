"""The learning rates of coming epochs: of the next one, and, where they are known in advance, of a group of epochs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chainrule.formulas.schedules import SCHEDULES, Adaptive, Clock, Constant, Schedule, checked_rates

# Epochs in a group whose rates change: bounds the work for epochs that never come.
MOST_CHANGING = 32


class Rates:
    """A schedule's rates; the same array as long as they do not change, for the sake of the smallest networks."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._steady = type(schedule) in (Constant, Adaptive) and not schedule.warmup
        self._known: NDArray[np.float64] | None = None

    def coming(self, clock: Clock) -> NDArray[np.float64]:
        """Rates of the coming epoch's steps, shape (clock.steps,); each clock of a training has as many steps."""
        known = self._known
        if known is not None and known[0] == clock.current:
            return known
        rates = checked_rates(self._schedule, clock)
        self._known = rates if self._steady else None
        return rates

    def ahead(self, clock: Clock, most: int, rows: int | None) -> NDArray[np.float64] | None:
        """Rates of at most that many coming epochs, a row for each, or one row for all; None if they cannot be known.

        They cannot if an epoch's number of `rows` is not known, nor for a user's schedule, which may have effects or be wrong
        about epochs that never come.
        """
        if self._steady:
            return self.coming(clock)[None]
        if rows is None or type(self._schedule) not in SCHEDULES.values():
            return None
        clocks = (
            replace(clock, epoch=clock.epoch + at, samples=clock.samples + at * rows)
            for at in range(min(most, MOST_CHANGING))
        )
        return np.stack([checked_rates(self._schedule, each) for each in clocks])
