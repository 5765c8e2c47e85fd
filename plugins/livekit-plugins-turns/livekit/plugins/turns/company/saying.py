"""Waits for the end of what is said."""

import asyncio
import contextlib

from livekit.agents.voice import SpeechHandle

SAYING_S = 60.0
"""How long to wait for the end of what is said, and of what is still said before: a voice may never end."""


async def over_within(handle: SpeechHandle, seconds: float) -> bool:
    """Whether what is said is over within so long. It goes on where it is not."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await handle
    return handle.done()
