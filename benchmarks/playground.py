"""How fast does the playground learn while its page draws, and how soon does it show one's own data? In headless Chromium.

The default network on the default circle, at full speed. A frame counts when the page says that it has drawn it; epochs are the
server's. TensorFlow Playground computes one epoch for each frame of the browser, at most 60 a second. Own data: from the drop of
a CSV file of 1,000 rows and 10 columns of numbers (the last one is learned) on the page to the first frame drawn after an epoch.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import statistics
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from store import save, verdict

EPOCHS, FRAMES, SECONDS = 1000, 30, 3.0
ROWS, COLUMNS = 1000, 10
SIZE = {"width": 1400, "height": 1000}
DROP = """text => {
  const given = new DataTransfer();
  given.items.add(new File([text], "own.csv", { type: "text/csv" }));
  dispatchEvent(new DragEvent("drop", { dataTransfer: given, cancelable: true }));
}"""


@dataclass
class Watched:
    """A page, and what went over its socket.

    Parameters
    ----------
    page : playwright page
    runner : Runner
        Its session at work.
    drawn : int
        Frames that it has drawn.
    trained : float or None
        When it had drawn the first one after an epoch.
    """

    page: Any
    runner: Any = None
    drawn: int = 0
    trained: float | None = None
    _epoch: int = 0

    def sent(self, message: str | bytes) -> None:
        """The page's own messages."""
        if '"drawn"' in str(message):
            self.drawn += 1
            if self._epoch and self.trained is None:
                self.trained = time.perf_counter()

    def received(self, message: str | bytes) -> None:
        """Frames come packed, their description first."""
        if isinstance(message, bytes) and self.trained is None:
            (length,) = struct.unpack_from("<I", message, 4)
            header = json.loads(message[8 : 8 + length])
            self._epoch = header["status"]["epoch"] if header.get("live") else self._epoch


@contextlib.contextmanager
def watched(browser: Any) -> Iterator[Watched]:
    """A page of a server of its own, which has drawn its first frame."""
    from chainrule.playground.server.launch import Server

    server = Server(port=0)
    server.begin()
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()
    found = Watched(page)

    def watch(socket: Any) -> None:
        socket.on("framesent", found.sent)
        socket.on("framereceived", found.received)

    page.on("websocket", watch)
    page.goto(server.invitation())
    page.wait_for_url(server.address + "*")
    while not found.drawn:
        page.wait_for_timeout(100)
    (found.runner,) = server._playground.runners
    yield found
    context.close()
    server.stop()


def rates(browser: Any, seconds: float) -> dict[str, float]:
    """Rates of one page over that time, after a second of warming up."""
    with watched(browser) as one:
        one.page.keyboard.press("Space")
        one.page.wait_for_timeout(1000)
        epoch, frames, start = one.runner._session.status()["epoch"], one.drawn, time.perf_counter()
        one.page.wait_for_timeout(1000 * seconds)
        taken = time.perf_counter() - start
        return {
            "epochs": (one.runner._session.status()["epoch"] - epoch) / taken,
            "frames": (one.drawn - frames) / taken,
        }


def table() -> str:
    """A CSV file of numbers, whose last column follows from the others."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, COLUMNS - 1))
    y = np.tanh(X[:, 0] - X[:, 1]) + 0.1 * rng.standard_normal(ROWS)
    lines = [",".join(f"c{place}" for place in range(COLUMNS))]
    lines += [",".join(f"{value:.6f}" for value in row) for row in np.column_stack([X, y])]
    return "\n".join(lines) + "\n"


def own_data(browser: Any) -> float:
    """Seconds from the drop of a file to the first trained frame, started as soon as the page shows the rows."""
    with watched(browser) as one:
        text = table()
        start = time.perf_counter()
        one.page.evaluate(DROP, text)
        while one.runner._session.data.rows != ROWS:
            one.page.wait_for_timeout(5)
        one.page.keyboard.press("Space")
        while one.trained is None:
            one.page.wait_for_timeout(5)
        return one.trained - start


def main() -> None:
    """Measure and save."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        rounds = [
            rates(browser, options.seconds) | {"own_data_seconds": own_data(browser)} for _ in range(options.rounds)
        ]
        browser.close()
    for one in rounds:
        print(
            f"{one['epochs']:10.0f} epochs/s  {one['frames']:6.1f} frames/s  {one['own_data_seconds']:6.2f} s to own data"
        )
    epochs, frames, own = (
        statistics.median(one[name] for one in rounds) for name in ("epochs", "frames", "own_data_seconds")
    )
    told = f"playground: seconds from dropping {ROWS:,} rows x {COLUMNS} columns to the first trained frame"
    targets = [
        verdict("playground: epochs per second while the page draws", f">= {EPOCHS}", epochs, epochs >= EPOCHS),
        verdict("playground: frames per second meanwhile", f">= {FRAMES}", frames, frames >= FRAMES),
        verdict(told, f"< {SECONDS:g}", own, own < SECONDS),
    ]
    save("playground", {"targets": targets, "rounds": rounds})


if __name__ == "__main__":
    main()
