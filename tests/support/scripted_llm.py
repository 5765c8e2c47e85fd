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
        await asyncio.sleep(self.delay_s)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for word in self.answer.split(" "):
            await response.write(_event({"role": "assistant", "content": f"{word} "}, None))
        await response.write(_event({}, "stop") + b"data: [DONE]\n\n")
        return response


@asynccontextmanager
async def scripted_model() -> AsyncIterator[ScriptedModel]:
    model = ScriptedModel()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", model._chat)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        model.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield model
    finally:
        await runner.cleanup()


def _event(delta: dict[str, str], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _text(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
