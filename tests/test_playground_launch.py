"""The playground as Python, a notebook and the command open it: its printed address, its frame, its cookie."""

from __future__ import annotations

import html
import re
import sys
import threading
import warnings
import webbrowser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_iris

pytest.importorskip("uvicorn")
pytest.importorskip("websockets")

import chainrule
from chainrule.playground.server import launch
from chainrule.playground.server.notebook import Shown, in_notebook
from chainrule.playground.server.security import NOTEBOOKS
from tests.command import run
from tests.playground_server import ask, let_in, serving
from tests.test_playground_server import line

BROWSERS = {
    "opened": lambda address: True,
    "none": lambda address: False,
    "broken": lambda address: (_ for _ in ()).throw(webbrowser.Error("no browser")),
    "missing": lambda address: (_ for _ in ()).throw(FileNotFoundError("firefox")),
}


@pytest.fixture
def iris():
    X, y = load_iris(return_X_y=True)
    with warnings.catch_warnings():
        # A few epochs: it need not converge.
        warnings.simplefilter("ignore")
        return X, y, chainrule.MLPClassifier((5,), max_iter=5, random_state=0).fit(X, y)


@pytest.fixture
def kernel(monkeypatch):
    """As in a notebook."""
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def path_of(server, text):
    """The path of the last address in a text, token and all."""
    return re.findall(rf"http://127\.0\.0\.1:{server.port}(/\?token=[\w-]+)", text)[-1]


@pytest.mark.parametrize("browser", BROWSERS)
def test_python_prints_an_address_that_opens(browser, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(launch.webbrowser, "open", lambda address: asked.append(address) or BROWSERS[browser](address))
    server = chainrule.playground()
    try:
        printed = capsys.readouterr().out
        assert len(asked) == 1
        assert asked[0] in printed
        path = path_of(server, printed)
        assert ask(server, path).status == 200
        # It is used up; the terminal has the one for another browser.
        assert ask(server, path).status == 403
        assert ask(server, path_of(server, capsys.readouterr().out)).status == 200
    finally:
        server.stop()


@pytest.mark.parametrize("browser", BROWSERS)
def test_the_command_prints_an_address_that_opens(browser, monkeypatch):
    monkeypatch.setattr(launch.webbrowser, "open", BROWSERS[browser])
    serve, statuses = launch.Server.run, []

    def run_until_asked(server):
        (token,) = server.keys.tokens
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        statuses.append((token, ask(server, f"/?token={token}").status, server.keys.tokens[-1]))
        server._server.should_exit = True
        thread.join()
        raise KeyboardInterrupt

    monkeypatch.setattr(launch.Server, "run", run_until_asked)
    found = run("play")
    assert found.exit_code == 0, found.stderr
    ((token, status, following),) = statuses
    assert (status, token != following) == (200, True)
    assert f"/?token={token}" in found.stdout
    assert f"?token={following}" in found.stderr


def test_rows_from_python(iris):
    X, y, _ = iris
    server = chainrule.playground(X, y, browser=False, setup={"data": {"task": "classification"}})
    try:
        with line(server) as page:
            opened = page.ask("open")["ok"]
            assert opened["own"] is True
            assert opened["describe"]["data"]["rows"] == 150
            assert opened["describe"]["data"]["classes"] == ["0", "1", "2"]
    finally:
        server.stop()


@pytest.mark.parametrize("with_rows", [True, False])
@pytest.mark.parametrize("way", ["method", "function"])
def test_a_model_from_python(iris, way, with_rows):
    X, y, model = iris
    rows = (X, y) if with_rows else ()
    server = (
        model.playground(*rows, browser=False)
        if way == "method"
        else chainrule.playground(*rows, model=model, browser=False)
    )
    try:
        with line(server) as page:
            described = page.ask("open")["ok"]["describe"]
            assert described["network"]["widths"] == [4, 5, 3]
            assert described["data"]["rows"] == (150 if with_rows else 500)
            assert any("without rows" in note["text"] for note in described["notes"]) is not with_rows
            page.ask("watch", wanted={"weights": True}, fps=60)
            page.receive()
            np.testing.assert_allclose(page.live[-1]["arrays"]["W0"], model.coefs_[0], rtol=1e-6)
    finally:
        server.stop()


def test_what_cannot_be_opened_is_told_at_once(iris):
    X, y, model = iris
    with pytest.raises(ValueError, match="y holds 3"):
        model.playground(X, y + 1, browser=False)
    with pytest.raises(ValueError, match="finite"):
        chainrule.playground(np.full((5, 2), np.nan), [0, 1, 0, 1, 0], browser=False)


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        (None, False),
        (SimpleNamespace(), False),
        (SimpleNamespace(kernel=None), False),
        (SimpleNamespace(kernel=object()), True),
    ],
)
def test_only_a_kernel_is_a_notebook(shell, expected, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert in_notebook() is expected


def test_without_ipython_there_is_no_notebook(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert in_notebook() is False


def test_in_a_notebook_the_value_is_a_frame(kernel, iris, monkeypatch, capsys):
    monkeypatch.setattr(launch.webbrowser, "open", lambda address: pytest.fail("no browser is opened"))
    X, y, _ = iris
    shown = chainrule.playground(X, y)
    try:
        assert isinstance(shown, Shown)
        assert capsys.readouterr().out == ""
        told = shown._repr_html_()
        frame = html.unescape(re.search(r'<iframe data-src="([^"]+)"', told)[1])
        link = html.unescape(re.search(r'<a href="([^"]+)"', told)[1])
        assert frame != link
        for address in (frame, link):
            # As a browser asks for a frame on another port's page.
            found = ask(shown, path_of(shown, address), sec_fetch_site="same-site", sec_fetch_dest="iframe")
            assert found.status == 200
        # Shown once more, it opens once more.
        assert path_of(shown, shown._repr_html_()) not in (path_of(shown, frame), path_of(shown, link))
    finally:
        shown.stop()
    assert "iframe" not in shown._repr_html_()
    assert "stopped" in shown._repr_html_()


def test_only_a_notebooks_server_may_be_framed():
    for framed in (True, False):
        with serving(framed=framed) as server:
            path = path_of(server, server.invitation())
            entrance = ask(server, path)
            page = ask(server, "/", **let_in(server))
            for found in (entrance, page):
                assert found.status == 200
                policy = found.headers["content-security-policy"]
                assert f"frame-ancestors {NOTEBOOKS if framed else chr(39) + 'none' + chr(39)}" in policy
                assert ("x-frame-options" in found.headers) is not framed
            cookie = entrance.headers["set-cookie"].lower()
            # Ports do not make another site, so that a frame on the notebook's page sends it too.
            assert "samesite=strict" in cookie
            assert "httponly" in cookie
            assert f"chainrule-{server.port}=" in cookie


@pytest.fixture(scope="module")
def browser():
    from tests.chromium import browsing

    with browsing() as found:
        yield found


def notebook(content):
    """A server with one page, as a notebook's."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(f"<!doctype html><html><body>{content}</body></html>".encode())

        def log_message(self, *_):
            pass

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    return found


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_frame_shows_the_page(browser, name):
    shown = Shown(port=0, framed=True)
    shown.begin()
    around = notebook(shown._repr_html_())
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"http://{name}:{around.server_port}/")
        page.frame_locator("iframe").locator("body[data-ready]").wait_for()
        (frame,) = (one for one in page.frames if one.parent_frame is not None)
        assert frame.url.split("#")[0] == f"http://{name}:{shown.port}/"
    finally:
        context.close()
        around.shutdown()
        around.server_close()
        shown.stop()


def test_a_frame_elsewhere_shows_nothing(browser):
    with serving() as server:
        around = notebook(f'<iframe src="{server.invitation()}"></iframe>')
        context = browser.new_context()
        try:
            page = context.new_page()
            said = []
            page.on("console", lambda message: said.append(message.text))
            page.goto(f"http://127.0.0.1:{around.server_port}/")
            until = 50
            while until and not any("frame" in text for text in said):
                page.wait_for_timeout(100)
                until -= 1
            assert any("frame-ancestors" in text or "X-Frame-Options" in text for text in said), said
            assert page.frame_locator("iframe").locator("body[data-ready]").count() == 0
        finally:
            context.close()
            around.shutdown()
            around.server_close()
