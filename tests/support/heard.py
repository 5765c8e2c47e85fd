"""What a TTS of LiveKit's gives, by either of its two ways, with the events that it emits."""

import asyncio
import re
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, tts
from livekit.agents.metrics import TTSMetrics
from livekit.agents.tts import SynthesizedAudio, TTSError

ONCE = APIConnectOptions(max_retry=0, timeout=2.5)


class Heard:
    """Everything that came of one text."""

    def __init__(self, voice: tts.TTS[Any]) -> None:
        self.audio: list[SynthesizedAudio] = []
        self.arrived_s: list[float] = []
        """When each piece came, in the loop's time."""
        self.metrics: list[TTSMetrics] = []
        self.errors: list[TTSError] = []
        self.raised: APIError | None = None
        voice.on("metrics_collected", self.metrics.append)
        voice.on("error", self.errors.append)

    async def listen(self, stream: AsyncIterable[SynthesizedAudio]) -> None:
        async for audio in stream:
            self.audio.append(audio)
            self.arrived_s.append(asyncio.get_running_loop().time())

    @property
    def frame(self) -> rtc.AudioFrame:
        return rtc.combine_audio_frames([heard.frame for heard in self.audio])

    @property
    def samples(self) -> npt.NDArray[np.int16]:
        return np.frombuffer(self.frame.data, dtype=np.int16)

    @property
    def duration_s(self) -> float:
        return sum(heard.frame.duration for heard in self.audio)

    def assert_native(self, *, rate: int, characters: int, segments: int) -> None:
        """One request, one segment where there are any, one end, one set of sane metrics, no error."""
        assert self.raised is None
        assert self.errors == []
        assert len({audio.request_id for audio in self.audio}) == 1
        assert self.audio[0].request_id
        assert len({audio.segment_id for audio in self.audio if audio.segment_id}) == segments
        assert [audio.is_final for audio in self.audio] == [False] * (len(self.audio) - 1) + [True]
        assert {(audio.frame.sample_rate, audio.frame.num_channels) for audio in self.audio} == {(rate, 1)}
        assert len(self.metrics) == 1
        metrics = self.metrics[0]
        assert abs(metrics.audio_duration - self.duration_s) < 0.02
        assert metrics.characters_count == characters
        assert 0 < metrics.ttfb <= metrics.duration
        assert metrics.streamed is bool(segments)
        assert not metrics.cancelled


Way = Callable[[tts.TTS[Any], str, APIConnectOptions], Awaitable[Heard]]


async def synthesized(voice: tts.TTS[Any], text: str, options: APIConnectOptions = ONCE) -> Heard:
    """By `synthesize()`."""
    heard = Heard(voice)
    try:
        async with voice.synthesize(text, conn_options=options) as stream:
            await heard.listen(stream)
    except APIError as error:
        heard.raised = error
    return heard


async def streamed(voice: tts.TTS[Any], text: str, options: APIConnectOptions = ONCE) -> Heard:
    """By `stream()`, word by word as a language model writes."""
    heard = Heard(voice)
    try:
        async with voice.stream(conn_options=options) as stream:
            for token in re.findall(r"\s*\S+|\s+", text):
                stream.push_text(token)
            stream.end_input()
            await heard.listen(stream)
    except APIError as error:
        heard.raised = error
    return heard


WAYS: tuple[Way, ...] = (synthesized, streamed)


def assert_one_clear_line(error: APIError, *urls: str, unsaid: str) -> None:
    """It names every server and nothing of the text."""
    for line in (error.message, str(error)):
        assert all(url in line for url in urls)
        assert "\n" not in line
        assert unsaid not in line, "what is said must not be in a message"
