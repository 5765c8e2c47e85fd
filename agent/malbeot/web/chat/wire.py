"""OpenAI's shapes: a whole completion, and the chunks of a streamed one."""

import json
import secrets
import time
from typing import Any

from livekit.agents import llm


class Wire:
    """One completion's. `model` is what the request called it."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._id = f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(time.time())

    def completion(self, text: str, *, finish_reason: str, usage: llm.CompletionUsage) -> dict[str, Any]:
        """A whole one."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
        return self._head("chat.completion") | {"choices": [choice], "usage": _usage(usage)}

    def chunk(self, delta: dict[str, str], *, finish_reason: str | None = None) -> str:
        """A piece of a streamed one."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return to_json(self._head("chat.completion.chunk") | {"choices": [choice]})

    def usage_chunk(self, usage: llm.CompletionUsage) -> str:
        """The last piece, for who asked for it."""
        return to_json(self._head("chat.completion.chunk") | {"choices": [], "usage": _usage(usage)})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}


def _usage(usage: llm.CompletionUsage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }


_LINE_ENDS = str.maketrans({end: f"\\u{ord(end):04x}" for end in "\u0085\u2028\u2029"})
"""JSON leaves them as they are, and some readers of events take them for the end of a line."""


def to_json(body: dict[str, Any]) -> str:
    """On one line, whoever reads it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).translate(_LINE_ENDS)
