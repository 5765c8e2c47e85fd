"""One answer, as it comes."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, cast

from livekit.agents import APIConnectionError, APIConnectOptions, APITimeoutError, llm, utils

import ollama

from .context import ContextWatch
from .errors import livekit_errors
from .messages import has_images, to_ollama_messages
from .options import Options
from .thinking import ThinkFilter
from .tools import to_ollama_tools


class LLMStream(llm.LLMStream):
    """One answer. Closing it closes the connection, which makes Ollama stop generating."""

    def __init__(
        self,
        llm_: llm.LLM[Any],
        *,
        opts: Options,
        client: ollama.AsyncClient,
        context: ContextWatch,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        conn_options: APIConnectOptions,
        parallel_tool_calls: bool,
        extra_kwargs: Mapping[str, Any],
    ) -> None:
        super().__init__(llm_, chat_ctx=chat_ctx, tools=tools, conn_options=conn_options)
        # Words that went out have been spoken: a second try would say them again.
        self._retry_on_chunk_sent = False
        self._opts = opts
        self._client = client
        self._context = context
        self._parallel_tool_calls = parallel_tool_calls
        self._extra_kwargs = extra_kwargs

    async def _run(self) -> None:
        opts = self._opts
        request_id = utils.shortuuid("chat_")
        thinking = ThinkFilter()
        called = done = progressed = False
        loop = asyncio.get_running_loop()
        first_s = self._conn_options.timeout if opts.first_token_timeout_s is None else opts.first_token_timeout_s
        stall_s = self._conn_options.timeout if opts.stall_timeout_s is None else opts.stall_timeout_s

        with livekit_errors(url=opts.base_url, model=opts.model):
            messages = await self._messages()
            responses = await self._request(messages)
            try:
                async with aclosing(responses), asyncio.timeout(first_s) as deadline:
                    async for response in responses:
                        message = response.message
                        text = thinking.push(message.content or "")
                        calls = [] if called and not self._parallel_tool_calls else _tool_calls(message)
                        if not self._parallel_tool_calls:
                            calls = calls[:1]
                        called = called or bool(calls)
                        if response.done:
                            done = True
                            text += thinking.flush()
                        if text or calls:
                            self._emit(request_id, text, calls)
                        if response.done:
                            self._emit_usage(request_id, response)
                            self._context.answered(messages, response.prompt_eval_count or 0)
                        # With thinking wanted, thinking is progress; unwanted, it is only silence.
                        if progressed or text or calls or (opts.think and message.thinking):
                            progressed = True
                            deadline.reschedule(loop.time() + stall_s)
            except TimeoutError:
                raise APITimeoutError(_late(opts, first_s, stall_s, progressed)) from None
            if not done:
                raise APIConnectionError(f"Ollama at {opts.base_url} ended its answer halfway: see its log")

    async def _messages(self) -> list[dict[str, Any]]:
        if has_images(self._chat_ctx):
            return await asyncio.to_thread(to_ollama_messages, self._chat_ctx)
        return to_ollama_messages(self._chat_ctx)

    async def _request(self, messages: list[dict[str, Any]]) -> AsyncGenerator[ollama.ChatResponse, None]:
        extra = dict(self._extra_kwargs)
        request: dict[str, Any] = {
            "tools": to_ollama_tools(self._tools),
            "think": self._opts.think,
            "keep_alive": self._opts.keep_alive,
            "options": {**self._opts.model_options, **extra.pop("options", {})},
            **extra,
        }
        responses = await self._client.chat(self._opts.model, messages, stream=True, **request)
        return cast("AsyncGenerator[ollama.ChatResponse, None]", responses)

    def _emit(self, request_id: str, text: str, calls: list[llm.FunctionToolCall]) -> None:
        delta = llm.ChoiceDelta(role="assistant", content=text or None, tool_calls=calls)
        self._event_ch.send_nowait(llm.ChatChunk(id=request_id, delta=delta))

    def _emit_usage(self, request_id: str, response: ollama.ChatResponse) -> None:
        prompt, completion = response.prompt_eval_count or 0, response.eval_count or 0
        usage = llm.CompletionUsage(
            prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion
        )
        self._event_ch.send_nowait(llm.ChatChunk(id=request_id, usage=usage))


def _tool_calls(message: ollama.Message) -> list[llm.FunctionToolCall]:
    """Calls with ids of our own: Ollama's client drops those of the server."""
    return [
        llm.FunctionToolCall(
            name=call.function.name,
            arguments=json.dumps(call.function.arguments, ensure_ascii=False),
            call_id=utils.shortuuid("call_"),
        )
        for call in message.tool_calls or ()
    ]


def _late(opts: Options, first_s: float, stall_s: float, progressed: bool) -> str:
    what = (
        f"stopped for {stall_s:g} s in the middle of its answer" if progressed else f"had no word after {first_s:g} s"
    )
    return (
        f"{opts.model!r} of Ollama at {opts.base_url} {what}: `ollama ps` shows whether it is loaded and where it runs"
    )
