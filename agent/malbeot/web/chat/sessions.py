"""Conversations that are typed in pieces: one request of each at a time, and what was said before."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from weakref import WeakValueDictionary

from livekit.agents import llm

from malbeot.memory import Conversations


class Answering(Exception):
    """The session's last message is still being answered."""


class Sessions:
    """Those of one web process. The conversations are all processes'."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations
        self._answering: dict[str, Session] = {}
        self._keeping: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def find(self, key: str) -> "Session":
        """The one of that name (`session_key`), begun already or not, for one request."""
        keeping = self._keeping.setdefault(key, asyncio.Lock())
        return Session(key, self._conversations, self._answering, keeping)


class Session:
    """One conversation, the persona's instructions not included, as one request has it."""

    def __init__(
        self, key: str, conversations: Conversations, answering: dict[str, "Session"], keeping: asyncio.Lock
    ) -> None:
        self._key = key
        self._conversations = conversations
        self._answering = answering
        self._keeping = keeping

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Held while a message is answered. Raises `Answering` where another is."""
        if self._key in self._answering:
            raise Answering
        self._answering[self._key] = self
        try:
            yield
        finally:
            self._answered()

    async def earlier(self) -> list[llm.ChatMessage]:
        """What was said before."""
        async with self._keeping:
            return await self._conversations.recall(self._key)

    async def add(self, messages: Sequence[llm.ChatMessage], answer: str) -> None:
        """What was said, and what was answered. The next message may come meanwhile."""
        async with self._keeping:
            self._answered()
            await self._conversations.add(self._key, [*messages, llm.ChatMessage(role="assistant", content=[answer])])

    def _answered(self) -> None:
        if self._answering.get(self._key) is self:
            del self._answering[self._key]
