"""Starts and stops the server: a free port on the loopback address, the browser, Ctrl-C."""

from __future__ import annotations

import random
import socket
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

try:
    import starlette  # noqa: F401
    import uvicorn
    import websockets  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "The playground's page needs a server: pip install 'chainrule[play]'", name=error.name
    ) from error

from chainrule.playground.server.application import Playground, application
from chainrule.playground.server.connections import MOST_CONNECTIONS, MOST_HEAD, Impatient
from chainrule.playground.server.messages import MOST_BYTES
from chainrule.playground.server.runner import Start
from chainrule.playground.server.security import Keys

HOST = "127.0.0.1"
# Tried in this order, then some at random, then whatever the system gives.
PORTS = (8080, 8081)
RANDOM_PORTS = (15000, 25000)
TRIES = 8


def listen(port: int | None = None) -> socket.socket:
    """A socket bound to the loopback address.

    Parameters
    ----------
    port : int or None
        None finds a free one.

    Raises
    ------
    ValueError
        If that port is taken or may not be used.
    """
    if port is not None:
        try:
            return _bound(port)
        except (OSError, OverflowError) as error:
            raise ValueError(f"Port {port} cannot be used ({error}); leave it out to have a free one found.") from None
    for chosen in (*PORTS, *random.sample(range(*RANDOM_PORTS), TRIES), 0):
        try:
            return _bound(chosen)
        except OSError:
            continue
    raise ValueError(f"No port of {HOST} could be opened: no connections on this machine are allowed here.")


def _bound(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A port whose last server has just ended may be used again.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((HOST, port))
        found.listen(MOST_CONNECTIONS)
    except BaseException:
        found.close()
        raise
    return found


@dataclass
class Server:
    """A playground on its port.

    Parameters
    ----------
    start : Start
        What a new page is given.
    port : int or None
        None finds a free one.
    framed : bool
        A notebook on this machine may show the page.
    told : callable
        Told each new address, with a token for one browser, after the one before it has been used.
    """

    start: Start = field(default_factory=Start)
    port: int | None = None
    framed: bool = False
    told: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        self._socket = listen(self.port)
        self.port = int(self._socket.getsockname()[1])
        self.keys = Keys(self.port, told=lambda token: self.told(self._with(token)))
        self._playground = Playground(self.start)
        self._server = uvicorn.Server(self._config())
        self._thread: Thread | None = None

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            application(self._playground, self.keys, self.framed),
            http=Impatient,
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws_max_size=MOST_BYTES,
            ws_max_queue=4,
            ws_per_message_deflate=False,
            h11_max_incomplete_event_size=MOST_HEAD,
            timeout_graceful_shutdown=1,
        )

    @property
    def address(self) -> str:
        """Where the page is, for a browser that was let in."""
        return f"http://{HOST}:{self.port}/"

    def invitation(self) -> str:
        """Address that lets one browser in, once."""
        return self._with(self.keys.token())

    def _with(self, token: str) -> str:
        return f"{self.address}?token={token}"

    def run(self) -> None:
        """Serve until Ctrl-C, which ends in a KeyboardInterrupt, or `stop`."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._playground.close()
            self._socket.close()

    def begin(self) -> None:
        """Serve in another thread."""
        self._thread = Thread(target=self.run, name="chainrule-playground-server", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """End the server and all its sessions."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()

    def wait(self) -> None:
        """Wait until it is stopped; Ctrl-C stops it."""
        try:
            while self.running and self._thread is not None:
                self._thread.join(0.2)
        except KeyboardInterrupt:
            self.stop()


def browse(address: str) -> bool:
    """Open the user's browser; whether there seems to be one."""
    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False


def playground(
    X: Any = None,
    y: Any = None,
    *,
    model: Any = None,
    setup: dict[str, Any] | str | None = None,
    port: int | None = None,
    browser: bool = True,
) -> Server:
    """Open the playground in the browser; in a notebook the value shows it inline.

    Parameters
    ----------
    X, y : array-like, optional
        Own data: inputs of shape (n, I) and targets.
    model : estimator, optional
        A fitted MLPClassifier or MLPRegressor to go on with.
    setup : dict or str, optional
        Settings as the page keeps them: plain data, the text behind ``#`` of its address, or a link of playground.tensorflow.org.
    port : int, optional
        By default a free one.
    browser : bool
        Whether to open the browser.

    Returns
    -------
    Server
        It serves in the background until ``stop()`` or the end of the program; a script says ``playground(X, y).wait()``.

    Raises
    ------
    ValueError
        If the data, the model or the port cannot be used.
    """
    from chainrule.playground.data.source import Source
    from chainrule.playground.server.notebook import Shown, in_notebook

    source = None
    if model is not None:
        source = Source.from_model(model, X, y)
    elif X is not None:
        source = Source.from_arrays(X, y)
    start = Start(setup, source)
    # What cannot be opened is told here, not by an empty page; the page tells the notes.
    start.notes()
    if in_notebook():
        shown = Shown(start, port, framed=True)
        shown.begin()
        return shown
    server = Server(start, port, told=lambda address: print(f"The playground, for another browser: {address}"))
    server.begin()
    address = server.invitation()
    # Before the browser comes and uses it up; a browser that says it has opened the page may have shown nothing.
    print(f"The playground: {address}")
    if browser:
        browse(address)
    return server
