"""The companion: who answers a call, what it says first, and what it says when a stage fails."""

import asyncio
import math
import time
from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime

from livekit import rtc
from livekit.agents import (
    Agent,
    ErrorEvent,
    FlushSentinel,
    ModelSettings,
    UserInputTranscribedEvent,
    UserTranscriptionTimeoutEvent,
    llm,
    stt,
)

from malbeot.arrival import Arrival
from malbeot.clips.fixed import FixedSpeech
from malbeot.log import logger
from malbeot.memory.call import Keeping
from malbeot.persona import Caller, Persona, render_greeting, render_system
from malbeot.reasons import reason
from malbeot.scenario import Scenario
from malbeot.turn_taking import TurnTaking
from malbeot.turn_taking.reading_ahead import read

_PROMPT_S = 10.0
"""So long an answer lets the language model read its prompt first: the Korean one takes a single thread 15 s, and the
caller has been greeted and has spoken meanwhile. Asked for beside that, it would be given up as stalled."""
_DEAF_FOR_S = 12.0
"""Recognition that fails fails again within its timeout of 10 s (`session.py`); what is older is mended."""


class Companion(Agent):
    """One persona, talking with one caller.

    A failed language model is answered with the persona's own words of apology, a failed voice
    with its `apology`, a clip prepared before the call: the caller is never left in silence, and the
    text of an answer arrives even where its sound does not. Who speaks while recognition fails is
    asked to say it again, and answered all the same if that comes back. With `warm_prompt` the language model
    reads its prompt before the caller comes or while the greeting is spoken, so that the first answer does not wait for
    that. The conversation begins at `arrival`, or at once without one, and goes on with what was said `earlier`.
    """

    def __init__(
        self,
        *,
        persona: Persona,
        caller: Caller,
        now: datetime,
        fixed: FixedSpeech,
        taking: TurnTaking,
        scenario: Scenario | None = None,
        warm_prompt: bool = False,
        arrival: Arrival | None = None,
        earlier: llm.ChatContext | None = None,
        keeping: Keeping | None = None,
    ) -> None:
        super().__init__(instructions=render_system(persona, caller, now, scenario), chat_ctx=earlier)
        self._persona = persona
        self._greeting = render_greeting(persona, caller, now, again=bool(earlier and earlier.items))
        self._fixed = fixed
        self._fixed.expect(self._greeting)
        self._taking = taking
        self._warm_prompt = warm_prompt
        self._arrival = arrival
        self._keeping = keeping
        self._met = False
        self._prompt_read = asyncio.Event()
        """The language model has read its prompt, or is not waited for any more."""
        if not warm_prompt:
            self._prompt_read.set()
        self._deaf_since = -math.inf
        self._unheard = False

    async def on_enter(self) -> None:
        if self._arrival:
            self._arrival.expect(self._meet)
        else:
            self._meet()
        try:
            if self._warm_prompt:
                await read(self)
        finally:
            self._prompt_read.set()

    def _meet(self) -> None:
        self._met = True
        self.session.on("error", self._on_error)
        self.session.on("user_transcription_timeout", self._on_unheard)
        self.session.on("user_input_transcribed", self._on_heard)
        self._taking.attach(self)
        if self._keeping:
            self._keeping.attach(self.session)
        self.session.say(self._greeting)

    async def on_exit(self) -> None:
        if self._arrival:
            self._arrival.give_up()
        if not self._met:
            logger.info("nobody came to a call")
            return
        self.session.off("error", self._on_error)
        self.session.off("user_transcription_timeout", self._on_unheard)
        self.session.off("user_input_transcribed", self._on_heard)
        await self._taking.aclose()
        if self._keeping:
            await self._keeping.aclose()

    def _on_error(self, event: ErrorEvent) -> None:
        if isinstance(event.error, stt.STTError):
            self._deaf_since = time.monotonic()
            self._own_up()

    def _on_unheard(self, _: UserTranscriptionTimeoutEvent) -> None:
        self._unheard = True
        self._own_up()

    def _on_heard(self, _: UserInputTranscribedEvent) -> None:
        self._deaf_since, self._unheard = -math.inf, False

    def _own_up(self) -> None:
        # Once for everything that was said in vain: who is silent meanwhile hears nothing of it.
        if self._unheard and time.monotonic() - self._deaf_since < _DEAF_FOR_S:
            self._unheard = False
            self.session.say(self._persona.phrases.not_understood)

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[stt.SpeechEvent]:
        heard = Agent.default.stt_node(self, self._taking.listen(audio), model_settings)
        async for event in self._taking.hear(heard):
            yield event

    async def llm_node(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncIterator[llm.ChatChunk | str | FlushSentinel]:
        answered = False
        try:
            await asyncio.wait_for(self._prompt_read.wait(), _PROMPT_S)
        except TimeoutError:
            self._prompt_read.set()  # a server that hangs is not waited for in each turn
        try:
            answer = Agent.default.llm_node(self, chat_ctx, tools, model_settings)
            async for chunk in self._taking.hold(answer, chat_ctx):
                answered = answered or _says_something(chunk)
                yield chunk
            if not answered:
                logger.warning("the language model gave an empty answer")
                yield self._persona.phrases.thinking_failed
        except Exception as error:
            provider = self.session.llm.provider if isinstance(self.session.llm, llm.LLM) else ""
            logger.warning("the language model failed: %s", reason(error, provider))
            yield f"{' ' if answered else ''}{self._persona.phrases.thinking_failed}"

    async def tts_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[rtc.AudioFrame]:
        def voice(words: AsyncIterable[str]) -> AsyncIterable[rtc.AudioFrame]:
            return self._taking.speak(words, lambda given: Agent.default.tts_node(self, given, model_settings))

        def whole(words: AsyncIterable[str]) -> AsyncIterable[rtc.AudioFrame]:
            return self._taking.speak(words, self._say_whole)

        try:
            async for frame in self._fixed.speak(
                text, voice, kept=whole, substituted=lambda: _substituted(self.session.tts)
            ):
                yield frame
        except Exception as error:
            provider = self.session.tts.provider if self.session.tts else ""
            logger.warning("the voice failed: %s", reason(error, provider))
            for frame in self._fixed.apology.frames():
                yield frame

    async def _say_whole(self, text: AsyncIterable[str]) -> AsyncIterator[rtc.AudioFrame]:
        """With every pause, however fast the sound comes."""
        voice = self.session.tts
        assert voice is not None, "there is one where sound is asked for"
        words = "".join([piece async for piece in text])
        async with voice.synthesize(words, conn_options=self.session.conn_options.tts_conn_options) as stream:
            async for said in stream:
                yield said.frame


def _substituted(voice: object) -> int:
    """How often another voice has spoken in its place, where that can be known."""
    return getattr(voice, "fallbacks", 0)


def _says_something(chunk: llm.ChatChunk | str | FlushSentinel) -> bool:
    if isinstance(chunk, llm.ChatChunk):
        return bool(chunk.delta and ((chunk.delta.content or "").strip() or chunk.delta.tool_calls))
    return isinstance(chunk, str) and bool(chunk.strip())
