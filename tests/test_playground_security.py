"""Hostile requests to the playground's server: every one is refused, whatever its method, and the server goes on."""

from __future__ import annotations

import contextlib
import logging
import socket
import time

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("starlette")
pytest.importorskip("websockets")

from chainrule.playground.server import connections
from chainrule.playground.server.messages import read_binary, read_text
from chainrule.playground.server.static import pages
from tests.playground_server import UPGRADE, answer, ask, let_in, raw, serving

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "NONSENSE")


@pytest.fixture(scope="module")
def cookie(server):
    return let_in(server)


def hosts(port: int) -> list[str]:
    return [
        "evil.com",
        f"evil.com:{port}",
        f"127.0.0.1.evil.com:{port}",
        f"127.0.0.1:{port}.evil.com",
        "127.0.0.1",
        "localhost",
        f"127.0.0.1:{port + 1}",
        f"[::1]:{port}",
        f"localhost.:{port}",
        f"127.0.0.1.:{port}",
        f"0.0.0.0:{port}",
        f"127.1:{port}",
        f"2130706433:{port}",
        f"LOCALHOST:{port}@evil.com",
        f"user@127.0.0.1:{port}",
        "",
    ]


@pytest.mark.parametrize("method", METHODS)
def test_foreign_host_is_refused(server, cookie, method):
    for host in hosts(server.port):
        found = ask(server, "/", method, host=host, **cookie)
        assert found.status in (400, 403), host
        assert b"<html" not in found.body


def test_foreign_host_is_refused_on_the_socket(server, cookie):
    for host in hosts(server.port):
        origin = f"http://{host}"
        assert ask(server, "/live", host=host, origin=origin, **UPGRADE, **cookie).status in (400, 403), host


def test_no_host_and_two_hosts(server, cookie):
    port, line = server.port, f"cookie: {cookie['cookie']}\r\n"
    for head in ("", f"host: 127.0.0.1:{port}\r\nhost: evil.com\r\n", f"host: evil.com\r\nhost: 127.0.0.1:{port}\r\n"):
        assert answer(raw(port, f"GET / HTTP/1.1\r\n{head}{line}connection: close\r\n\r\n".encode())).status in (
            400,
            403,
        )
    assert answer(raw(port, f"GET / HTTP/1.0\r\n{line}\r\n".encode())).status in (400, 403)


def origins(port: int) -> list[str]:
    return [
        "null",
        "http://evil.com",
        f"http://localhost:{port + 1}",
        f"https://127.0.0.1:{port}",
        f"http://127.0.0.1:{port}.evil.com",
        "file://",
        "",
    ]


@pytest.mark.parametrize("method", METHODS)
def test_foreign_origin_is_refused(server, cookie, method):
    for origin in origins(server.port):
        assert ask(server, "/", method, origin=origin, **cookie).status in (400, 403), origin


def test_foreign_origin_is_refused_on_the_socket(server, cookie):
    for origin in [*origins(server.port), None]:
        assert ask(server, "/live", origin=origin, **UPGRADE, **cookie).status == 403, origin


@pytest.mark.parametrize("site", ["cross-site", "same-site", "something"])
def test_requests_that_another_site_caused_are_refused(server, cookie, site):
    assert ask(server, "/", sec_fetch_site=site, **cookie).status == 403
    assert ask(server, "/main.js", sec_fetch_site=site, **cookie).status == 403
    assert (
        ask(server, "/live", sec_fetch_site=site, origin=f"http://127.0.0.1:{server.port}", **UPGRADE, **cookie).status
        == 403
    )


@pytest.mark.parametrize("page", ["http://evil.com/", "http://127.0.0.1:{other}/", "http://127.0.0.1:{port}.evil.com/"])
def test_foreign_referer_is_refused(server, cookie, page):
    text = page.format(port=server.port, other=server.port + 1)
    assert ask(server, "/", referer=text, **cookie).status == 403


@pytest.mark.parametrize("method", [method for method in METHODS if method not in ("GET", "HEAD", "CONNECT")])
def test_only_reading_methods(server, cookie, method):
    own = f"http://127.0.0.1:{server.port}"
    assert ask(server, "/", method, origin=own, **cookie).status in (405, 400)
    assert ask(server, "/", method, **cookie).status in (403, 400)


def test_without_the_cookie_nothing_is_served(server):
    for path in ("/", "/main.js", "/style.css", "/nothing"):
        found = ask(server, path)
        assert found.status == 403
        assert b"token" in found.body
    assert ask(server, "/live", origin=f"http://127.0.0.1:{server.port}", **UPGRADE).status == 403
    wrong = {"cookie": f"{server.keys.cookie}=wrong"}
    assert ask(server, "/", **wrong).status == 403
    assert ask(server, "/", cookie=f"{server.keys.cookie}=").status == 403


def test_a_token_lets_one_browser_in(server):
    token = server.keys.token()
    for wrong in ("", "x", token[:-1], token + "x", token.swapcase(), "é"):
        assert ask(server, f"/?token={wrong}").status in (400, 403), wrong
    first = ask(server, f"/?token={token}")
    assert first.status == 200
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "samesite=strict" in first.headers["set-cookie"].lower()
    assert token not in first.body.decode()
    assert ask(server, f"/?token={token}").status == 403
    assert (
        ask(server, f"/?token={token}", cookie=f"{server.keys.cookie}={first.cookies[server.keys.cookie]}").status
        == 200
    )


def test_tokens_are_long_and_differ(server):
    found = {server.keys.token() for _ in range(100)}
    assert len(found) == 100
    assert min(map(len, found)) >= 43  # 256 bits in base64


def test_a_used_token_is_followed_by_another():
    told = []
    with serving(told=told.append) as server:
        let_in(server)
        assert len(told) == 1
        assert ask(server, told[0].removeprefix(f"http://127.0.0.1:{server.port}")).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../server.py",
        "/..%2fserver.py",
        "/%2e%2e/server.py",
        "/..\\server.py",
        "/draw/../../server.py",
        "//etc/passwd",
        "/etc/passwd",
        "/\\\\host\\share\\x",
        "/C:\\x",
        "/main.js%00.html",
        "/main.js/",
        "/.",
        "/index.html/..",
        "/page/main.js",
        "/MAIN.JS",
        "file:///etc/passwd",
        "/%",
        "/" + "a" * 3000,
    ],
)
def test_paths_lead_nowhere_else(server, cookie, path):
    found = ask(server, path, **cookie)
    assert found.status in (400, 404)
    assert b"import" not in found.body
    assert b"root:" not in found.body


def test_every_file_of_the_page_is_served_with_its_type(server, cookie):
    for path, page in pages().items():
        found = ask(server, path, **cookie)
        assert (found.status, found.headers["content-type"]) == (200, page.kind)
        assert found.body == page.content


def test_every_answer_is_dressed(server, cookie):
    for path, given in (("/", cookie), ("/main.js", cookie), ("/nothing", cookie), ("/", {})):
        headers = ask(server, path, **given).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert not {"server", "access-control-allow-origin"} & set(headers)


def test_bodies_are_not_taken(server, cookie):
    port = server.port
    head = f"POST / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\norigin: http://127.0.0.1:{port}\r\ncookie: {cookie['cookie']}\r\n"
    assert answer(raw(port, f"{head}content-length: 1000000000000\r\n\r\n".encode(), 2)).status == 413
    assert answer(raw(port, f"{head}transfer-encoding: chunked\r\n\r\nfffffff\r\n".encode(), 2)).status == 413
    both = (
        f"{head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /main.js HTTP/1.1\r\n\r\n".encode()
    )
    found = raw(port, both, 2)
    assert answer(found).status == 400
    assert found.count(b"HTTP/1.1 ") == 1  # what was smuggled behind it is not answered
    for lie in ("-1", "4, 5", "abc", "4\r\ncontent-length: 5"):
        assert answer(raw(port, f"{head}content-length: {lie}\r\n\r\nabcd".encode(), 2)).status in (400, 413), lie


def test_header_bombs(server, cookie):
    port = server.port
    for bomb in (f"x: {'a' * 200_000}\r\n", "".join(f"x{i}: a\r\n" for i in range(20_000))):
        data = f"GET / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{bomb}\r\n".encode()
        assert answer(raw(port, data, 2)).status in (0, 400, 403, 431)
    assert ask(server, "/", **cookie).status == 200


def test_pipelined_requests_are_each_judged(server, cookie):
    port = server.port
    good = f"GET /main.js HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncookie: {cookie['cookie']}\r\n\r\n"
    bad = f"GET /main.js HTTP/1.1\r\nhost: evil.com\r\ncookie: {cookie['cookie']}\r\n\r\n"
    found = raw(port, (good + bad + good).encode(), 2)
    assert found.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 403" in found


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"\r\n" * 10_000,
        b"GET\r\n\r\n",
        b"\x00" * 5000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_rubbish(server, cookie, rubbish):
    assert answer(raw(server.port, rubbish, 1)).status in (0, 400, 403)
    assert ask(server, "/", **cookie).status == 200


def test_slow_heads_are_given_up(monkeypatch):
    monkeypatch.setattr(connections, "PATIENCE", 0.3)
    with serving() as server, socket.create_connection(("127.0.0.1", server.port), 5) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        started = time.monotonic()
        assert slow.recv(1000) == b""
        assert time.monotonic() - started < 4


def test_slow_second_heads_are_given_up(monkeypatch):
    monkeypatch.setattr(connections, "PATIENCE", 0.5)
    with serving() as server:
        cookie = let_in(server)["cookie"]
        with socket.create_connection(("127.0.0.1", server.port), 5) as slow:
            slow.sendall(f"GET /nothing HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\ncookie: {cookie}\r\n\r\n".encode())
            found = b""
            while not found.endswith(b"no such page.\n"):
                found += slow.recv(1000)
            assert answer(found).status == 404
            slow.sendall(b"GET / HTTP/1.1\r\n")
            assert slow.recv(1000) == b""


def test_connections_with_requests_are_kept(monkeypatch):
    monkeypatch.setattr(connections, "PATIENCE", 0.5)
    with serving() as server:
        cookie = let_in(server)["cookie"]
        request = f"GET /nothing HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\ncookie: {cookie}\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", server.port), 5) as quick:
            for _ in range(4):
                quick.sendall(request)
                found = b""
                while not found.endswith(b"no such page.\n"):
                    piece = quick.recv(1000)
                    assert piece, "closed between two requests"
                    found += piece
                time.sleep(0.2)


@pytest.mark.parametrize("path", ["/", "/?token=wrong", "/main.js"])
def test_strangers_keep_no_connection(server, path):
    found = raw(server.port, f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n\r\n".encode(), 2)
    assert answer(found).status == 403
    assert answer(found).headers["connection"] == "close"
    # Until it is closed, well before the server would tire of waiting.
    with socket.create_connection(("127.0.0.1", server.port), 2) as stranger:
        stranger.sendall(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        while stranger.recv(1000):
            pass


def test_many_connections(monkeypatch):
    with serving() as server, contextlib.ExitStack() as stack:
        for _ in range(connections.MOST_CONNECTIONS + 40):
            with contextlib.suppress(OSError):
                stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 1))
        time.sleep(0.3)
        assert len(server._server.server_state.connections) <= connections.MOST_CONNECTIONS
        stack.close()
        time.sleep(0.3)
        assert ask(server, "/", **let_in(server)).status == 200


def test_only_the_loopback_address(server):
    assert server._socket.getsockname()[0] == "127.0.0.1"


def test_nothing_secret_is_logged(caplog):
    with caplog.at_level(logging.DEBUG), serving() as server:
        token = server.keys.token()
        ask(server, f"/?token={token}")
        ask(server, "/", cookie=f"{server.keys.cookie}={server.keys.secret}")
    assert token not in caplog.text
    assert server.keys.secret not in caplog.text
    assert server.keys.secret not in repr(server.keys)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "null",
        "1",
        '{"do": 1}',
        '{"do": "open", "id": "1"}',
        '{"do": "open", "id": 1.5}',
        '{"do": "open", "with": []}',
        '{"do": "open", "with": {"x": NaN}}',
        '{"do": "open", "with": {"x": Infinity}}',
        "[" * 200_000,
        '{"a":' * 100_000,
        '{"do": "open", "id": ' + "9" * 10_000 + "}",
        '"' + "a" * 3_000_000,
    ],
)
def test_hostile_messages_are_value_errors(text):
    with pytest.raises(ValueError, match=r"message|expects|digits|characters"):
        read_text(text)


@pytest.mark.parametrize(
    "message",
    [b"", b"\x01", b"\xff\xff\xff\xff{}", b"\x00\x00\x00\x00", b"\x02\x00\x00\x00\xff\xff", b"\x03\x00\x00\x00{}"],
)
def test_hostile_files_are_value_errors(message):
    with pytest.raises(ValueError, match="description"):
        read_binary(message)
