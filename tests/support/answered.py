"""What a language model of `livekit.plugins.ollama` says to a chat, with the events that it emits."""

from collections.abc import Awaitable, Callable
from typing import Any

from livekit.agents import APIConnectOptions, APIError, function_tool, llm
from livekit.agents.metrics import LLMMetrics
from livekit.plugins import ollama

PATIENT = APIConnectOptions(max_retry=0, timeout=120)
ONCE = APIConnectOptions(max_retry=0, timeout=20)
START = Callable[[Callable[[Any], Awaitable[None]]], Awaitable[Any]]


class Answer:
    """What a model said to one chat, with the events it emitted."""

    def __init__(self, model: ollama.LLM) -> None:
        self.model = model
        self.chunks: list[llm.ChatChunk] = []
        self.metrics: list[LLMMetrics] = []
        self.errors: list[llm.LLMError] = []
        self.raised: APIError | None = None
        model.on("metrics_collected", self.metrics.append)
        model.on("error", self.errors.append)

    @property
    def pieces(self) -> list[str]:
        return [chunk.delta.content for chunk in self.chunks if chunk.delta and chunk.delta.content]

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def calls(self) -> list[llm.FunctionToolCall]:
        return [call for chunk in self.chunks if chunk.delta for call in chunk.delta.tool_calls]

    async def to(self, chat_ctx: llm.ChatContext, *, conn_options: APIConnectOptions = ONCE, **kwargs: Any) -> "Answer":
        try:
            async with self.model.chat(chat_ctx=chat_ctx, conn_options=conn_options, **kwargs) as stream:
                async for chunk in stream:
                    self.chunks.append(chunk)
        except APIError as error:
            self.raised = error
        return self


def asking(*words: str) -> llm.ChatContext:
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="You are a friendly companion. Answer in one short sentence.")
    for text in words:
        context.add_message(role="user", content=text)
    return context


@function_tool
async def play_song(title: str, loud: bool = False) -> str:
    """Plays a song.

    Args:
        title: the song's title
        loud: whether to play it loud
    """
    return f"playing {title}"
