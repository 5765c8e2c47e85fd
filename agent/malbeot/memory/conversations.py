"""Conversations that go on in another call or request, and what is kept of each."""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Protocol

from livekit.agents import llm

KEPT_S = 3600
"""So long after its last word."""
MOST_MESSAGES = 100
MOST_CHARACTERS = 40_000
"""Of one conversation. Models keep less of it in mind."""


class Conversations(Protocol):
    """Every conversation that is remembered, the persona's instructions not included.

    Nothing raises where it cannot be kept or read: that is logged, and the companion talks on.
    """

    async def recall(self, key: str) -> list[llm.ChatMessage]:
        """The newest messages, in their order; none where it is not known, or over for an hour."""
        ...

    async def add(self, key: str, messages: Sequence[llm.ChatMessage]) -> None:
        """What was said since. Messages without words are left out."""
        ...


def session_key(*, guest: str, address: str, persona: str, session: str) -> str:
    """Names one conversation: a guess at a session's id alone opens nobody else's.

    `guest` is the id of an invitation, "" without one; `address` where one asks from, "" for who is invited: the access
    code's holders behind one address differ by `session` alone. A hash: it tells nobody who they are.
    """
    return sha256(json.dumps([guest, address, persona, session]).encode()).hexdigest()


def encoded(messages: Iterable[llm.ChatMessage]) -> list[str]:
    """A line of JSON each."""
    return [
        json.dumps({"role": message.role, "text": text}) for message in messages if (text := message.text_content or "")
    ]


def newest(lines: Iterable[str | bytes]) -> list[llm.ChatMessage]:
    """The newest of `encoded` lines, in their order. What a full disk has left of a line counts as none."""
    return within([message for line in lines if (message := _decoded(line))], MOST_CHARACTERS)[-MOST_MESSAGES:]


def within(messages: Sequence[llm.ChatMessage], characters: int) -> list[llm.ChatMessage]:
    """The newest that have no more `characters` than that together."""
    for number, message in enumerate(reversed(messages)):
        characters -= len(message.text_content or "")
        if characters < 0:
            return list(messages[len(messages) - number :])
    return list(messages)


def _decoded(line: str | bytes) -> llm.ChatMessage | None:
    try:
        read = json.loads(line)
        return llm.ChatMessage(role=read["role"], content=[read["text"]])
    except (ValueError, TypeError, KeyError):
        return None
