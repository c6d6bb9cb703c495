"""Connections that do not waste the server: a request's head must come soon, and all connections together are few."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

# Seconds until the first request of a connection must be complete.
PATIENCE = 10.0
MOST_CONNECTIONS = 64
# A head of more bytes is refused.
MOST_HEAD = 32 * 1024


class Impatient(H11Protocol):
    """uvicorn's HTTP/1.1, which by itself waits for a first request for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait; no more connections than the server can hold."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
        else:
            self.loop.call_later(PATIENCE, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None and not self.transport.is_closing() and self in self.connections:
            self.transport.close()
