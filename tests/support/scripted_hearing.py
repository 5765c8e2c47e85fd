"""A caller whose words are known: a recording at the pace of speech, and a recogniser that follows a script."""

import asyncio
import time
from typing import Any

from livekit import rtc
from livekit.agents import LanguageCode, stt
from livekit.agents.stt import SpeechEvent, SpeechEventType
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, NotGivenOr
from livekit.agents.voice import io

from support.listening import Samples, in_pieces, silence

RATE = 16000
PIECE_S = 0.01
Line = tuple[float, SpeechEventType, str]
"""When, in seconds of sound, what is said, and of which kind it is."""


class Recording(io.AudioInput):
    """A microphone that plays `samples` at the pace of speech, and silence after them."""

    def __init__(self, samples: Samples) -> None:
        super().__init__(label="recording")
        self._pieces = iter(in_pieces(samples, RATE, piece_s=PIECE_S))
        self._silence = in_pieces(silence(PIECE_S), RATE, piece_s=PIECE_S)[0]
        self.began: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        """When its first sample was spoken, in `time.monotonic` seconds."""
        self._sent = 0

    async def __anext__(self) -> rtc.AudioFrame:
        if not self.began.done():
            self.began.set_result(time.monotonic())
        self._sent += 1
        await asyncio.sleep(max(0.0, self.began.result() + self._sent * PIECE_S - time.monotonic()))
        return next(self._pieces, self._silence)


class ScriptedSTT(stt.STT[Any]):
    """Hears nothing: gives each line of its script when so many seconds of audio have come, and finals when asked.

    Behind a bar in a line stand words that are supposed and not shown yet: "How are|you?".
    """

    def __init__(self, script: list[Line]) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True, manual_flush=True))
        self.script = script

    async def _recognize_impl(self, *_: Any, **__: Any) -> SpeechEvent:
        raise NotImplementedError

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "ScriptedStream":
        return ScriptedStream(stt=self, conn_options=conn_options, sample_rate=RATE)


class ScriptedStream(stt.RecognizeStream):
    async def _run(self) -> None:
        assert isinstance(self._stt, ScriptedSTT)
        lines = list(self._stt.script)
        heard_s, text = 0.0, ""
        async for piece in self._input_ch:
            if isinstance(piece, rtc.AudioFrame):
                heard_s += piece.duration
                while lines and lines[0][0] <= heard_s:
                    _, kind, text = lines.pop(0)
                    self._say(kind, text)
            else:
                self._say(SpeechEventType.FINAL_TRANSCRIPT, text)
                text = ""

    def _say(self, kind: SpeechEventType, line: str) -> None:
        text, _, supposed = line.partition("|")
        metadata = {"supposed_text": f"{text} {supposed}".strip()} if supposed else None
        data = stt.SpeechData(language=LanguageCode("en"), text=text, metadata=metadata)
        self._event_ch.send_nowait(SpeechEvent(kind, alternatives=[data]))
