"""What a person does and sees on the playground's page, for the journeys."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.playground_page import Seen, opened

LONGEST = 15.0


@contextlib.contextmanager
def journey(browser: Any, server: Any = None, address: str = "", start: Any = None, **context: Any) -> Iterator[Seen]:
    """A page that has shown its first numbers; in the end nothing may have complained."""
    with opened(browser, start, server, address, **context) as found:
        page = found.page
        page.set_default_timeout(1000 * LONGEST)
        refused: list[str] = []
        page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
        wait(page, "document.querySelector('[data-number=train]').textContent !== '–'")
        yield found
        assert found.errors == [], "; ".join([*found.errors, *refused])
        found.check()


def number(page: Any, name: str) -> float:
    """A number of the read-out."""
    text = page.locator(f"[data-number={name}]").inner_text()
    return float(re.sub(r"\s", "", text).replace("−", "-").replace("–", "nan"))


def source(page: Any, name: str) -> None:
    """Choose where the data come from."""
    page.get_by_role("radio", name=name, exact=True).check()


def control(page: Any, field: str) -> Any:
    return page.locator(f".control[data-field='{field}']")


def wait(page: Any, expression: str) -> None:
    """Wait until an expression of the page holds; the page's policy forbids that it looks itself."""
    end = time.monotonic() + LONGEST
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never came: {expression}"
        page.wait_for_timeout(30)


def until(holds: Callable[[], Any]) -> Any:
    """Wait until something is so, and give it."""
    end = time.monotonic() + LONGEST
    while not (found := holds()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.03)
    return found


def until_number(page: Any, name: str, holds: Callable[[float], bool]) -> float:
    """Wait until a number of the read-out is as said, and give it."""
    end = time.monotonic() + LONGEST
    while not holds(found := number(page, name)):
        assert time.monotonic() < end, f"{name} is {found}"
        page.wait_for_timeout(30)
    return found


def still(page: Any, name: str) -> float:
    """Wait until a number of the read-out does not change any more: the last frame may be on its way."""
    before = None
    while (found := number(page, name)) != before:
        before = found
        page.wait_for_timeout(500)
    return found


def click(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()
