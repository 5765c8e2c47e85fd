"""A language model with OpenAI's interface that answers what it is told to, as late as it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class ScriptedModel:
    """A server on a loopback port, for the `openai` provider."""

    url: str = ""
    answer: str = "That is lovely to hear."
    delay_s: float = 0.0
    """Before the first word."""
    between_s: float = 0.0
    """Before each further word."""
    status: int = 200
    """Other than 200: every request is refused with it."""
    breaks_after: int | None = None
    """Words, behind which the connection breaks."""
    sent: int = 0
    """Words of the last answer that found a reader."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """A reader has left in the middle of an answer."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Every request's body, in order."""

    @property
    def environment(self) -> dict[str, str]:
        return {"LLM_PROVIDER": "openai", "OPENAI_MODEL": "scripted", "OPENAI_BASE_URL": self.url}

    def told(self, role: str) -> list[str]:
        """What the last request's messages of one role say."""
        messages = self.requests[-1]["messages"] if self.requests else []
        return [_text(message["content"]) for message in messages if message["role"] == role]

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(await request.json())
        if self.status != 200:
            return web.json_response({"error": {"message": "scripted"}}, status=self.status)
        self.sent = 0
        try:
            return await self._write(request)
        except (ConnectionError, asyncio.CancelledError):
            self.left.set()
            raise

    async def _write(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self.delay_s)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.force_close()  # no connection outlives its test
        await response.prepare(request)
        words = self.answer.split(" ")
        for number, word in enumerate(words):
            if number:
                await asyncio.sleep(self.between_s)
            if number == self.breaks_after:
                assert request.transport
                request.transport.abort()
            await response.write(_event({"role": "assistant", "content": f"{word} "}, None))
            self.sent += 1
        await response.write(_event({}, "stop") + _usage(len(words)) + b"data: [DONE]\n\n")
        return response


@asynccontextmanager
async def scripted_model() -> AsyncIterator[ScriptedModel]:
    model = ScriptedModel()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", model._chat)
    app.on_response_prepare.append(_close_afterwards)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        model.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield model
    finally:
        await runner.cleanup()


async def _close_afterwards(_: web.Request, response: web.StreamResponse) -> None:
    """Whoever asks may outlive the test that they ask in, and would keep a connection open behind its end."""
    response.force_close()


def _event(delta: dict[str, str], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _usage(words: int) -> bytes:
    usage = {"prompt_tokens": 7, "completion_tokens": words, "total_tokens": 7 + words}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": []}
    return f"data: {json.dumps(chunk | {'usage': usage})}\n\n".encode()


def _text(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
