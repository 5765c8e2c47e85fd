"""The companion: who answers a call, what it says first, and what it says when a stage fails."""

import contextlib
from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime

from livekit import rtc
from livekit.agents import Agent, APIError, FlushSentinel, ModelSettings, llm

from malbeot.clips import Clip
from malbeot.log import logger
from malbeot.persona import Caller, Persona, render_greeting, render_system


class Companion(Agent):
    """One persona, talking with one caller.

    A failed language model is answered with the persona's own words of apology, a failed voice
    with `apology`, a clip prepared before the call: the caller is never left in silence, and the
    text of an answer arrives even where its sound does not. With `warm_prompt` the language model
    reads its prompt while the greeting is spoken, so that the first answer does not wait for that.
    """

    def __init__(
        self, *, persona: Persona, caller: Caller, now: datetime, apology: Clip, warm_prompt: bool = False
    ) -> None:
        super().__init__(instructions=render_system(persona, caller, now))
        self._persona = persona
        self._greeting = render_greeting(persona, caller, now)
        self._apology = apology
        self._warm_prompt = warm_prompt

    async def on_enter(self) -> None:
        self.session.say(self._greeting)
        if self._warm_prompt and isinstance(self.session.llm, llm.LLM):
            with contextlib.suppress(APIError):
                async with self.session.llm.chat(chat_ctx=self.chat_ctx) as reading:
                    await anext(aiter(reading), None)

    async def llm_node(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncIterator[llm.ChatChunk | str | FlushSentinel]:
        try:
            async for chunk in Agent.default.llm_node(self, chat_ctx, tools, model_settings):
                yield chunk
        except APIError as error:
            logger.warning("the language model failed: %s", error)
            yield f" {self._persona.phrases.thinking_failed}"

    async def tts_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[rtc.AudioFrame]:
        try:
            async for frame in Agent.default.tts_node(self, text, model_settings):
                yield frame
        except APIError as error:
            logger.warning("the voice failed: %s", error)
            for frame in self._apology.frames():
                yield frame
