"""Who may speak to the local server: this machine's own browser page, and nobody else.

A server on the loopback address is reachable from every page the user's browser shows: by DNS rebinding (a foreign name that
resolves to 127.0.0.1), by requests across sites, and from other local servers. Every request, whatever its method, WebSocket
handshakes included, passes the same allow-lists (checks of some methods only, and deny-lists, are how others were broken into).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.websockets import WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost")
# The origins a notebook on this machine may have; its port is not known beforehand.
NOTEBOOKS = "http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:*"
SAME = ("same-origin", "none")
# Not a redirect: after one from another site's link the browser would keep a SameSite=Strict cookie to itself.
ENTRANCE = (
    '<!doctype html><html lang="en"><title>chainrule playground</title><link rel="icon" href="/icon.svg">'
    '<meta http-equiv="refresh" content="0;url=/">'
    '<p><a href="/">To the playground</a></p></html>'
)


@dataclass
class Keys:
    """Tokens of addresses not yet opened, and the secret that every opened page carries in its cookie.

    A token lets one browser in, once; then the next one is made, for another browser (`next_token`, told to `told`).
    """

    port: int
    told: Callable[[str], None] = lambda _: None
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    tokens: list[str] = field(default_factory=list, repr=False)

    @property
    def cookie(self) -> str:
        """Cookies know no ports: two playgrounds side by side need two names."""
        return f"chainrule-{self.port}"

    def token(self) -> str:
        """Make another token of 256 random bits."""
        self.tokens.append(secrets.token_urlsafe(32))
        return self.tokens[-1]

    def exchange(self, offered: str) -> bool:
        """Use a token up; whether it was one. Compared in constant time."""
        fits = [hmac.compare_digest(token.encode(), offered.encode()) for token in self.tokens]
        if not any(fits):
            return False
        del self.tokens[fits.index(True)]
        self.told(self.token())
        return True

    def known(self, connection: HTTPConnection) -> bool:
        """Whether the page has been let in."""
        return hmac.compare_digest(connection.cookies.get(self.cookie, "").encode(), self.secret.encode())


def refused(scope: Scope, port: int) -> tuple[int, str] | None:
    """Status and reason why a request of this scope is not answered; None if its headers are in order.

    Parameters
    ----------
    scope : dict
        ASGI scope, `http` or `websocket`.
    port : int
        Port of this server.
    """
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    if len(hosts) != 1 or hosts[0] not in [f"{name}:{port}" for name in NAMES]:
        return 403, f"This server answers to 127.0.0.1:{port} and localhost:{port} only."
    for name in ("origin", "sec-fetch-site", "content-length", "cookie"):
        if len(headers.getlist(name)) > 1:
            return 400, f"More than one header {name}."
    if "content-length" in headers and "transfer-encoding" in headers:
        return 400, "Content-Length and Transfer-Encoding in one request."
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        return 413, "No page of this server takes a body."
    return _foreign(headers, f"http://{hosts[0]}", scope)


def _foreign(headers: Headers, own: str, scope: Scope) -> tuple[int, str] | None:
    """The refusal of a request that another site caused."""
    origin = headers.get("origin")
    if origin is None and (scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")):
        return 403, "Requests of this kind need an Origin."
    if origin not in (None, own):
        return 403, "Another site's page may not ask this server."
    # Whoever knows a token may have it in a link or a notebook's frame.
    invited = scope["type"] == "http" and scope["path"] == "/" and b"token=" in scope["query_string"]
    if not invited and headers.get("sec-fetch-site", "none") not in SAME:
        return 403, "Another site's page may not ask this server."
    referer = headers.get("referer")
    if not invited and referer is not None and referer != own and not referer.startswith(own + "/"):
        return 403, "Another site's page may not ask this server."
    if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
        return 405, "GET or HEAD."
    return None


def headers_of(port: int, framed: bool) -> dict[str, str]:
    """Headers of every answer: what the page may load (itself), and that nothing else may frame, read or guess at it."""
    sockets = " ".join(f"ws://{name}:{port}" for name in NAMES)
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "connect-src": f"'self' {sockets}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": NOTEBOOKS if framed else "'none'",
    }
    plain = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    return plain if framed else {**plain, "X-Frame-Options": "DENY"}


def _refusal(text: str, status: int = 403) -> Response:
    # Connections are few: a stranger keeps none.
    return PlainTextResponse(text + "\n", status, {"Connection": "close"})


@dataclass
class Guard:
    """ASGI middleware before everything else: headers in order, then the cookie; the token is exchanged for it here.

    Parameters
    ----------
    app : ASGI application
    keys : Keys
    framed : bool
        A notebook on this machine may show the page in a frame.
    """

    app: ASGIApp
    keys: Keys
    framed: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        answer = self._answer(scope)
        if answer is None:
            await self.app(scope, receive, self._dressed(send))
        elif scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(answer)
        else:
            await answer(scope, receive, self._dressed(send))

    def _answer(self, scope: Scope) -> Response | None:
        reason = refused(scope, self.keys.port)
        if reason is not None:
            return _refusal(reason[1], reason[0])
        connection = HTTPConnection(scope)
        offered = connection.query_params.get("token")
        if scope["type"] == "http" and scope["path"] == "/" and offered is not None:
            return self._let_in(connection, offered)
        if self.keys.known(connection):
            return None
        return _refusal("Open the address that the playground printed: it carries a token for one browser.")

    def _let_in(self, connection: HTTPConnection, offered: str) -> Response:
        # Whoever is in already keeps the token for somebody else.
        if not self.keys.known(connection) and not self.keys.exchange(offered):
            return _refusal(
                "This address has been used or is not ours. The terminal shows the one for another browser."
            )
        answer = HTMLResponse(ENTRANCE)
        answer.set_cookie(self.keys.cookie, self.keys.secret, httponly=True, samesite="strict", path="/")
        return answer

    def _dressed(self, send: Send) -> Send:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers_of(self.keys.port, self.framed))
            await send(message)

        return dressed
