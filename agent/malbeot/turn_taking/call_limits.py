"""A call ends in time: it is told before, and then the companion says goodbye, each when nobody speaks."""

import contextlib
import math
import time
from collections.abc import Callable
from enum import Enum, auto

from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    CloseEvent,
    ConversationItemAddedEvent,
    UserStateChangedEvent,
    llm,
)

from livekit.plugins.turns import SAYING_S, Bell, over_within
from malbeot.log import logger

WARN_BEFORE_TURNS = 3
"""So many of the caller's turns are left when the limit of turns is told."""
PATIENCE_S = 20.0
"""How long the companion waits for who speaks on and on, before it speaks all the same."""
QUIET_S = 1.0
"""How long nobody has spoken where it is quiet: between a turn and its answer there may be nothing for a moment."""
_TRIES = 3
"""How often it begins its goodbye, if it is interrupted."""


class LimitDue(Enum):
    WARNING = auto()
    GOODBYE = auto()


class LimitSchedule:
    """When a call that began at `began` is told of its end, and when it ends. Does not know what time it is."""

    def __init__(self, *, began: float, minutes: float, turns: int, warn_before_minutes: float) -> None:
        self._ends_at = began + minutes * 60
        self._warns_at = self._ends_at - warn_before_minutes * 60
        self._turns = turns
        self._warns_from = max(1, turns - WARN_BEFORE_TURNS)
        self._taken = 0
        self._warned_of_time = self._warned_of_turns = False

    def turn(self) -> None:
        """The caller has taken a turn."""
        self._taken += 1

    def warned(self, now: float) -> None:
        """The caller was told of whichever end is near."""
        self._warned_of_time = self._warned_of_time or now >= self._warns_at
        self._warned_of_turns = self._warned_of_turns or self._taken >= self._warns_from

    def due(self, now: float) -> LimitDue | None:
        """What is to be said now. The end falls with the answer to the last turn, and is told before if it can be."""
        if now >= self._ends_at or self._taken >= self._turns:
            return LimitDue.GOODBYE
        if now >= self._warns_at and not self._warned_of_time:
            return LimitDue.WARNING
        if self._taken >= self._warns_from and not self._warned_of_turns:
            return LimitDue.WARNING
        return None

    def next_at(self, now: float) -> float:
        """When something falls due by itself, if no more turn is taken."""
        return min((at for at in (self._warns_at, self._ends_at) if at > now), default=math.inf)


class CallLimits:
    """Watches over one session. What it says goes through `session.say`, so it stands in the history."""

    def __init__(
        self,
        *,
        minutes: float,
        turns: int,
        warn_before_minutes: float,
        almost_over: str,
        goodbye: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`almost_over` is what warns of the end."""
        self._schedule = LimitSchedule(
            began=clock(), minutes=minutes, turns=turns, warn_before_minutes=warn_before_minutes
        )
        self._almost_over = almost_over
        self._goodbye = goodbye
        self._clock = clock
        self._bell = Bell(clock)
        self._closed = False

    async def run(self, session: AgentSession[None]) -> None:
        """Until the session closes, or was closed by it."""
        session.on("conversation_item_added", self._on_item)
        session.on("agent_state_changed", self._on_agent)
        session.on("user_state_changed", self._on_caller)
        session.on("close", self._on_close)
        try:
            while not self._closed:
                match self._schedule.due(self._clock()):
                    case LimitDue.WARNING:
                        await self._until_quiet(session)
                        if self._schedule.due(self._clock()) is LimitDue.WARNING:
                            with contextlib.suppress(TimeoutError):
                                await self._say(session, self._almost_over)
                            self._schedule.warned(self._clock())
                    case LimitDue.GOODBYE:
                        await self._say_goodbye(session)
                        return
                    case None:
                        await self._bell.wait(self._wakes_at())
        finally:
            session.off("conversation_item_added", self._on_item)
            session.off("agent_state_changed", self._on_agent)
            session.off("user_state_changed", self._on_caller)
            session.off("close", self._on_close)

    def _wakes_at(self) -> float | None:
        at = self._schedule.next_at(self._clock())
        return None if math.isinf(at) else at

    async def _say_goodbye(self, session: AgentSession[None]) -> None:
        logger.info("the call has lasted for as long as it may")
        stuck = False
        try:
            for _ in range(_TRIES):
                await self._until_quiet(session)
                if self._closed or await self._say(session, self._goodbye):
                    break
        except TimeoutError:
            logger.warning("the goodbye has no end within %g s: the call is ended without it", SAYING_S)
            stuck = True
        session.shutdown(drain=not stuck)

    async def _until_quiet(self, session: AgentSession[None]) -> None:
        deadline = self._clock() + PATIENCE_S
        quiet_until: float | None = None
        while not self._closed and self._clock() < min(deadline, quiet_until or math.inf):
            if not _is_quiet(session):
                quiet_until = None
            elif quiet_until is None:
                quiet_until = self._clock() + QUIET_S
            await self._bell.wait(min(deadline, quiet_until or math.inf))

    async def _say(self, session: AgentSession[None], text: str) -> bool:
        """Whether it was said to its end. Raises `TimeoutError` where that does not come."""
        try:
            handle = session.say(text)
            over = await over_within(handle, SAYING_S)
        except RuntimeError:  # the session closes
            return False
        if not over:
            raise TimeoutError
        return not handle.interrupted

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage) and event.item.role == "user":
            self._schedule.turn()
            self._bell.ring()

    def _on_agent(self, _: AgentStateChangedEvent) -> None:
        self._bell.ring()

    def _on_caller(self, _: UserStateChangedEvent) -> None:
        self._bell.ring()

    def _on_close(self, _: CloseEvent) -> None:
        self._closed = True
        self._bell.ring()


def _is_quiet(session: AgentSession[None]) -> bool:
    return session.agent_state == "listening" and session.user_state != "speaking"
