"""A language model and a voice inside the process that do what a test tells them to."""

import asyncio
from dataclasses import dataclass
from typing import Any

from livekit.agents import APIConnectionError, llm, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions


@dataclass
class Request:
    """One that a model got."""

    asked: str
    """The last message of the conversation."""
    at: float
    """By the loop's clock."""
    cancelled: bool = False
    written: bool = False
    """Answered to its end."""


class ScriptedLLM(llm.LLM[Any]):
    """Answers `answer_to` a question by the word, the first after `delay_s`; the first `failing` requests fail."""

    def __init__(self, *, delay_s: float = 0.05, failing: int = 0) -> None:
        super().__init__()
        self.delay_s = delay_s
        self.failing = failing
        self.requests: list[Request] = []

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **_: Any,
    ) -> llm.LLMStream:
        return _Writing(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=APIConnectOptions(max_retry=0))


class _Writing(llm.LLMStream):
    async def _run(self) -> None:
        model = self._llm
        assert isinstance(model, ScriptedLLM)
        asked = self._chat_ctx.messages()[-1].text_content or ""
        request = Request(asked, asyncio.get_running_loop().time())
        model.requests.append(request)
        try:
            await asyncio.sleep(model.delay_s)
            if len(model.requests) <= model.failing:
                raise APIConnectionError("scripted", retryable=False)
            for word in answer_to(asked).split():
                delta = llm.ChoiceDelta(role="assistant", content=f"{word} ")
                self._event_ch.send_nowait(llm.ChatChunk(id="scripted", delta=delta))
                await asyncio.sleep(0.01)
            request.written = True
        except asyncio.CancelledError:
            request.cancelled = True
            raise


def answer_to(question: str) -> str:
    return f"About {question}"


class ScriptedTTS(tts.TTS[Any]):
    """Makes `WORD_S` of a tone for each word, at once. `told` is what it was given, stream by stream."""

    WORD_S = 0.1

    def __init__(self, rate: int = 16000) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=True), sample_rate=rate, num_channels=1)
        self.told: list[str] = []

    def synthesize(self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> Any:
        return self._synthesize_with_stream(text, conn_options=conn_options)

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> tts.SynthesizeStream:
        return _Speaking(tts=self, conn_options=conn_options)


class _Speaking(tts.SynthesizeStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        voice = self._tts
        assert isinstance(voice, ScriptedTTS)
        output_emitter.initialize(
            request_id="scripted",
            sample_rate=voice.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            frame_size_ms=50,
            stream=True,
        )
        output_emitter.start_segment(segment_id="scripted")
        number = len(voice.told)
        voice.told.append("")
        tone = b"\x00\x10" * round(voice.WORD_S * voice.sample_rate)
        async for piece in self._input_ch:
            if isinstance(piece, str):
                self._mark_started()
                voice.told[number] += piece
                output_emitter.push(tone * len(piece.split()))
        output_emitter.end_segment()
