"""Asks somebody who does not answer whether they are there, and ends the call in the end: `silence.py` in a session."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    CloseEvent,
    ConversationItemAddedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
    llm,
)

from ..words.hold_on import asks_to_wait
from .bell import Bell
from .silence import Due, Schedule, Silence
from .variants import Variants

LINGER_S = 1.0
"""So long behind the goodbye the caller may still speak, before the call ends."""


class Asking:
    """Watches over one session. What it says goes through `session.say`, so it stands in the history."""

    def __init__(
        self,
        schedule: Schedule,
        *,
        asks: Sequence[str],
        goodbye: str,
        language: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`asks`: ways to ask again; `language`: in which the caller asks to hold on. Raises ValueError for one way."""
        self._asks = Variants(asks)
        self._goodbye = goodbye
        self._language = language
        self._clock = clock
        self._bell = Bell(clock)
        self._silence = Silence(schedule)
        self._said = ""
        self._speaks_itself = False
        self._signs = 0
        self._closed = False

    async def run(self, session: AgentSession[Any]) -> None:
        """Until the session closes, or was closed by it: after the goodbye, unless that was answered."""
        session.on("agent_state_changed", self._on_agent)
        session.on("user_state_changed", self._on_caller)
        session.on("user_input_transcribed", self._on_heard)
        session.on("conversation_item_added", self._on_item)
        session.on("close", self._on_close)
        try:
            while not self._closed:
                await self._bell.wait(self._silence.next_at())
                match None if self._closed else self._silence.due(self._clock()):
                    case Due.ASK:
                        await self._say(session, self._asks.next())
                    case Due.GOODBYE:
                        if not await self._say_goodbye(session):
                            continue
                        session.shutdown()
                        return
        finally:
            session.off("agent_state_changed", self._on_agent)
            session.off("user_state_changed", self._on_caller)
            session.off("user_input_transcribed", self._on_heard)
            session.off("conversation_item_added", self._on_item)
            session.off("close", self._on_close)

    async def _say(self, session: AgentSession[Any], text: str) -> bool:
        """Whether it was said to its end."""
        self._speaks_itself = True
        try:
            handle = session.say(text)
            await handle
        except RuntimeError:  # the session closes
            return False
        finally:
            self._speaks_itself = False
        self._silence.asked(self._clock())
        if session.agent_state in ("thinking", "speaking"):
            self._silence.companion_spoke()  # an answer to what the caller said meanwhile
        return not handle.interrupted

    async def _say_goodbye(self, session: AgentSession[Any]) -> bool:
        """Whether it was heard to its end, and nobody answered."""
        signs = self._signs
        if not await self._say(session, self._goodbye):
            return False
        end = self._clock() + LINGER_S
        while self._signs == signs and not self._closed and self._clock() < end:
            await self._bell.wait(end)
        return self._signs == signs and not self._closed

    def _on_agent(self, event: AgentStateChangedEvent) -> None:
        if event.new_state in ("thinking", "speaking"):
            self._said = ""
        if self._speaks_itself or event.old_state == "initializing":
            return
        if event.new_state in ("thinking", "speaking"):
            self._silence.companion_spoke()
        else:
            self._silence.companion_stopped(self._clock())
        self._bell.ring()

    def _on_caller(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._signs += 1
            self._silence.caller_spoke()
        else:
            self._silence.caller_stopped(self._clock())
        self._bell.ring()

    def _on_heard(self, event: UserInputTranscribedEvent) -> None:
        if not event.transcript.strip():
            return
        self._signs += 1
        words = f"{self._said} {event.transcript}".strip()
        if event.is_final:
            self._said = words
        self._take(words)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        # The whole turn; one that is typed has no other sign.
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role == "user" and (words := item.text_content):
            self._signs += 1
            self._take(words)

    def _take(self, words: str) -> None:
        if asks_to_wait(words, self._language):
            self._silence.suspend(self._clock())
        else:
            self._silence.caller_said(self._clock())
        self._bell.ring()

    def _on_close(self, _: CloseEvent) -> None:
        self._closed = True
        self._bell.ring()
