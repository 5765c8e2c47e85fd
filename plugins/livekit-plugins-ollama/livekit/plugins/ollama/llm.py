"""The language model."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from livekit.agents import APIError, llm
from livekit.agents.llm import ToolChoice
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, NotGivenOr
from livekit.agents.utils import is_given

import ollama

from .context import ContextWatch
from .errors import livekit_errors
from .log import logger
from .messages import to_ollama_messages
from .options import Options, Think, create_client
from .stream import LLMStream


class LLM(llm.LLM[Literal["metrics_collected", "error"]]):
    """A model of an Ollama server."""

    def __init__(
        self,
        *,
        model: str,
        base_url: str = "http://127.0.0.1:11434",
        keep_alive: float | str = "30m",
        num_ctx: int = 4096,
        think: Think = False,
        temperature: float | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        repeat_penalty: float | None = None,
        seed: int | None = None,
        stop: Sequence[str] | None = None,
        num_predict: int | None = None,
        options: Mapping[str, Any] | None = None,
        first_token_timeout_s: float | None = None,
        stall_timeout_s: float | None = None,
        load_timeout_s: float = 300.0,
        client: ollama.AsyncClient | None = None,
    ) -> None:
        """
        Args:
            model: as `ollama list` shows it.
            base_url: the server's address.
            keep_alive: how long the model stays loaded after an answer: seconds, or Ollama's text
                ("30m"); below zero for ever. Ollama's own default of five minutes unloads it
                between two calls, and loading can take more than 30 s.
            num_ctx: tokens of context. What does not fit is dropped by Ollama, oldest turn first.
            think: whether a thinking model thinks before it answers. Thinking is never spoken.
            temperature, top_p, top_k, repeat_penalty, seed, stop: sampling; None leaves the model's own.
            num_predict: the longest answer, in tokens.
            options: further options of Ollama's, such as `num_gpu`, `num_thread` or `min_p`.
            first_token_timeout_s: how long the first word may take, counted from the request.
                None takes the `timeout` of the request's connection options.
            stall_timeout_s: how long the next piece may take. None as above.
            load_timeout_s: how long `prewarm` waits for the model to load.
            client: a client to use instead of an own one; it is left open by `aclose`.
        """
        super().__init__()
        given = {
            "temperature": temperature,
            "top_p": top_p,
            "top_k": top_k,
            "repeat_penalty": repeat_penalty,
            "seed": seed,
            "stop": list(stop) if stop is not None else None,
            "num_predict": num_predict,
            **(options or {}),
            "num_ctx": num_ctx,
        }
        self._opts = Options(
            model=model,
            base_url=base_url.rstrip("/"),
            keep_alive=keep_alive,
            think=think,
            model_options={name: value for name, value in given.items() if value is not None},
            first_token_timeout_s=first_token_timeout_s,
            stall_timeout_s=stall_timeout_s,
        )
        self._load_timeout_s = load_timeout_s
        self._owns_client = client is None
        self._client = client or create_client(self._opts.base_url)
        self._context = ContextWatch(model=model, num_ctx=num_ctx)

    @property
    def model(self) -> str:
        return self._opts.model

    @property
    def provider(self) -> str:
        return "ollama"

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> LLMStream:
        """Starts an answer.

        Ollama cannot be made to call a tool: a `tool_choice` of "none" sends no tools, one that
        names a function sends only that one, and "required" sends all, like "auto".

        Args:
            extra_kwargs: further arguments of `ollama.AsyncClient.chat` for this request, such as
                `format` (a JSON schema); `options` are merged into those of the constructor.
        """
        return LLMStream(
            self,
            opts=self._opts,
            client=self._client,
            context=self._context,
            chat_ctx=chat_ctx,
            tools=_chosen(tools or [], tool_choice),
            conn_options=conn_options,
            parallel_tool_calls=parallel_tool_calls if is_given(parallel_tool_calls) else True,
            extra_kwargs=extra_kwargs if is_given(extra_kwargs) else {},
        )

    async def read(self, chat_ctx: llm.ChatContext) -> None:
        """Has the server read a conversation beforehand: an answer to what begins with it then comes sooner.

        It may be cancelled at any time. It asks for one token, and not as a stream: of one that its client leaves at
        its first word, Ollama 0.24 was once seen to keep the model's only place for ever. Raises `APIError`.
        """
        opts = self._opts
        with livekit_errors(url=opts.base_url, model=opts.model):
            await self._client.chat(
                opts.model,
                await asyncio.to_thread(to_ollama_messages, chat_ctx),
                think=opts.think,
                options={**opts.model_options, "num_predict": 1},
                keep_alive=opts.keep_alive,
            )

    async def _prewarm_impl(self) -> None:
        """Loads the model, so that the first turn does not wait for it. A failure is one line in the log."""
        opts = self._opts
        try:
            with livekit_errors(url=opts.base_url, model=opts.model):
                async with asyncio.timeout(self._load_timeout_s):
                    # A chat without messages loads the model and generates nothing.
                    await self._client.chat(
                        opts.model, messages=[], options=opts.model_options, keep_alive=opts.keep_alive
                    )
                    loaded = (await self._client.ps()).models
        except APIError as error:
            logger.warning("the language model could not be loaded beforehand: %s", error.message)
            return
        names = (opts.model, f"{opts.model}:latest")
        self._context.loaded(next((found.context_length for found in loaded if found.model in names), None))

    async def aclose(self) -> None:
        await super().aclose()
        if self._owns_client:
            await self._client.close()  # type: ignore[no-untyped-call]


def _chosen(tools: list[llm.Tool], choice: NotGivenOr[ToolChoice]) -> list[llm.Tool]:
    if not is_given(choice):
        return tools
    if choice == "none":
        return []
    if isinstance(choice, dict):
        named = llm.ToolContext(tools).get_function_tool(choice["function"]["name"])
        return [named] if named is not None else []
    return tools
