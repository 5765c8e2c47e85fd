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
from livekit.agents.voice import SpeechHandle

from ..log import logger
from ..words.hold_on import asks_to_wait
from .bell import Bell
from .saying import SAYING_S, over_within
from .silence import Schedule, Silence, SilenceDue
from .variants import Variants

_CUTTING_OFF_S = 8.0
"""How long it waits for the end of what it cuts off. LiveKit gives that up after 5 s."""


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
        self._unheard: SpeechHandle | None = None
        """What it says, until that begins: LiveKit waits for a gap in the caller's sound."""
        self._stuck = False
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
                    case SilenceDue.ASK:
                        await self._say(session, self._asks.next())
                    case SilenceDue.GOODBYE:
                        await self._say(session, self._goodbye)
                    case SilenceDue.END:
                        session.shutdown(drain=not self._stuck)
                        return
        finally:
            session.off("agent_state_changed", self._on_agent)
            session.off("user_state_changed", self._on_caller)
            session.off("user_input_transcribed", self._on_heard)
            session.off("conversation_item_added", self._on_item)
            session.off("close", self._on_close)

    async def _say(self, session: AgentSession[Any], text: str) -> None:
        self._speaks_itself = True
        try:
            self._unheard = handle = session.say(text)
            self._stuck = not await over_within(handle, SAYING_S)
            if self._stuck:
                logger.warning("what is said to who is silent has no end within %g s: it is cut off", SAYING_S)
                handle.interrupt(force=True)
                self._stuck = not await over_within(handle, _CUTTING_OFF_S)
        except RuntimeError:  # the session closes
            return
        finally:
            self._speaks_itself, self._unheard = False, None
        self._silence.asked(self._clock(), cut_off=handle.interrupted)
        if not self._stuck and session.agent_state in ("thinking", "speaking"):
            self._silence.companion_spoke()  # an answer to what the caller said meanwhile

    def _on_agent(self, event: AgentStateChangedEvent) -> None:
        if event.new_state in ("thinking", "speaking"):
            self._said = ""
        if event.new_state == "speaking":
            self._unheard = None
        if self._speaks_itself or event.old_state == "initializing":
            return
        if event.new_state in ("thinking", "speaking"):
            self._silence.companion_spoke()
        else:
            self._silence.companion_stopped(self._clock())
        self._bell.ring()

    def _on_caller(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._silence.caller_sounds()
        else:
            self._silence.caller_stopped(self._clock())
        self._bell.ring()

    def _on_heard(self, event: UserInputTranscribedEvent) -> None:
        if not event.transcript.strip():
            return
        words = f"{self._said} {event.transcript}".strip()
        if event.is_final:
            self._said = words
        self._take(words)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        # The whole turn; one that is typed has no other sign.
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role == "user" and (words := item.text_content):
            self._take(words)

    def _take(self, words: str) -> None:
        if self._unheard:
            self._unheard.interrupt(force=True)  # who has answered already is not asked any more
        if asks_to_wait(words, self._language):
            self._silence.suspend(self._clock())
        else:
            self._silence.caller_said(self._clock())
        self._bell.ring()

    def _on_close(self, _: CloseEvent) -> None:
        self._closed = True
        self._bell.ring()
