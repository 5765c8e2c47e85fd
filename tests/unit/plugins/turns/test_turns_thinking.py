"""Thinking aloud in a session: heard before a late answer, once nothing else is."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import AgentSession, AgentStateChangedEvent, UserStateChangedEvent

from livekit.plugins.turns import Aside, Thinking
from livekit.plugins.turns.company import thought
from support.speaker import Speaker

RATE = 16000
NOD, FIRST, SECOND = 500, 1000, 2000


def sound(value: int, length_s: float = 0.1) -> rtc.AudioFrame:
    samples = np.full(round(length_s * RATE), value, np.int16)
    return rtc.AudioFrame(samples.tobytes(), RATE, 1, len(samples))


def agent_is(session: AgentSession[Any], state: Any) -> None:
    session.emit("agent_state_changed", AgentStateChangedEvent(old_state="listening", new_state=state))


def caller_stops(session: AgentSession[Any], ago_s: float) -> None:
    stopped = UserStateChangedEvent(old_state="speaking", new_state="listening", created_at=time.time() - ago_s)
    session.emit("user_state_changed", stopped)


@contextlib.asynccontextmanager
async def thinking(speaker: Speaker, *, due_s: float) -> AsyncIterator[tuple[AgentSession[None], Aside]]:
    session: AgentSession[None] = AgentSession(vad=None)
    aside = Aside(speaker)
    words = Thinking({"Well.": sound(FIRST), "Hm.": sound(SECOND)}, aside, due_s=due_s)
    running = asyncio.create_task(words.run(session))
    await asyncio.sleep(0)
    try:
        yield session, aside
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def played(speaker: Speaker) -> list[int]:
    return [int(segment[0]) for segment in speaker.played]


async def has_played(speaker: Speaker, count: int) -> None:
    async with asyncio.timeout(5):
        while len(speaker.played) < count:  # noqa: ASYNC110, it is a list
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thought, "BEGINS_S", 0.05)


async def test_what_is_due_while_something_else_is_played_is_said_after_it() -> None:
    speaker = Speaker(RATE)
    async with thinking(speaker, due_s=0.1) as (session, aside):
        agent_is(session, "thinking")
        assert await aside.play(sound(NOD, 0.3), gives_way=False)
        await has_played(speaker, 2)
    assert played(speaker)[0] == NOD
    assert played(speaker)[1] in (FIRST, SECOND)


async def test_what_was_not_heard_before_one_answer_is_said_before_the_next() -> None:
    speaker = Speaker(RATE)
    async with thinking(speaker, due_s=0.1) as (session, aside):
        await aside.capture_frame(sound(NOD))
        agent_is(session, "thinking")
        await asyncio.sleep(0.3)
        agent_is(session, "speaking")
        aside.flush()
        await has_played(speaker, 1)
        agent_is(session, "listening")
        agent_is(session, "thinking")
        await has_played(speaker, 2)
        agent_is(session, "speaking")
        agent_is(session, "listening")
        agent_is(session, "thinking")
        await asyncio.sleep(0.3)
    assert len(speaker.played) == 2, "two answers running had one"


async def test_it_is_due_so_long_after_the_callers_last_word() -> None:
    speaker = Speaker(RATE)
    async with thinking(speaker, due_s=4.0) as (session, _):
        caller_stops(session, ago_s=3.9)
        agent_is(session, "thinking")
        await asyncio.wait_for(has_played(speaker, 1), 3)
