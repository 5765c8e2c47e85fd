"""What is remembered of conversations between calls and typed requests: for an hour, for who names the session."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livekit.agents import utils

from malbeot.memory.conversations import Conversations
from malbeot.memory.in_files import InFiles
from malbeot.memory.in_redis import open_redis
from malbeot.settings import Settings

_FORGETS_EVERY_S = 600.0

__all__ = ["Conversations", "open_conversations"]


@asynccontextmanager
async def open_conversations(settings: Settings) -> AsyncIterator[Conversations]:
    """Kept in Redis where there is one, else in files of the state folder."""
    if settings.redis_url:
        async with open_redis(settings.redis_url) as in_redis:
            yield in_redis
    else:
        in_files = InFiles(settings.malbeot_state / "conversations")
        forgetting = asyncio.create_task(_forget(in_files), name="forgetting")
        try:
            yield in_files
        finally:
            await utils.aio.cancel_and_wait(forgetting)


async def _forget(in_files: InFiles) -> None:
    while True:
        await in_files.forget_old()
        await asyncio.sleep(_FORGETS_EVERY_S)
