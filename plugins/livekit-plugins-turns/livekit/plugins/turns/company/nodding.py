"""Listens aloud in a session: a quiet word, beside the voice, where `nods.py` finds that it fits."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from livekit import rtc
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    CloseEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)

from ..words import finished, loaded
from .aside import Aside
from .bell import Bell
from .nods import MANNER, Manner, Nods, ends_clause
from .variants import Variants

GAIN_DB = -12.0
"""Of a nod, against the voice."""
_LOOK_EVERY_S = 0.1


class Foresight(Protocol):
    """What knows how likely it is that an open pause ends the turn, as `TurnDetector` does."""

    @property
    def probability(self) -> float | None: ...


class Nodding:
    """Nods in one session; the agent's state stays "listening"."""

    def __init__(
        self,
        sounds: Mapping[str, rtc.AudioFrame],
        aside: Aside,
        *,
        language: str,
        foresight: Foresight | None = None,
        manner: Manner = MANNER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sounds`: mono, by what is said in them; two at least, else ValueError. `language`: the caller's. Without
        `foresight` the words alone tell whether the turn goes on."""
        self._sounds = sounds
        self._words = Variants(list(sounds))
        self._aside = aside
        self._language = language
        self._foresight = foresight
        self._clock = clock
        self._bell = Bell(clock)
        self._nods = Nods(manner)
        self._said = self._heard = ""
        self._closed = False

    async def run(self, session: AgentSession[Any]) -> None:
        """Until the session closes."""
        session.on("agent_state_changed", self._on_agent)
        session.on("user_state_changed", self._on_caller)
        session.on("user_input_transcribed", self._on_heard)
        session.on("close", self._on_close)
        look_at: float | None = None
        try:
            while not self._closed:
                await self._bell.wait(look_at)
                now = self._clock()
                if self._fits(now):
                    self._nods.nodded(now)
                    await self._aside.play(self._sounds[self._words.next()], gives_way=True, gain_db=GAIN_DB)
                look_at = self._nods.look_at(self._clock() + _LOOK_EVERY_S)
        finally:
            session.off("agent_state_changed", self._on_agent)
            session.off("user_state_changed", self._on_caller)
            session.off("user_input_transcribed", self._on_heard)
            session.off("close", self._on_close)

    def _fits(self, now: float) -> bool:
        at = self._nods.look_at(now)
        if at is None or at > now or not loaded(self._language):
            return False
        over = self._foresight.probability if self._foresight else None
        if over is None:
            over = finished(self._heard, self._language)
        return self._nods.fits(now, over=over, border=ends_clause(self._heard, self._language))

    def _on_agent(self, event: AgentStateChangedEvent) -> None:
        if event.new_state in ("thinking", "speaking"):
            self._nods.turn_over()
            self._said = self._heard = ""

    def _on_caller(self, event: UserStateChangedEvent) -> None:
        # By Unix time, and dated back to the speech itself.
        at = self._clock() - max(0.0, time.time() - event.created_at)
        if event.new_state == "speaking":
            self._nods.spoke(at)
        else:
            self._nods.paused(at)
        self._bell.ring()

    def _on_heard(self, event: UserInputTranscribedEvent) -> None:
        self._heard = f"{self._said} {event.transcript}".strip()
        if event.is_final:
            self._said = self._heard

    def _on_close(self, _: CloseEvent) -> None:
        self._closed = True
        self._bell.ring()
