"""How much text and speech one process makes at once: calls run on the same machine, and must not wait for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

GENERATIONS = 2
SPEECHES = 1
WAIT_S = 5.0
"""So long a request waits for the others before it is told to come again."""
GIVES_WAY_S = 5.0
"""So long it lets calls go first that wait for their answers."""
RETRY_AFTER_S = 10
"""When it is worth asking again, in seconds: a short answer or a sentence is made by then."""
_LOOK_EVERY_S = 0.1


class Busy(Exception):
    """All slots stayed taken."""


class Slots:
    """At most `amount` at once, begun while no call waits for its answer (`calls_wait`), or not for ever."""

    def __init__(self, amount: int, *, calls_wait: Callable[[], bool]) -> None:
        self._free = asyncio.Semaphore(amount)
        self._calls_wait = calls_wait

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Holds a slot; raises `Busy` where none is free within `WAIT_S`."""
        try:
            async with asyncio.timeout(WAIT_S):
                await self._free.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            for _ in range(round(GIVES_WAY_S / _LOOK_EVERY_S)):
                if not self._calls_wait():
                    break
                await asyncio.sleep(_LOOK_EVERY_S)
            yield
        finally:
            self._free.release()
