"""A LiveKit chat context as Ollama's messages."""

import base64
from collections.abc import Mapping
from typing import Any

from livekit.agents import APIError, llm

_ROLES: Mapping[str, str] = {"developer": "system"}
"""Roles that Ollama has under another name."""


def to_ollama_messages(chat_ctx: llm.ChatContext) -> list[dict[str, Any]]:
    """Messages for `/api/chat`, oldest first.

    Ollama tells a tool's result from others by the tool's name, where LiveKit has the call's id;
    arguments are JSON objects, not text; images are raw bytes beside the text.

    Raises:
        APIError: an image is given by its address, which Ollama does not fetch. Not retryable.
    """
    messages, _ = chat_ctx.to_provider_format("openai")
    tool_names: dict[str, str] = {}
    converted: list[dict[str, Any]] = []
    for message in messages:
        calls = message.get("tool_calls") or []
        tool_names |= {call["id"]: call["function"]["name"] for call in calls}
        text, images = _content(message.get("content"))
        entry: dict[str, Any] = {"role": _ROLES.get(message["role"], message["role"]), "content": text}
        if images:
            entry["images"] = images
        if calls:
            entry["tool_calls"] = [{"function": _function(call["function"])} for call in calls]
        if message["role"] == "tool":
            entry["tool_name"] = tool_names.get(message["tool_call_id"], "")
        elif not (text or images or calls):
            continue
        converted.append(entry)
    return converted


def has_images(chat_ctx: llm.ChatContext) -> bool:
    """Whether converting the context encodes images, which takes tens of milliseconds each."""
    return any(
        isinstance(content, llm.ImageContent)
        for item in chat_ctx.items
        if item.type == "message"
        for content in item.content
    )


def _content(content: str | list[dict[str, Any]] | None) -> tuple[str, list[bytes]]:
    if content is None or isinstance(content, str):
        return content or "", []
    text = "".join(part["text"] for part in content if part["type"] == "text")
    return text, [_image(part["image_url"]["url"]) for part in content if part["type"] == "image_url"]


def _image(url: str) -> bytes:
    if not url.startswith("data:"):
        raise APIError(
            "Ollama does not fetch images by address: put the image itself (a data URL or a video frame) into the chat",
            retryable=False,
        )
    return base64.b64decode(url.partition(",")[2])


def _function(function: Mapping[str, str]) -> dict[str, Any]:
    try:
        arguments = llm.utils.parse_function_arguments(function["arguments"] or "{}")
    except ValueError:
        # The call is history and has its result: what the model meant cannot be known any more.
        arguments = {}
    return {"name": function["name"], "arguments": arguments}
