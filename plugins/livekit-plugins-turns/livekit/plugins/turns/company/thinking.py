"""Thinks aloud in a session: a word, beside the voice, before an answer that is late: `thought.py` says when."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, AgentStateChangedEvent, CloseEvent, UserStateChangedEvent

from .aside import Aside
from .bell import Bell
from .thought import DUE_S, Thought

_AGAIN_S = 0.1
"""When it is tried again where something else is played."""


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
        self._spoke_at: float | None = None

    async def run(self, session: AgentSession[Any]) -> None:
        """Until the session closes."""
        session.on("agent_state_changed", self._on_agent)
        session.on("user_state_changed", self._on_caller)
        session.on("close", self._on_close)
        again_at = -math.inf
        try:
            while not self._closed:
                due_at = self._thought.due_at()
                await self._bell.wait(None if due_at is None else max(due_at, again_at))
                due_at = self._thought.due_at()
                if due_at is None or self._clock() < max(due_at, again_at):
                    continue
                heard = await self._aside.play(self._sounds[self._thought.next()], gives_way=False)
                self._thought.said(heard=heard)
                if not heard:
                    again_at = self._clock() + _AGAIN_S
        finally:
            session.off("agent_state_changed", self._on_agent)
            session.off("user_state_changed", self._on_caller)
            session.off("close", self._on_close)

    def _on_agent(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "thinking" and not self._caller_speaks:
            self._thought.called(self._clock(), spoke_at=self._spoke_at)
        else:
            self._thought.over()
        self._bell.ring()

    def _on_caller(self, event: UserStateChangedEvent) -> None:
        self._caller_speaks = event.new_state == "speaking"
        if event.new_state == "listening":
            # By Unix time, and dated back to the speech itself.
            self._spoke_at = self._clock() - max(0.0, time.time() - event.created_at)
        if self._caller_speaks:
            self._thought.over()
            self._aside.stop()
            self._bell.ring()

    def _on_close(self, _: CloseEvent) -> None:
        self._closed = True
        self._bell.ring()
