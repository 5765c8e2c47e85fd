"""Each turn's timings as JSON lines, for benchmarks and operators. No word of what was said."""

import json
import time
from pathlib import Path

from livekit.agents import AgentSession, ConversationItemAddedEvent, llm


def write_turn_metrics(session: AgentSession[None], room: str, path: Path) -> None:
    """Appends `{"room", "at", "role", "metrics"}` to `path` for every message added to the conversation.

    `at` is Unix time in seconds; `metrics` are livekit-agents' own (`llm.MetricsReport`), in seconds.
    """

    def on_item(event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, llm.ChatMessage):
            return
        line = {"room": room, "at": time.time(), "role": item.role, "metrics": dict(item.metrics)}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    session.on("conversation_item_added", on_item)
