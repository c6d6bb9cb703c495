"""What journeys through the playground's pictures share: waiting, reading numbers, looking at canvases."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.playground_journeys import journey, still, until, until_number

# Text of a number as the page writes it.
NUMBER = r"[−-]?\d+(?:\.\d+)?(?:e[−-]?\d+)?"


@contextlib.contextmanager
def visiting(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens pages, each with a server of its own; at the end none may have complained."""
    with contextlib.ExitStack() as stack:

        def go(address: str = "", **given: Any) -> Any:
            seen = stack.enter_context(journey(browser, None, address, **given))
            until(lambda: shown(seen.page))
            return seen.page

        yield go


def shown(page: Any) -> bool:
    """Whether the first frame has been drawn."""
    return page.locator(".tile-value").first.inner_text() != "–" and page.locator(".node, .picture canvas").count() > 2


def plain(text: str) -> float:
    return float(text.replace("−", "-").replace("\u202f", ""))


def numbers(text: str) -> list[float]:
    return [plain(found) for found in re.findall(NUMBER, text)]


def play(page: Any, epochs: int = 40) -> None:
    """Train for at least that many epochs, then pause."""
    page.get_by_role("button", name="Play", exact=True).first.click()
    until_number(page, "epoch", lambda n: n >= epochs)
    page.get_by_role("button", name="Pause", exact=True).first.click()
    until(lambda: page.get_by_role("button", name="Play", exact=True).first.is_visible())
    still(page, "epoch")


def view(page: Any, name: str) -> Any:
    page.get_by_role("tab", name=name, exact=True).click()
    return page.get_by_role("tabpanel", name=name, exact=True)


def canvas(page: Any, label: str) -> Any:
    return page.locator(f"canvas[aria-label^='{label}']")


def colours(picture: Any) -> int:
    """How many colours a canvas has: one or two if nothing is drawn."""
    return picture.evaluate(
        "(c) => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
    )
