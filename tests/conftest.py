"""Shared by all tests: the engines installed here, and the folder of real tables where there is one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from chainrule.engines import ENGINES


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c():
    """What a shell starts in the background ignores Ctrl-C, and so would these tests and the programs they start."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=list(ENGINES))
def engine(request):
    """Every engine, one after the other."""
    return ENGINES[request.param]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real tables; tests that use it skip where it is absent."""
    folder = os.environ.get("CHAINRULE_DATA")
    if not folder:
        pytest.skip("CHAINRULE_DATA is not set: no folder of real tables")
    return Path(folder)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# What the journeys through the playground's page share; imported only where they run, for they skip where there is no browser.


@pytest.fixture(scope="module")
def browser():
    """A browser for the tests of a file."""
    from tests.chromium import browsing

    with browsing() as found:
        yield found


@pytest.fixture(scope="module")
def server():
    """A playground that serves."""
    from tests.playground_server import serving

    with serving() as running:
        yield running


@pytest.fixture
def page(browser, server):
    """Its page, which has shown its first numbers."""
    from tests.playground_journeys import journey

    with journey(browser, server) as found:
        yield found.page


@pytest.fixture
def visit(browser):
    """Opens pages, each with a server of its own."""
    from tests.playground_views import visiting

    with visiting(browser) as go:
        yield go
