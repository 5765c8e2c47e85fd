"""One answer of the language model, as it comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from livekit.agents import APIConnectionError, APIConnectOptions, APIError, llm, utils

from malbeot.log import logger
from malbeot.reasons import reason
from malbeot.web.chat.options import ModelOptions

_ONCE = APIConnectOptions(max_retry=0, timeout=60.0)
"""Who types waits longer than who calls: a model that has to be loaded first may take a minute for its first word."""


class Answer:
    """Iterating gives its pieces once, and raises `APIError` where the model fails."""

    def __init__(self, longest: int | None, *, provider: str) -> None:
        self.text = ""
        """What has come so far."""
        self.usage = llm.CompletionUsage(completion_tokens=0, prompt_tokens=0, total_tokens=0)
        """Tokens; zero until the end, and where the model's server does not tell."""
        self._longest = longest
        self._provider = provider
        self._pieces = utils.aio.Chan[str]()
        self._begun = asyncio.Event()
        self._error: APIError | None = None

    @property
    def finish_reason(self) -> str:
        """Once it is over: "length" where it has as many tokens as it may have, else "stop"."""
        return "length" if self._longest and self.usage.completion_tokens >= self._longest else "stop"

    async def begun(self) -> None:
        """Waits for the first words. Raises `APIError` where none come because the model fails."""
        await self._begun.wait()
        if self._error and not self.text:
            raise self._error

    async def whole(self) -> None:
        """Waits for the last words. Raises `APIError`."""
        async for _ in self:
            pass

    async def __aiter__(self) -> AsyncIterator[str]:
        async for piece in self._pieces:
            self.text += piece
            yield piece
        if self._error:
            raise self._error

    async def _take(self, stream: llm.LLMStream) -> None:
        try:
            async for chunk in stream:
                self.usage = chunk.usage or self.usage
                if chunk.delta and chunk.delta.content:
                    self._pieces.send_nowait(chunk.delta.content)
                    self._begun.set()
        except Exception as error:
            logger.warning("the language model failed in a typed conversation: %s", reason(error, self._provider))
            self._error = error if isinstance(error, APIError) else APIConnectionError(retryable=False)
        finally:
            self._pieces.close()
            self._begun.set()


@asynccontextmanager
async def answering(model: llm.LLM[Any], context: llm.ChatContext, options: ModelOptions) -> AsyncIterator[Answer]:
    """An answer that has been asked for. Leaving stops the model."""
    answer = Answer(options.longest, provider=model.provider)
    async with model.chat(chat_ctx=context, conn_options=_ONCE, **options.arguments) as stream:
        taking = asyncio.create_task(answer._take(stream), name="chat.answer")
        try:
            yield answer
        finally:
            await utils.aio.cancel_and_wait(taking)
