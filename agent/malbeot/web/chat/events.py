"""Server-sent events."""

import asyncio
from collections.abc import AsyncIterable

from sse_starlette import EventSourceResponse, ServerSentEvent

HEARTBEAT_S = 15
"""A comment so often, that proxies do not take a slow answer for a dead one."""


class Events(EventSourceResponse):
    """A stream that ends with its events, or with the client.

    A service that stops lets it go on for as long as requests may take then. The library would cut it at once, and
    leave a task behind in its process that watches out for that.
    """

    def __init__(self, events: AsyncIterable[ServerSentEvent]) -> None:
        super().__init__(events, ping=HEARTBEAT_S, sep="\n")

    @staticmethod
    async def _listen_for_exit_signal() -> None:
        await asyncio.Event().wait()
