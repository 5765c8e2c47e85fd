"""How much text and speech one process makes at once: calls run on the same machine, and must not wait for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

GENERATIONS = 2
SPEECHES = 1
WAIT_S = 5.0
"""So long a request waits for the others before it is told to come again."""
RETRY_AFTER_S = 10
"""When it is worth asking again, in seconds: a short answer or a sentence is made by then."""


class Busy(Exception):
    """All slots stayed taken."""


class Slots:
    """At most `amount` at once."""

    def __init__(self, amount: int) -> None:
        self._free = asyncio.Semaphore(amount)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Holds a slot; raises `Busy` where none is free within `WAIT_S`."""
        try:
            async with asyncio.timeout(WAIT_S):
                await self._free.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            yield
        finally:
            self._free.release()
