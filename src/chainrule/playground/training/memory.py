"""What a run remembers, so that it can go back: moments, from which the steps since are done again, to the same bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.playground.settings.setup import Setup
from chainrule.playground.training.building import Built
from chainrule.playground.training.position import Position

MOST_BYTES = 64 * 2**20
MOST_MOMENTS = 300


@dataclass(frozen=True, eq=False)
class Moment:
    """A moment of a run.

    Parameters
    ----------
    position : Position
        Where the training stood.
    setup, built
        What was in force.
    events : int
        How many changes had been made.
    firm : bool
        Whether it must be kept: the start, and after changes, from where only that way can be gone again.
    seconds : float
        Of training until then.
    """

    position: Position
    setup: Setup
    built: Built
    events: int
    firm: bool
    seconds: float


class Memory:
    """Moments in order of time; when they take too much room every second one is forgotten, the older ones first."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self._bytes = 0

    def keep(self, moment: Moment) -> None:
        """Remember a moment; one at the same step takes the place of the last."""
        last = self.moments[-1] if self.moments else None
        if last is not None and last.position.updates == moment.position.updates and last.events == moment.events:
            moment = _firmer(last, moment)
            self._bytes -= self.moments.pop().position.size
        self.moments.append(moment)
        self._bytes += moment.position.size
        while len(self.moments) > MOST_MOMENTS or (len(self.moments) > 4 and self._bytes > MOST_BYTES):
            if not self._thin():
                break

    def _count(self) -> None:
        self._bytes = sum(moment.position.size for moment in self.moments)

    def _thin(self) -> bool:
        """Forget every second one of the older half that may be forgotten."""
        half = len(self.moments) // 2
        loose = [place for place, moment in enumerate(self.moments[:half]) if place and not moment.firm]
        gone = set(loose[::2])
        if not gone:
            gone = set(range(1, half))
        self.moments = [moment for place, moment in enumerate(self.moments) if place not in gone]
        self._count()
        return bool(gone)

    def before(self, updates: int, epochs: int | None = None) -> Moment:
        """The last moment with at most that many steps; where epochs count, that is at most at their end."""
        for moment in reversed(self.moments):
            at = moment.position
            if epochs is None and at.updates <= updates:
                return moment
            if epochs is not None and (at.epochs < epochs or (at.epochs == epochs and not at.begun)):
                return moment
        return self.moments[0]

    def forget_after(self, moment: Moment) -> None:
        """Forget what came after a moment."""
        place = next(place for place, one in enumerate(self.moments) if one is moment)
        del self.moments[place + 1 :]
        self._count()


def _firmer(last: Moment, moment: Moment) -> Moment:
    """The newer one, kept for good if the older one had to be."""
    if moment.firm or not last.firm:
        return moment
    told: dict[str, Any] = {name: getattr(moment, name) for name in ("position", "setup", "built", "events", "seconds")}
    return Moment(**told, firm=True)
