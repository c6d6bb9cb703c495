"""The playground's page in a real browser, watched: nothing on its console, no request to anywhere else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the playground's server is not installed")

from chainrule.playground.server.launch import Server
from chainrule.playground.server.runner import Start
from tests.playground_server import serving

SECONDS = 20_000


@dataclass
class Seen:
    """A page, and what it should not have done."""

    page: Any
    server: Server
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Nothing complained, nothing was asked of anybody else."""
        assert self.errors == []
        assert self.elsewhere == []


@contextlib.contextmanager
def opened(
    browser: Any, start: Start | None = None, server: Server | None = None, address: str = "", **context: Any
) -> Iterator[Seen]:
    """A page of a playground, ready when it has drawn its first frame.

    Parameters
    ----------
    browser
        Of `tests.chromium`.
    start : Start, optional
        What the page is given.
    server : Server, optional
        One that runs already; otherwise the page has its own.
    address : str
        What stands behind the token's page, such as ``#v=1&data=xor``.
    **context
        Of playwright's `new_context`: viewport, color_scheme, reduced_motion, ...
    """
    given = {"viewport": {"width": 1400, "height": 1000}, "accept_downloads": True, **context}
    with serving(start) if server is None else contextlib.nullcontext(server) as running:
        within = browser.new_context(**given)
        within.set_default_timeout(SECONDS)
        page = within.new_page()
        seen = Seen(page, running)
        page.on("console", lambda said: seen.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        own = (f"http://127.0.0.1:{running.port}/", f"ws://127.0.0.1:{running.port}/", "blob:", "data:")
        page.on("request", lambda sent: None if sent.url.startswith(own) else seen.elsewhere.append(sent.url))
        page.on("websocket", lambda line: None if line.url.startswith(own) else seen.elsewhere.append(line.url))
        page.goto(running.invitation())
        # Not the invitation any more, whose address begins like the page's.
        page.wait_for_url(lambda url: url.startswith(running.address) and "token=" not in url)
        if address:
            # From another page: a change of what stands behind the # alone would load nothing.
            page.goto("about:blank")
            page.goto(running.address + address)
        page.wait_for_selector("body[data-ready]")
        yield seen
        within.close()


def picture(page: Any, name: str, folder: Path | None) -> None:
    """Keep a screenshot where somebody wants to look at it."""
    if folder is not None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)
