"""Conversations in the Redis of several machines."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from livekit.agents import llm
from redis.asyncio import Redis
from redis.exceptions import RedisError

from malbeot.log import logger
from malbeot.memory.conversations import KEPT_S, MOST_MESSAGES, encoded, newest

_TIMEOUT_S = 2.0


class InRedis:
    """A list each, which Redis forgets."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def recall(self, key: str) -> list[llm.ChatMessage]:
        try:
            return newest(await self._client.lrange(_name(key), 0, -1))
        except (RedisError, OSError) as error:
            logger.warning("cannot recall a conversation from Redis: %s", type(error).__name__)
            return []

    async def add(self, key: str, messages: Sequence[llm.ChatMessage]) -> None:
        if not (lines := encoded(messages)):
            return
        try:
            async with self._client.pipeline() as steps:
                steps.rpush(_name(key), *lines)
                steps.ltrim(_name(key), -MOST_MESSAGES, -1)
                steps.expire(_name(key), KEPT_S)
                await steps.execute()
        except (RedisError, OSError) as error:
            logger.warning("cannot keep a conversation in Redis: %s", type(error).__name__)


def _name(key: str) -> str:
    return f"malbeot:conversation:{key}"


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[InRedis]:
    """In the Redis at `url`, which may come later."""
    client = Redis.from_url(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)
    async with client:
        yield InRedis(client)
