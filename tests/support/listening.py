"""A recogniser's stream in a test: audio in at the pace of speech, its events out."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents import stt
from livekit.agents.stt import SpeechEvent, SpeechEventType

from support.speech import Speech

Samples = npt.NDArray[np.int16]


def frame(samples: npt.NDArray[Any], rate: int, channels: int = 1) -> rtc.AudioFrame:
    return rtc.AudioFrame(samples.astype(np.int16).tobytes(), rate, channels, len(samples) // channels)


def in_pieces(
    samples: npt.NDArray[Any], rate: int, channels: int = 1, *, piece_s: float = 0.01
) -> list[rtc.AudioFrame]:
    """Frames of `piece_s`; an incomplete last one is left out."""
    step = round(rate * piece_s) * channels
    return [frame(samples[at : at + step], rate, channels) for at in range(0, len(samples) - step + 1, step)]


def resampled(speech: Speech, rate: int) -> Samples:
    if speech.rate == rate:
        return speech.samples
    resampler = rtc.AudioResampler(speech.rate, rate, quality=rtc.AudioResamplerQuality.HIGH)
    frames = [*resampler.push(frame(speech.samples, speech.rate)), *resampler.flush()]
    return np.concatenate([np.frombuffer(piece.data, np.int16) for piece in frames])


def silence(duration_s: float, rate: int = 16000) -> Samples:
    return np.zeros(round(rate * duration_s), np.int16)


def only(event: SpeechEvent) -> stt.SpeechData:
    """A final event's one alternative."""
    assert event.type is SpeechEventType.FINAL_TRANSCRIPT
    (found,) = event.alternatives
    return found


@dataclass
class Listener:
    """The events of a stream, each with its arrival in `time.monotonic` seconds."""

    stream: stt.RecognizeStream
    events: list[tuple[float, SpeechEvent]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        async for event in self.stream:
            self.events.append((time.monotonic(), event))
            self._news.set()

    def of(self, *kinds: SpeechEventType) -> list[SpeechEvent]:
        return [event for _, event in self.events if event.type in kinds]

    @property
    def finals(self) -> list[stt.SpeechData]:
        return [only(event) for event in self.of(SpeechEventType.FINAL_TRANSCRIPT)]

    @property
    def text(self) -> str:
        """All that is final."""
        return " ".join(heard.text for heard in self.finals if heard.text)

    async def wait_for(self, kind: SpeechEventType, *, count: int = 1, timeout_s: float = 20.0) -> SpeechEvent:
        """The `count`th event of a kind, once it is there."""
        async with asyncio.timeout(timeout_s):
            while len(self.of(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return self.of(kind)[count - 1]

    async def say(self, samples: Samples, *, rate: int = 16000, channels: int = 1, piece_s: float = 0.01) -> None:
        """Pushes audio as fast as it would be spoken."""
        began = time.monotonic()
        for number, piece in enumerate(in_pieces(samples, rate, channels, piece_s=piece_s)):
            await asyncio.sleep(max(0.0, began + number * piece_s - time.monotonic()))
            self.stream.push_frame(piece)


@asynccontextmanager
async def listening(stream: stt.RecognizeStream) -> AsyncIterator[Listener]:
    """Collects a stream's events until its end, which comes at the latest here. Raises what the stream raises."""
    listener = Listener(stream)
    task = asyncio.create_task(listener.listen())
    try:
        yield listener
        if not stream._input_ch.closed and not stream._event_ch.closed:
            stream.end_input()
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await stream.aclose()


@asynccontextmanager
async def loop_stays_free() -> AsyncIterator[None]:
    """Fails where the loop's own thread worked for 20 ms or more between two turns inside.

    CPU time of that thread: what it worked, whatever else the machine does.
    """
    longest_s = 0.0

    async def watch() -> None:
        nonlocal longest_s
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.005)
            longest_s = max(longest_s, time.thread_time() - before)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert longest_s < 0.02
