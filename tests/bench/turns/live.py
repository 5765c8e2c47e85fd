"""Whether the plugin's real stream calls turns when the pure path says: some pauses, in real time, side by side."""

import asyncio
from collections.abc import Sequence
from typing import Any

from livekit.agents.voice.turn import TurnDetectionEvent
from livekit.plugins import turns

from bench import report
from bench.turns.evidence import Heard, Pause
from bench.turns.strategies import ours

PAUSES = 24
MOST_APART_S = 0.05


async def measure(heard: Sequence[Heard]) -> list[tuple[float, float]]:
    """When the stream called each turn, and when the pure path does, in seconds after the last speech."""
    last = [(turn, turn.pauses[-1]) for turn in heard if turn.language == "en"]
    chosen = last[:: max(1, len(last) // PAUSES)][:PAUSES]
    strategy = ours(turns.Costs())
    called = await asyncio.gather(*(_called_s(turn, pause) for turn, pause in chosen))
    # The stream may call before the words are there; a session waits for them then.
    return [
        (max(at, pause.words_s), strategy(pause, turns.Pace())) for at, (_, pause) in zip(called, chosen, strict=True)
    ]


async def _called_s(turn: Heard, pause: Pause) -> float:
    loop = asyncio.get_running_loop()
    detector = turns.TurnDetector(audio=_Scripted(pause), language=turn.language)
    detector.answering(turn.asked)
    if pause.interim_text:
        detector.hear(pause.interim_text, settled=False)
    stream = detector.stream()
    began = loop.time() - pause.ended_s
    timer = loop.call_at(began + pause.words_s, lambda: detector.hear(pause.text, settled=True))
    try:
        await stream.predict()
        return loop.time() - began
    finally:
        timer.cancel()
        await stream.aclose()


def bars(pairs: Sequence[tuple[float, float]]) -> list[report.Bar]:
    apart = [abs(real_s - pure_s) for real_s, pure_s in pairs]
    return [
        report.Bar(
            name=f"the real stream and the pure path, {len(pairs)} pauses: apart, p95",
            value=report.percentile(apart, 0.95),
            bound=MOST_APART_S,
        )
    ]


class _Scripted:
    """An audio detector whose answer, and its time, were measured before."""

    model, provider = "scripted", "bench"

    def __init__(self, pause: Pause) -> None:
        self._pause = pause

    def stream(self, **_: Any) -> "_ScriptedStream":
        return _ScriptedStream(self._pause)


class _ScriptedStream:
    model, provider, is_fallback, prediction_timeout = "scripted", "bench", False, 1.0

    def __init__(self, pause: Pause) -> None:
        self._pause = pause
        self._timer: asyncio.TimerHandle | None = None

    def predict(self) -> "asyncio.Future[TurnDetectionEvent]":
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[TurnDetectionEvent] = loop.create_future()
        event = TurnDetectionEvent("eot_prediction", self._pause.audio, 0.0, inference_duration=0.05)
        self._timer = loop.call_later(self._pause.audio_s - self._pause.ended_s, answer.set_result, event)
        return answer

    def cancel_inference(self, *, timed_out: bool = False) -> None:
        if self._timer:
            self._timer.cancel()

    def push_audio(self, frame: object) -> None: ...

    def flush(self, reason: str | None = None) -> None: ...

    def end_input(self) -> None: ...

    async def aclose(self) -> None:
        self.cancel_inference()

    async def unlikely_threshold(self, language: object) -> float | None:
        return None

    async def backchannel_threshold(self, language: object) -> float | None:
        return None

    async def supports_language(self, language: object) -> bool:
        return True
