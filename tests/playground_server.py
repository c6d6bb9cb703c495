"""A playground's server for tests, and a client that says exactly what it is told to, as attackers do."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie

from chainrule.playground.server.launch import Server
from chainrule.playground.server.runner import Start


@contextlib.contextmanager
def serving(start: Start | None = None, **settings: object) -> Iterator[Server]:
    """A server on a free port, stopped afterwards."""
    server = Server(start or Start(), 0, **settings)
    server.begin()
    try:
        yield server
    finally:
        server.stop()
        assert not server.running


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    cookies: dict[str, str] = field(default_factory=dict)


def answer(data: bytes) -> Answer:
    """Take an HTTP/1.1 response apart; status 0 if there is none."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin1").split("\r\n")
    if not lines[0].startswith("HTTP/1.1 "):
        return Answer(0, {}, data)
    pairs = [line.split(": ", 1) for line in lines[1:]]
    cookies = SimpleCookie()
    for name, value in pairs:
        if name.lower() == "set-cookie":
            cookies.load(value)
    headers = {name.lower(): value for name, value in pairs}
    return Answer(int(lines[0].split()[1]), headers, body, {name: each.value for name, each in cookies.items()})


def raw(port: int, data: bytes, seconds: float = 5.0) -> bytes:
    """Send bytes and read until the server is silent or closes."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
        found = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while True:
                piece = connection.recv(65536)
                if not piece:
                    return found
                found += piece
        return found


def ask(server: Server, path: str = "/", method: str = "GET", **headers: str | None) -> Answer:
    """One request with an ordinary Host (unless `host` says otherwise; None leaves it out), closed afterwards."""
    given = {"host": f"127.0.0.1:{server.port}", "connection": "close", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in given.items() if value is not None]
    return answer(
        raw(int(server.port or 0), "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin1"))
    )


def let_in(server: Server) -> dict[str, str]:
    """The cookie header of a browser that has opened the address."""
    found = ask(server, f"/?token={server.keys.token()}")
    return {"cookie": "; ".join(f"{name}={value}" for name, value in found.cookies.items())}


UPGRADE = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec_websocket_version": "13",
    "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ==",
}
