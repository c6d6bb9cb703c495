"""Watching a training: curves and remaining time on a terminal, a line now and then elsewhere, or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from chainrule.cli.output import console, curve_rows, symbols_of
from chainrule.cli.text import duration, short

if TYPE_CHECKING:
    from rich.table import Table

SECONDS_BETWEEN_LINES = 2.0


class Watcher(Protocol):
    """Consumes the epochs of a training."""

    def start(self, max_epochs: int, unit: str) -> None:
        """Before the first epoch."""

    def epoch(self, record: Any) -> None:
        """After each epoch."""

    def close(self) -> None:
        """After the last one, whatever ended it."""


class Silent:
    """Shows nothing."""

    def start(self, max_epochs: int, unit: str) -> None:
        """Nothing."""

    def epoch(self, record: Any) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Lines:
    """A line at the first epoch, then one at most every two seconds, and one at the end."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._write, self._clock = write, clock
        self._last: Any = None
        self._told = -1

    def start(self, max_epochs: int, unit: str) -> None:
        """Remember the limit."""
        self._limit, self._unit, self._next = max_epochs, unit, self._clock()

    def epoch(self, record: Any) -> None:
        """Write a line if it is time."""
        self._last = record
        if self._clock() >= self._next:
            self._line()
            self._next = self._clock() + SECONDS_BETWEEN_LINES

    def close(self) -> None:
        """Write the last epoch."""
        if self._last is not None and self._told != self._last.number:
            self._line()

    def _line(self) -> None:
        record = self._last
        self._told = record.number
        checked = "" if record.validation_loss is None else f", validation loss {short(record.validation_loss)}"
        self._write(f"{self._unit} {record.number} of at most {self._limit}: loss {short(record.loss)}{checked}")


class Live:
    """A display that redraws itself: epoch, time, losses and their curves."""

    def __init__(self) -> None:
        from rich.live import Live as Display

        self._console = console(stderr=True)
        self._symbols = symbols_of(self._console)
        self._limit, self._unit, self._began = 1, "epoch", time.monotonic()
        self._training: list[float | None] = []
        self._validation: list[float | None] = []
        self._display = Display(
            console=self._console, get_renderable=self._picture, refresh_per_second=8, transient=True
        )

    def start(self, max_epochs: int, unit: str) -> None:
        """Begin to draw."""
        self._limit, self._unit, self._began = max_epochs, unit, time.monotonic()
        self._display.start()

    def epoch(self, record: Any) -> None:
        """Keep the losses; drawing happens at its own pace."""
        if not self._training:
            self._began = time.monotonic() - record.seconds
        self._training.append(record.loss)
        if record.validation_loss is not None:
            self._validation.append(record.validation_loss)

    def close(self) -> None:
        """Remove the display."""
        self._display.stop()

    def _picture(self) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        done, elapsed = len(self._training), time.monotonic() - self._began
        page = Table.grid(padding=(0, 2, 0, 0))
        if not done:
            page.add_row(f"choosing the settings {duration(elapsed)}")
            return page
        left = elapsed / done * (self._limit - done)
        bar = ProgressBar(total=self._limit, completed=done, width=40)
        page.add_row(f"{self._unit} {done} of at most {self._limit}", f"at most {duration(left)} left", bar)
        for name, values, picture in curve_rows(tuple(self._training), tuple(self._validation), self._symbols):
            page.add_row(name, values, picture)
        return page


def watcher(shown: bool, write: Callable[[str], None]) -> Watcher:
    """The watcher that suits where stderr leads."""
    if not shown:
        return Silent()
    return Live() if console(stderr=True).is_terminal else Lines(write)
