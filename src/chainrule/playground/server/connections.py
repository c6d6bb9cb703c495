"""Connections that do not waste the server: a request's head must come soon, and all connections together are few."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

# Seconds until the head of a connection's first or next request must be complete.
PATIENCE = 10.0
MOST_CONNECTIONS = 64
# A head of more bytes is refused.
MOST_HEAD = 32 * 1024


class Impatient(H11Protocol):
    """uvicorn's HTTP/1.1, which by itself waits for ever: for a first request, and for one whose first bytes have come."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait; no more connections than the server can hold."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        super().connection_lost(exc)
        if self._waiting is not None:
            self._waiting.cancel()

    def on_response_complete(self) -> None:
        """Wait for the next request, which may have come already."""
        super().on_response_complete()
        self._wait()

    def _wait(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.loop.call_later(PATIENCE, self._give_up)

    def _give_up(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        # One that became a WebSocket is no longer among the connections.
        if not answering and not self.transport.is_closing() and self in self.connections:
            self.transport.close()
