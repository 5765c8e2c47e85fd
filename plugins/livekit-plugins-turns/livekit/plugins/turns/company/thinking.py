"""Thinks aloud in a session: a word, beside the voice, before an answer that is late: `thought.py` says when."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, AgentStateChangedEvent, CloseEvent, UserStateChangedEvent

from .aside import Aside
from .bell import Bell
from .thought import DUE_S, Thought


class Thinking:
    """Thinks in one session. An answer that comes meanwhile waits for the word's end, at most its own length."""

    def __init__(
        self,
        sounds: Mapping[str, rtc.AudioFrame],
        aside: Aside,
        *,
        due_s: float = DUE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sounds`: mono, by what is said in them; two at least, else ValueError."""
        self._sounds = sounds
        self._aside = aside
        self._clock = clock
        self._bell = Bell(clock)
        self._thought = Thought(list(sounds), due_s=due_s)
        self._closed = False
        self._caller_speaks = False

    async def run(self, session: AgentSession[Any]) -> None:
        """Until the session closes."""
        session.on("agent_state_changed", self._on_agent)
        session.on("user_state_changed", self._on_caller)
        session.on("close", self._on_close)
        try:
            while not self._closed:
                due_at = self._thought.due_at()
                await self._bell.wait(due_at)
                if due_at is not None and due_at == self._thought.due_at() and self._clock() >= due_at:
                    await self._aside.play(self._sounds[self._thought.next()], gives_way=False)
        finally:
            session.off("agent_state_changed", self._on_agent)
            session.off("user_state_changed", self._on_caller)
            session.off("close", self._on_close)

    def _on_agent(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "thinking" and not self._caller_speaks:
            self._thought.called(self._clock())
        else:
            self._thought.over()
        self._bell.ring()

    def _on_caller(self, event: UserStateChangedEvent) -> None:
        self._caller_speaks = event.new_state == "speaking"
        if self._caller_speaks:
            self._thought.over()
            self._aside.stop()
            self._bell.ring()

    def _on_close(self, _: CloseEvent) -> None:
        self._closed = True
        self._bell.ring()
