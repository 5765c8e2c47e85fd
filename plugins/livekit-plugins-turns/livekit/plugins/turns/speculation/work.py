"""What answers cost, and whether it was of use."""

from collections import OrderedDict
from typing import Any, Protocol

from livekit.agents import AgentSession, SpeechCreatedEvent, llm, tts
from livekit.agents.metrics import LLMMetrics, TTSMetrics
from livekit.agents.voice import SpeechHandle

_REMEMBERED = 64
"""Answers whose last figures may still come."""


class Told(Protocol):
    """Is told of the work on an answer, in parts; `used` if the answer took its turn."""

    def __call__(self, seconds: float, *, used: bool) -> None: ...


class Work:
    """Follows the answers of a session that has started.

    Work is counted in seconds in which the language model wrote, and seconds of speech that the voice made.
    """

    def __init__(self, session: AgentSession[Any], told: Told) -> None:
        self._session = session
        self._told = told
        self._answers: OrderedDict[str, SpeechHandle] = OrderedDict()
        self._open: dict[str, float] = {}
        self._stages = [stage for stage in (session.llm, session.tts) if isinstance(stage, llm.LLM | tts.TTS)]
        session.on("speech_created", self._on_speech)
        for stage in self._stages:
            stage.on("metrics_collected", self._on_metrics)

    def close(self) -> None:
        """Follows no more."""
        self._session.off("speech_created", self._on_speech)
        for stage in self._stages:
            stage.off("metrics_collected", self._on_metrics)

    def _on_speech(self, event: SpeechCreatedEvent) -> None:
        if event.source == "generate_reply":
            handle = event.speech_handle
            self._answers[handle.id] = handle
            if len(self._answers) > _REMEMBERED:
                self._open.pop(self._answers.popitem(last=False)[0], None)
            handle.add_done_callback(self._on_done)

    def _on_metrics(self, metrics: object) -> None:
        # LiveKit, whose handler comes first, has written there whose speech it was.
        if not isinstance(metrics, LLMMetrics | TTSMetrics) or not metrics.speech_id:
            return
        if (handle := self._answers.get(metrics.speech_id)) is None:
            return
        seconds = metrics.duration if isinstance(metrics, LLMMetrics) else metrics.audio_duration
        if handle.done():
            self._told(seconds, used=handle.scheduled)
        else:
            self._open[handle.id] = self._open.get(handle.id, 0.0) + seconds

    def _on_done(self, handle: SpeechHandle) -> None:
        if seconds := self._open.pop(handle.id, 0.0):
            self._told(seconds, used=handle.scheduled)
