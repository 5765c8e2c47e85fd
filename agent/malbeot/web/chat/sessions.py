"""Conversations that are typed in pieces, remembered between requests: in this process' memory, and only there.

They are gone when the service stops, and another web process knows nothing of them: behind a proxy with several, a
session's requests must reach the same one.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from livekit.agents import llm

MOST_SESSIONS = 1000
IDLE_S = 3600.0
"""How long one is kept that nobody goes on with."""
MOST_MESSAGES = 100
MOST_CHARACTERS = 40_000
"""Of one conversation. Models keep less of it in mind."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """Whose session: a guess at an id alone opens nobody else's."""

    guest: str
    """The id of their invitation, "" without one."""
    address: str
    """Where they ask from, "" for who is invited. The code's holders behind one address differ by `session` alone."""
    session: str


@dataclass(eq=False)
class Session:
    """One conversation, the persona's instructions not included. Requests hold `turn`, one after the other."""

    context: llm.ChatContext = field(default_factory=llm.ChatContext.empty)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    used_at: float = 0.0

    def add(self, messages: Sequence[llm.ChatMessage], answer: str) -> None:
        """What was said, and what was answered, "" for nothing. The oldest messages make room."""
        items = [*self.context.items, *messages]
        if answer:
            items.append(llm.ChatMessage(role="assistant", content=[answer]))
        self.context = llm.ChatContext(items).truncate(max_items=MOST_MESSAGES)
        while len(self.context.items) > 1 and _characters(self.context) > MOST_CHARACTERS:
            self.context.items.pop(0)


class Sessions:
    """Every conversation of one process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: OrderedDict[Key, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, key: Key) -> Session:
        """The session of `key`: a new one where there is none, or it was left for an hour. The oldest make room."""
        now = self._clock()
        while self._sessions and now - next(iter(self._sessions.values())).used_at > IDLE_S:
            self._sessions.popitem(last=False)
        session = self._sessions.setdefault(key, Session())
        session.used_at = now
        self._sessions.move_to_end(key)
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return session


def _characters(context: llm.ChatContext) -> int:
    return sum(len(message.text_content or "") for message in context.messages())
