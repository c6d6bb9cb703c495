"""The local server: the page's files, and one WebSocket for each session at work.

There is nothing to post: everything that a page wishes goes through its socket, and closing it ends the work.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from chainrule.playground.server.messages import read_binary, read_text
from chainrule.playground.server.runner import Runner, Start
from chainrule.playground.server.security import Guard, Keys
from chainrule.playground.server.static import Page, pages

# Sessions at work at the same time: four side by side on two pages.
MOST_RUNNERS = 8
# Wishes of a page that may wait.
MOST_WAITING = 256
# Seconds a runner is given to end when the server does.
PATIENCE = 5.0


@dataclass
class Playground:
    """What the server serves.

    Parameters
    ----------
    start : Start
        What a new page is given.
    files : dict of str to Page
    runners : set of Runner
        At work.
    """

    start: Start = field(default_factory=Start)
    files: dict[str, Page] = field(default_factory=pages)
    runners: set[Runner] = field(default_factory=set)

    async def file(self, request: HTTPRequest) -> Response:
        """A file of the page, by its exact address."""
        page = self.files.get(request.scope["path"])
        if page is None:
            return PlainTextResponse("There is no such page.\n", 404)
        return Response(page.content, media_type=page.kind)

    async def live(self, socket: WebSocket) -> None:
        """A session for as long as the socket is open."""
        if len(self.runners) >= MOST_RUNNERS:
            text = f"{MOST_RUNNERS} sessions are at work; close a page and try again.\n"
            await socket.send_denial_response(PlainTextResponse(text, 429))
            return
        loop, outbox = asyncio.get_running_loop(), asyncio.Queue[str | bytes]()

        def send(message: str | bytes) -> None:
            # The loop may have ended before the runner has.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(outbox.put_nowait, message)

        runner = Runner(self.start, send)
        self.runners.add(runner)
        writing = None
        try:
            await socket.accept()
            runner.start()
            writing = asyncio.create_task(_write(socket, outbox))
            await _read(socket, runner, outbox)
        finally:
            runner.close()
            self.runners.discard(runner)
            if writing is not None:
                writing.cancel()

    def close(self) -> None:
        """End all sessions."""
        runners = list(self.runners)
        for runner in runners:
            runner.close()
        for runner in runners:
            runner.join(PATIENCE)


async def _write(socket: WebSocket, outbox: asyncio.Queue[str | bytes]) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            message = await outbox.get()
            await (socket.send_text(message) if isinstance(message, str) else socket.send_bytes(message))


async def _read(socket: WebSocket, runner: Runner, outbox: asyncio.Queue[str | bytes]) -> None:
    while True:
        message = await socket.receive()
        if message["type"] != "websocket.receive":
            return
        try:
            text = message.get("text")
            request = read_text(text) if text is not None else read_binary(message["bytes"])
            if runner.waiting >= MOST_WAITING:
                raise ValueError(f"{MOST_WAITING} wishes are waiting; this one was not taken.")
        except ValueError as error:
            outbox.put_nowait(_refusal(str(error)))
        else:
            runner.ask(request)


def _refusal(text: str) -> str:
    from json import dumps

    return dumps({"id": None, "error": {"kind": "message", "text": text, "field": None}})


def application(playground: Playground, keys: Keys, framed: bool = False) -> Guard:
    """The ASGI application, its guard before it."""
    routes = [WebSocketRoute("/live", playground.live), Route("/{path:path}", playground.file)]
    return Guard(Starlette(routes=routes), keys, framed)
