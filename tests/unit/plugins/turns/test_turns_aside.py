"""Small sounds beside the voice: heard, and nothing to whoever waits for the voice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice import io

from livekit.plugins.turns.company.aside import Aside
from livekit.plugins.turns.overlap.playout import Playout
from support.speaker import Speaker

RATE = 16000
WORD, VOICE = 1000, 8000
"""The samples of what is played beside, and of what is spoken."""


def sound(value: int, length_s: float = 0.3, rate: int = RATE) -> rtc.AudioFrame:
    samples = np.full(round(length_s * rate), value, np.int16)
    return rtc.AudioFrame(samples.tobytes(), rate, 1, len(samples))


def heard_s(speaker: Speaker, value: int) -> float:
    return float((speaker.heard == value).sum()) / RATE


class Above:
    """What is reported to whoever speaks."""

    def __init__(self, output: io.AudioOutput) -> None:
        self.started = 0
        self.finished: list[io.PlaybackFinishedEvent] = []
        output.on("playback_started", self._start)
        output.on("playback_finished", self.finished.append)

    def _start(self, _: io.PlaybackStartedEvent) -> None:
        self.started += 1


@contextlib.asynccontextmanager
async def playing(task: asyncio.Task[bool]) -> AsyncIterator[None]:
    """It has begun, and is over afterwards."""
    await asyncio.sleep(0.1)
    try:
        yield
    finally:
        await asyncio.wait_for(task, 5)


async def speak(output: io.AudioOutput, length_s: float = 0.3) -> io.PlaybackFinishedEvent:
    for _ in range(round(length_s / 0.05)):
        await output.capture_frame(sound(VOICE, 0.05))
    output.flush()
    return await asyncio.wait_for(output.wait_for_playout(), 5)


async def test_it_is_heard_and_reported_to_nobody() -> None:
    speaker = Speaker(RATE)
    aside = Aside(speaker)
    above = Above(aside)
    assert await aside.play(sound(WORD), gives_way=True)
    assert heard_s(speaker, WORD) == pytest.approx(0.3)
    assert (above.started, above.finished) == (0, [])
    finished = await speak(aside)
    assert (finished.playback_position, finished.interrupted) == (pytest.approx(0.3), False)
    assert (above.started, len(above.finished)) == (1, 1)


async def test_gain_is_in_decibels_and_another_rate_is_resampled() -> None:
    speaker = Speaker(RATE)
    assert await Aside(speaker).play(sound(8000, rate=24000), gives_way=True, gain_db=-12.04)
    assert len(speaker.heard) == pytest.approx(0.3 * RATE, abs=400)
    assert np.median(speaker.heard) == pytest.approx(2000, rel=0.02)


async def test_speech_waits_for_one_that_does_not_give_way_and_no_longer() -> None:
    speaker = Speaker(RATE)
    aside = Aside(speaker)
    async with playing(asyncio.create_task(aside.play(sound(WORD), gives_way=False))):
        finished = await speak(aside)
    assert finished.playback_position == pytest.approx(0.3)
    assert [set(np.unique(segment)) for segment in speaker.played] == [{WORD}, {VOICE}]
    assert heard_s(speaker, WORD) == pytest.approx(0.3), "cut short"


async def test_one_that_gives_way_is_cut_short_by_speech() -> None:
    speaker = Speaker(RATE)
    aside = Aside(speaker)
    async with playing(asyncio.create_task(aside.play(sound(WORD, 2.0), gives_way=True))):
        finished = await speak(aside)
    assert (finished.playback_position, finished.interrupted) == (pytest.approx(0.3), False)
    assert heard_s(speaker, WORD) < 1.0
    assert heard_s(speaker, VOICE) == pytest.approx(0.3)


async def test_nothing_is_played_into_speech() -> None:
    speaker = Speaker(RATE)
    aside = Aside(speaker)
    await aside.capture_frame(sound(VOICE, 0.2))
    assert not await aside.play(sound(WORD), gives_way=True)
    aside.flush()
    await asyncio.wait_for(aside.wait_for_playout(), 5)
    assert heard_s(speaker, WORD) == 0
    assert await aside.play(sound(WORD), gives_way=True), "the speech is over"


async def test_two_are_not_played_at_once_and_an_empty_one_not_at_all() -> None:
    aside = Aside(Speaker(RATE))
    async with playing(asyncio.create_task(aside.play(sound(WORD), gives_way=True))):
        assert not await aside.play(sound(WORD), gives_way=True)
    assert not await aside.play(sound(WORD, 0.0), gives_way=True)


@pytest.mark.parametrize("how", ["stop", "interruption", "cancel"])
async def test_it_is_cut_off_and_speech_can_follow(how: str) -> None:
    speaker = Speaker(RATE)
    aside = Aside(speaker)
    task = asyncio.create_task(aside.play(sound(WORD, 3.0), gives_way=False))
    await asyncio.sleep(0.1)
    if how == "cancel":
        task.cancel()
    elif how == "stop":
        aside.stop()
    else:
        aside.clear_buffer()
    await asyncio.wait({task}, timeout=1)
    assert task.done()
    finished = await speak(aside)
    assert (finished.playback_position, finished.interrupted) == (pytest.approx(0.3), False)
    assert heard_s(speaker, WORD) < 1.0


async def test_speech_that_is_given_up_while_it_waits_leaves_nothing_behind() -> None:
    speaker = Speaker(RATE)
    aside = Aside(speaker)
    async with playing(asyncio.create_task(aside.play(sound(WORD), gives_way=False))):
        waiting = asyncio.create_task(aside.capture_frame(sound(VOICE)))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        aside.flush()  # as LiveKit does behind a generation that was cancelled
        aside.clear_buffer()
    assert heard_s(speaker, VOICE) == 0
    assert (await speak(aside)).playback_position == pytest.approx(0.3)


async def test_it_stands_below_what_else_is_in_the_chain() -> None:
    speaker = Speaker(RATE)
    playout = Playout(speaker)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(playout.aclose)
        session: AgentSession[None] = AgentSession(vad=None)
        session.output.audio = playout
        aside = Aside.within(session)
        assert aside
        above = Above(playout)
        async with playing(asyncio.create_task(aside.play(sound(WORD), gives_way=False))):
            assert not playout.audible
            finished = await speak(playout)
    assert finished.playback_position == pytest.approx(0.3, abs=0.01)
    assert [set(np.unique(segment)) for segment in speaker.played] == [{WORD}, {VOICE}]
    assert (above.started, len(above.finished)) == (1, 1)


async def test_a_session_without_sound_has_none() -> None:
    assert Aside.within(AgentSession(vad=None)) is None
