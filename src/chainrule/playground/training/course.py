"""What was done in the course of a run: changes and edits, and the actions that lead to the same place again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.formulas.lookup import Array
from chainrule.playground.settings.setup import Setup
from chainrule.playground.training.building import Built
from chainrule.playground.training.memory import Moment

Action = tuple[str, Any]


@dataclass(frozen=True, eq=False)
class Event:
    """A change in the course of a run, for the code that does it again.

    Parameters
    ----------
    epochs, begun, updates : int
        When: whole epochs done, rows of the epoch begun, and steps.
    setup : Setup
        In force from then on.
    built : Built
        The same.
    theta : ndarray or None
        The parameters from then on, where something else than training changed them.
    edit : tuple or None
        (kind, layer, unit, source, value) of a single parameter that was set.
    """

    epochs: int
    begun: int
    updates: int
    setup: Setup
    built: Built
    theta: Array | None = None
    edit: tuple[Any, ...] | None = None


class Clock:
    """Where a run would stand after some steps, without training."""

    def __init__(self, setup: Setup, built: Built) -> None:
        self.epochs = self.begun = self.updates = 0
        self.set(setup, built)

    def set(self, setup: Setup, built: Built) -> None:
        """Go on with another setup."""
        self.setup, self.rows = setup, len(built.data.train)
        self.size = min(setup.training.batch_size, self.rows)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        if not self.setup.training.solver.stochastic:
            return 1
        return self.rows // self.size if self.setup.run.compat else -(-self.rows // self.size)

    def whole(self, updates: int) -> bool:
        """Whole epochs, as many as so many steps allow; whether there were any."""
        count = 0 if self.begun else (updates - self.updates) // self.steps
        self.epochs, self.updates = self.epochs + count, self.updates + count * self.steps
        return count > 0

    def step(self, rows: int) -> None:
        """One step on so many rows."""
        self.begun, self.updates = self.begun + rows, self.updates + 1
        left_over = self.rows % self.size if self.setup.run.compat else 0
        if self.begun >= self.rows - left_over:
            self.begun, self.epochs = 0, self.epochs + 1


def actions(first: Moment, events: Sequence[Event], sampled: Sequence[int], updates: int) -> Iterator[Action]:
    """Actions that lead from the start to a number of steps.

    Parameters
    ----------
    first : Moment
        The start.
    events : sequence of Event
        Changes and edits.
    sampled : sequence of int
        The steps (numbers of steps before them) that were taken on a single row.
    updates : int
        Steps in all.

    Yields
    ------
    tuple
        ("advance", the epoch to reach), ("batch", None), ("sample", None), ("edit", what) or ("change", (before, after)).
    """
    clock = Clock(first.setup, first.built)
    # At the same step a change comes before the row that is shown after it.
    places = [*((event.updates, 0, event) for event in events), *((place, 1, None) for place in sampled)]
    for place, kind, event in [*sorted(places, key=lambda one: one[:2]), (updates, 2, None)]:
        while clock.updates < place:
            if clock.whole(place):
                yield "advance", clock.epochs
            else:
                clock.step(clock.size)
                yield "batch", None
        if event is not None:
            yield ("edit", event.edit) if event.edit is not None else ("change", (clock.setup, event.setup))
            clock.set(event.setup, event.built)
        elif kind == 1:
            clock.step(1)
            yield "sample", None
