"""Has the language model read what has been said so far, so that the answer need not wait for that."""

import contextlib
from typing import Protocol, runtime_checkable

from livekit.agents import Agent, APIError, llm

_NO_WORD = "…"
"""A message without text would be left out, and the model would go on with its own last answer."""


@runtime_checkable
class Reader(Protocol):
    """A model whose server keeps what it has read, as livekit-plugins-ollama's does."""

    async def read(self, chat_ctx: llm.ChatContext) -> None: ...


async def read(agent: Agent, words: str | None = None) -> None:
    """Reads the conversation of `agent`, and a turn's first words where they are given; they may be none yet.

    They become the beginning of the prompt that comes when they are all there. A failure says nothing: the answer
    itself will tell.
    """
    model = agent.session.llm
    if not isinstance(model, Reader):
        return
    context = agent.chat_ctx.copy()
    if words is not None:
        context.add_message(role="user", content=words or _NO_WORD)
    with contextlib.suppress(APIError):
        await model.read(context)
