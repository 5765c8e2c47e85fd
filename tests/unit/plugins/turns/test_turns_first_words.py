"""A recogniser is asked for first words once there is voice enough, one request at a time, and not without end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectionError, LanguageCode, stt
from livekit.agents.stt import SpeechEventType

from livekit.plugins.turns.overlap.first_words import AGAIN_S, BEFORE_S, MOST, FirstWords
from livekit.plugins.turns.overlap.hearing import RATE
from livekit.plugins.turns.overlap.overlap import FIRST_WORDS_S, WINDOW_S, Overlap

SOUND = np.arange(3 * RATE, dtype=np.int64).astype(np.int16)


class Ears(stt.STT[Any]):
    """Scripted: hears "wait" in everything, once `open` is set, or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self.asked: list[rtc.AudioFrame] = []
        self.open = asyncio.Event()
        self.open.set()
        self._fails = fails

    async def _recognize_impl(self, buffer: Any, **_: Any) -> stt.SpeechEvent:
        self.asked.append(rtc.combine_audio_frames(buffer))
        await self.open.wait()
        if self._fails:
            raise APIConnectionError("scripted")
        data = stt.SpeechData(language=LanguageCode("en"), text="wait", confidence=0.7)
        return stt.SpeechEvent(type=SpeechEventType.FINAL_TRANSCRIPT, alternatives=[data])


class Speaking:
    """Somebody who speaks over the agent, and what was told of their words."""

    def __init__(self, ears: Ears | None) -> None:
        self.told: list[tuple[Overlap, str, float]] = []
        self.words = FirstWords(
            ears, lambda overlap, heard, voiced_s: self.told.append((overlap, heard.text, voiced_s))
        )
        self.overlap = Overlap("en")
        self._now = 0.0

    async def speaks(self, seconds: float) -> None:
        until = self.overlap.voiced_s + seconds - WINDOW_S / 2
        while self.overlap.voiced_s < until:
            self._now += WINDOW_S
            self.overlap.sound(self._now, 0.9, -20.0)
            self.words.want(self.overlap, SOUND, self.overlap.lasted_s(self._now))
            for _ in range(5):
                await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def speaking(ears: Ears | None) -> AsyncIterator[Speaking]:
    somebody = Speaking(ears)
    running = asyncio.create_task(somebody.words.run())
    try:
        yield somebody
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_it_asks_once_there_is_voice_enough_with_what_was_before() -> None:
    ears = Ears()
    async with speaking(ears) as somebody:
        await somebody.speaks(FIRST_WORDS_S - WINDOW_S)
        assert ears.asked == []
        await somebody.speaks(2 * WINDOW_S)
        (frame,) = ears.asked
        ((overlap, text, voiced_s),) = somebody.told
        assert (overlap, text) == (somebody.overlap, "wait")
        assert FIRST_WORDS_S <= voiced_s <= FIRST_WORDS_S + WINDOW_S
        # The first window counts from its end.
        assert frame.duration == BEFORE_S + round(voiced_s - WINDOW_S, 3)
        assert np.array_equal(np.frombuffer(frame.data, np.int16), SOUND[-frame.samples_per_channel :])


async def test_it_asks_again_with_more_voice_and_at_most_so_often() -> None:
    ears = Ears()
    async with speaking(ears) as somebody:
        await somebody.speaks(FIRST_WORDS_S + AGAIN_S + 2 * WINDOW_S)
        assert len(ears.asked) == 2
        await somebody.speaks(10.0)
        assert len(ears.asked) == MOST
        somebody.overlap = Overlap("en")
        await somebody.speaks(FIRST_WORDS_S + WINDOW_S)
        assert len(ears.asked) == MOST + 1, "who speaks anew is not asked about"


async def test_one_request_runs_at_a_time() -> None:
    ears = Ears()
    ears.open.clear()
    async with speaking(ears) as somebody:
        await somebody.speaks(2.0)
        assert len(ears.asked) == 1
        ears.open.set()
        await somebody.speaks(2 * WINDOW_S)
        assert len(ears.asked) == 2


async def test_a_failure_is_no_words() -> None:
    ears = Ears(fails=True)
    async with speaking(ears) as somebody:
        await somebody.speaks(FIRST_WORDS_S + AGAIN_S + 2 * WINDOW_S)
        assert len(ears.asked) == 2
        assert somebody.told == []


async def test_without_ears_nothing_is_asked() -> None:
    async with speaking(None) as somebody:
        await somebody.speaks(2.0)
        assert somebody.told == []
