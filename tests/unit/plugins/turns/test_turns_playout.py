"""The agent's voice on its way out, in front of an output that plays in real time."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc
from livekit.agents.voice import io

from livekit.plugins.turns.overlap.dips import MOST_BACK_S
from livekit.plugins.turns.overlap.playout import AHEAD_S, Playout
from support.speaker import Speaker

RATE = 16000
WORD_S, GAP_S = 0.2, 0.06


def words(count: int) -> npt.NDArray[np.int16]:
    """Words of 0.2 s with short gaps between them; every sample tells its place."""
    word = np.full(round(WORD_S * RATE), 8000, np.int16)
    gap = np.zeros(round(GAP_S * RATE), np.int16)
    return np.concatenate([np.concatenate([word + number, gap]) for number in range(count)]).astype(np.int16)


def frames(samples: npt.NDArray[np.int16], frame_s: float = 0.03) -> list[rtc.AudioFrame]:
    size = round(frame_s * RATE)
    pieces = [samples[begin : begin + size] for begin in range(0, len(samples), size)]
    return [rtc.AudioFrame(piece.tobytes(), RATE, 1, len(piece)) for piece in pieces]


class Heard:
    """What is reported upwards."""

    def __init__(self, output: io.AudioOutput) -> None:
        self.started = 0
        self.finished: list[io.PlaybackFinishedEvent] = []
        output.on("playback_started", self._start)
        output.on("playback_finished", self.finished.append)

    def _start(self, _: io.PlaybackStartedEvent) -> None:
        self.started += 1


@contextlib.asynccontextmanager
async def playing() -> AsyncIterator[tuple[Playout, Speaker, Heard]]:
    speaker = Speaker(RATE)
    playout = Playout(speaker)
    try:
        yield playout, speaker, Heard(playout)
    finally:
        await playout.aclose()


async def say(playout: Playout, samples: npt.NDArray[np.int16]) -> None:
    for frame in frames(samples):
        await playout.capture_frame(frame)
    playout.flush()


async def test_what_is_captured_is_played_whole_and_never_far_ahead() -> None:
    async with playing() as (playout, speaker, heard):
        await say(playout, words(4))
        event = await playout.wait_for_playout()
        assert np.array_equal(speaker.heard, words(4))
        assert speaker.most_ahead_s <= AHEAD_S + 0.01
        assert (event.playback_position, event.interrupted) == (pytest.approx(len(words(4)) / RATE), False)
        assert (heard.started, len(heard.finished)) == (1, 1)


async def test_two_segments_in_a_row_are_reported_one_by_one() -> None:
    async with playing() as (playout, speaker, heard):
        await say(playout, words(1))
        await say(playout, words(2))
        await playout.wait_for_playout()
        assert np.array_equal(speaker.heard, np.concatenate([words(1), words(2)]))
        assert [event.playback_position for event in heard.finished] == pytest.approx([0.26, 0.52])
        assert heard.started == 2


async def test_held_it_is_silent_at_once_and_goes_on_from_the_word_it_was_at() -> None:
    async with playing() as (playout, speaker, heard):
        await say(playout, words(5))
        await asyncio.sleep(2 * (WORD_S + GAP_S) + 0.12)  # within the third word
        playout.hold()
        held_at = time.monotonic()
        await asyncio.sleep(0.3)
        assert speaker.cleared_at[0] - held_at < 0.02
        assert playout.held
        assert playout.audible
        heard_before = speaker.heard
        playout.go_on()
        event = await playout.wait_for_playout()

        again = speaker.heard[len(heard_before) :]
        assert heard_before.tolist() == words(5)[: len(heard_before)].tolist()
        third = 2 * round((WORD_S + GAP_S) * RATE)
        assert third < len(heard_before) < third + WORD_S * RATE, "it was not within the third word"
        assert abs(len(words(5)) - len(again) - third) <= 0.02 * RATE, "it did not go on from the word's beginning"
        assert np.array_equal(again, words(5)[len(words(5)) - len(again) :]), "something is missing or said twice"
        assert (event.playback_position, event.interrupted) == (pytest.approx(len(words(5)) / RATE), False)
        assert (heard.started, len(heard.finished)) == (1, 1), "upwards it is one segment"


async def test_in_a_gap_nothing_is_said_twice() -> None:
    sound = np.concatenate([words(1), np.zeros(RATE // 2, np.int16), words(1)])
    async with playing() as (playout, speaker, _):
        await say(playout, sound)
        await asyncio.sleep(0.5)
        playout.hold()
        await asyncio.sleep(0.1)
        playout.go_on()
        await playout.wait_for_playout()
        assert abs(len(speaker.heard) - len(sound)) <= 0.02 * RATE


async def test_interrupted_while_held_it_reports_what_was_heard() -> None:
    async with playing() as (playout, speaker, heard):
        await say(playout, words(5))
        await asyncio.sleep(0.4)
        playout.hold()
        await asyncio.sleep(0.05)
        playout.clear_buffer()
        event = await playout.wait_for_playout()
        assert event.interrupted
        assert event.playback_position == pytest.approx(len(speaker.heard) / RATE)
        assert event.playback_position == pytest.approx(0.4, abs=0.15)
        assert len(heard.finished) == 1


async def test_interrupted_after_it_went_on_nothing_counts_twice() -> None:
    async with playing() as (playout, speaker, _):
        await say(playout, words(8))
        await asyncio.sleep(0.65)
        playout.hold()
        await asyncio.sleep(0.05)
        first = len(speaker.heard)
        playout.go_on()
        await asyncio.sleep(0.5)
        playout.clear_buffer()
        event = await playout.wait_for_playout()
        second = len(speaker.heard) - first
        place = round(event.playback_position * RATE)
        assert event.interrupted
        assert first - MOST_BACK_S * RATE + second <= place <= first + second
        assert speaker.played[-1].tolist() == words(8)[place - second : place].tolist(), "the place is not true"


async def test_interrupted_before_the_flush_it_ends_with_the_flush_and_the_next_segment_is_played() -> None:
    async with playing() as (playout, speaker, _):
        for frame in frames(words(2)):
            await playout.capture_frame(frame)
        await asyncio.sleep(0.1)
        playout.clear_buffer()
        await playout.capture_frame(frames(words(1))[0])  # still on its way
        await asyncio.sleep(0.05)
        playout.flush()
        assert (await playout.wait_for_playout()).interrupted
        before = len(speaker.heard)
        await say(playout, words(2))
        assert not (await playout.wait_for_playout()).interrupted
        assert np.array_equal(speaker.heard[before:], words(2))


async def test_cleared_before_anything_was_played_the_segment_ends_at_nothing() -> None:
    async with playing() as (playout, speaker, _):
        playout.hold()
        await say(playout, words(1))
        await asyncio.sleep(0.05)
        playout.clear_buffer()
        event = await playout.wait_for_playout()
        assert (event.playback_position, event.interrupted) == (0.0, True)
        assert not len(speaker.heard)


async def test_held_near_the_end_the_rest_is_still_said() -> None:
    async with playing() as (playout, speaker, _):
        await say(playout, words(3))
        await asyncio.sleep(0.68)  # everything is handed on already
        playout.pause()
        await asyncio.sleep(0.1)
        playout.resume()
        event = await playout.wait_for_playout()
        assert not event.interrupted
        assert event.playback_position == pytest.approx(len(words(3)) / RATE)
        assert np.array_equal(speaker.played[-1], words(3)[len(words(3)) - len(speaker.played[-1]) :])


async def test_the_first_sound_is_handed_on_at_once() -> None:
    async with playing() as (playout, speaker, _):
        await playout.capture_frame(frames(words(1), 0.05)[0])
        for _ in range(20):
            await asyncio.sleep(0)
        assert speaker.frames, "it waits for more"
        playout.flush()
        await playout.wait_for_playout()


async def test_an_output_that_fails_does_not_leave_anybody_waiting() -> None:
    class Broken(Speaker):
        async def capture_frame(self, frame: rtc.AudioFrame) -> None:
            raise RuntimeError("gone")

    playout = Playout(Broken(RATE))
    await say(playout, words(1))
    event = await asyncio.wait_for(playout.wait_for_playout(), 1)
    assert (event.playback_position, event.interrupted) == (0.0, True)


async def test_it_can_pause_where_the_next_can() -> None:
    assert Playout(Speaker(RATE)).can_pause
