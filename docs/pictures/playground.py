"""Takes the picture of the playground in the README: spirals, three layers, a moment of training. Needs Chromium."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from chainrule.playground.server.launch import Server
from chainrule.playground.server.runner import Start

SETUP = {
    "data": {"name": "spiral", "noise": 0.1, "train": 0.7},
    "network": {"layers": [{"units": units, "activation": "tanh"} for units in (8, 6, 4)]},
    "training": {"solver": {"name": "adam"}, "learning_rate": 0.003},
    "run": {"until": {"epochs": 1500}},
}


def main() -> None:
    """Write playground.png beside this file."""
    server = Server(Start(SETUP), 0)
    server.begin()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(server.invitation())
        page.wait_for_url(server.address + "*")
        page.wait_for_timeout(3000)
        page.keyboard.press("Space")
        page.wait_for_timeout(8000)
        taken = Image.open(BytesIO(page.screenshot()))
        # 256 colours: a third of the bytes, and no difference to see.
        taken.convert("RGB").quantize(256).save(Path(__file__).with_suffix(".png"), optimize=True)
        browser.close()
    server.stop()


if __name__ == "__main__":
    main()
