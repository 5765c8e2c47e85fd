"""How long the head of a request may take: uvicorn itself waits for ever, and its connections are counted."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN_S = 10.0
"""From the connection, or from what comes first behind an answer; as long as a body may take."""


class HurriedProtocol(H11Protocol):
    """Closes connections whose request does not come."""

    _overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._relax()

    def _watch(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._relax()
        elif self._overdue is None:
            self._overdue = self.loop.call_later(HEAD_WITHIN_S, self.transport.abort)

    def _relax(self) -> None:
        if self._overdue:
            self._overdue.cancel()
        self._overdue = None
