"""Sleeps until a moment, or until something happens."""

import asyncio
import contextlib
import time
from collections.abc import Callable


class Bell:
    """Rung by callbacks, waited for by one task."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, until: float | None) -> None:
        """Until it has been rung since the last wait, or `until` by the clock; None: however long that takes."""
        left_s = None if until is None else max(0.0, until - self._clock())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                await self._rung.wait()
        self._rung.clear()
