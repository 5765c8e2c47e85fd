"""What is remembered of conversations between calls and typed requests: for an hour, for who names the session."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from malbeot.memory.conversations import Conversations
from malbeot.memory.in_files import InFiles
from malbeot.memory.in_redis import open_redis
from malbeot.settings import Settings

_FORGETS_EVERY_S = 600.0

__all__ = ["Conversations", "forget_old", "open_conversations"]


@asynccontextmanager
async def open_conversations(settings: Settings) -> AsyncIterator[Conversations]:
    """Kept in Redis where there is one, else in files of the state folder."""
    if settings.redis_url:
        async with open_redis(settings.redis_url) as in_redis:
            yield in_redis
    else:
        yield _in_files(settings)


async def forget_old(settings: Settings) -> None:
    """Deletes what is over for an hour, again and again until it is cancelled. Redis does so by itself."""
    while not settings.redis_url:
        await _in_files(settings).forget_old()
        await asyncio.sleep(_FORGETS_EVERY_S)


def _in_files(settings: Settings) -> InFiles:
    return InFiles(settings.malbeot_state / "conversations")
