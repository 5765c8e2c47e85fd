"""Each turn's timings as JSON lines, for benchmarks and operators. No word of what was said."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from livekit.agents import AgentSession, ConversationItemAddedEvent, llm


def write_turn_metrics(
    session: AgentSession[None], room: str, path: Path, call: Callable[[], Mapping[str, float]] | None = None
) -> None:
    """Appends `{"room", "at", "role", "metrics"}` to `path` for every message added to the conversation.

    `at` is Unix time in seconds; `metrics` are livekit-agents' own (`llm.MetricsReport`), in seconds. When the call is
    over one more with the role "call" holds what `call` gives, where that is given.
    """

    def write(role: str, metrics: Mapping[str, Any]) -> None:
        line = {"room": room, "at": time.time(), "role": role, "metrics": dict(metrics)}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def on_item(event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, llm.ChatMessage):
            write(item.role, item.metrics)

    session.on("conversation_item_added", on_item)
    if call:
        session.once("close", lambda _: write("call", call()))
