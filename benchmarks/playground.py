"""How fast does the playground learn while its page draws? Epochs and drawn frames a second, counted in headless Chromium.

The default network on the default circle, at full speed. A frame counts when the page says that it has drawn it; epochs are the
server's. TensorFlow Playground computes one epoch for each frame of the browser, at most 60 a second.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from typing import Any

from store import save, verdict

EPOCHS, FRAMES = 1000, 30
SIZE = {"width": 1400, "height": 1000}


def measure(browser: Any, seconds: float) -> dict[str, float]:
    """Rates of one page over that time, after a second of warming up."""
    from chainrule.playground.server.launch import Server

    server = Server(port=0)
    server.begin()
    drawn = [0]
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()

    def watch(socket: Any) -> None:
        socket.on("framesent", lambda sent: drawn.__setitem__(0, drawn[0] + ('"drawn"' in str(sent))))

    page.on("websocket", watch)
    page.goto(server.invitation())
    page.wait_for_url(server.address + "*")
    while not drawn[0]:
        page.wait_for_timeout(100)
    (runner,) = server._playground.runners
    page.keyboard.press("Space")
    page.wait_for_timeout(1000)
    epoch, frames, start = runner._session.status()["epoch"], drawn[0], time.perf_counter()
    page.wait_for_timeout(1000 * seconds)
    taken = time.perf_counter() - start
    found = {"epochs": (runner._session.status()["epoch"] - epoch) / taken, "frames": (drawn[0] - frames) / taken}
    context.close()
    server.stop()
    return found


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
        rounds = [measure(browser, options.seconds) for _ in range(options.rounds)]
        browser.close()
    for one in rounds:
        print(f"{one['epochs']:10.0f} epochs/s  {one['frames']:6.1f} frames/s")
    epochs, frames = (statistics.median(one[name] for one in rounds) for name in ("epochs", "frames"))
    targets = [
        verdict("playground: epochs per second while the page draws", f">= {EPOCHS}", epochs, epochs >= EPOCHS),
        verdict("playground: frames per second meanwhile", f">= {FRAMES}", frames, frames >= FRAMES),
    ]
    save("playground", {"targets": targets, "rounds": rounds})


if __name__ == "__main__":
    main()
