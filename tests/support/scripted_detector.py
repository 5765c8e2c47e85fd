"""The turn detector, listening with an audio model that follows a script."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc
from livekit.agents.inference.eot.base import (
    TurnDetectorOptions,
    _BaseStreamingTurnDetector,
    _BaseStreamingTurnDetectorStream,
)
from livekit.agents.inference.eot.languages import ThresholdOptions
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions
from livekit.agents.voice.turn import TurnDetectionEvent

from livekit.plugins.turns import Decision, TurnDetector, TurnDetectorStream

Script = Callable[[_BaseStreamingTurnDetectorStream, str], None]
LANGUAGE = "en"
WHOLE = "I went to the market yesterday."
CUT = "I went to the market and"


def says(probability: float, *, after_s: float = 0.02) -> Script:
    """An audio model that is of that opinion each time."""

    def answer(stream: _BaseStreamingTurnDetectorStream, request: str) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(after_s, lambda: stream._resolve_prediction(request, probability, inference_duration=after_s))

    return answer


def never(stream: _BaseStreamingTurnDetectorStream, request: str) -> None:
    """An audio model that is dead."""


def raises(stream: _BaseStreamingTurnDetectorStream, request: str) -> None:
    raise RuntimeError("no model")


def is_gone(stream: _BaseStreamingTurnDetectorStream, request: str) -> None:
    """What LiveKit's stream answers when its model has ended."""
    asyncio.get_running_loop().call_soon(stream._resolve_prediction, request, 1.0)


def breaks(stream: _BaseStreamingTurnDetectorStream, request: str) -> None:
    assert stream._request_fut is not None
    stream._request_fut.set_exception(RuntimeError("broken"))


@dataclass
class ScriptedTransport:
    script: Script
    frames: int = 0
    flushes: int = 0
    stream: _BaseStreamingTurnDetectorStream | None = None
    session_id: str | None = None

    def attach(self, stream: _BaseStreamingTurnDetectorStream) -> None:
        self.stream = stream

    def detach(self) -> None: ...

    def run_inference(self, request_id: str) -> None:
        assert self.stream is not None
        self.script(self.stream, request_id)

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        self.frames += 1

    def flush(self) -> None:
        self.flushes += 1

    async def run(self) -> None:
        assert self.stream is not None
        await self.stream._drain_audio_channel()


class ScriptedAudio(_BaseStreamingTurnDetector):
    """LiveKit's audio detector, its model replaced by a script."""

    def __init__(self, script: Script) -> None:
        thresholds = ThresholdOptions("turn-detector-v1-mini", NOT_GIVEN, NOT_GIVEN)
        super().__init__(opts=TurnDetectorOptions(sample_rate=16000, thresholds=thresholds))
        self.transport = ScriptedTransport(script)

    @property
    def model(self) -> Any:
        return "turn-detector-v1-mini"

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> _BaseStreamingTurnDetectorStream:
        return _BaseStreamingTurnDetectorStream(detector=self, opts=self._opts, transport=self.transport)


@dataclass
class Call:
    detector: TurnDetector
    stream: TurnDetectorStream
    audio: ScriptedAudio
    decisions: list[Decision] = field(default_factory=list)

    @property
    def decision(self) -> Decision:
        (decision,) = self.decisions
        return decision


@asynccontextmanager
async def listening(script: Script, *, language: str = LANGUAGE, **options: Any) -> AsyncIterator[Call]:
    audio = ScriptedAudio(script)
    detector = TurnDetector(audio=audio, language=language, **options)
    stream = detector.stream()
    call = Call(detector, stream, audio)
    detector.on("decided", call.decisions.append)
    try:
        yield call
    finally:
        await stream.aclose()


async def called(pause: asyncio.Future[TurnDetectionEvent], *, within_s: float = 3.0) -> bool:
    """Whether the turn was called; False if they went on."""
    async with asyncio.timeout(within_s):
        return (await pause).end_of_turn_probability >= 0.5


async def is_open(pause: asyncio.Future[TurnDetectionEvent], *, after_s: float) -> bool:
    await asyncio.sleep(after_s)
    return not pause.done()
