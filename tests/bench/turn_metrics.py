"""Reads the timings of each turn that a worker with METRICS_FILE writes, and places them after the end of speech."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TOLERANCE_S = 0.2
"""The companion's sound is on its way for 0.1 s or so, and both clocks are one machine's."""


@dataclass(frozen=True)
class Message:
    """One message of a conversation: when it was added (Unix time) and livekit-agents' own `MetricsReport` of it.

    The last of a call has the role "call": what was counted in it.
    """

    room: str
    at: float
    role: str
    metrics: dict[str, Any]


@dataclass(frozen=True)
class Stages:
    """Seconds after the caller's last speech sample was sent; None for what the worker did not tell.

    `first_token_s` takes for the language model's start the final text, on which preemptive
    generation starts it, and is the truth as long as no reply begun early was thrown away.
    """

    final_text_s: float | None = None
    turn_called_s: float | None = None
    first_token_s: float | None = None
    first_audio_s: float | None = None


def read(path: Path, room: str | None = None) -> list[Message]:
    """The messages of one room's call, or of all. A file that is not there has none."""
    if not path.exists():
        return []
    messages = [Message(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    return [message for message in messages if room is None or message.room == room]


def work(messages: Iterable[Message]) -> dict[str, float | None]:
    """What the calls that are over spent on answers, in seconds; a share is all of it to what was of use.

    Extra is what was thrown away unheard, and what the language model read ahead.
    """
    calls = [message.metrics for message in messages if message.role == "call"]

    def sum_of(name: str) -> float:
        return sum(float(call[name]) for call in calls)

    model, voice = sum_of("model_used_s"), sum_of("voice_used_s")
    extra_model, extra_voice = sum_of("model_extra_s"), sum_of("voice_extra_s")
    return {
        "begun_early": sum(call["begun_early"] for call in calls),
        "used_s": model + voice,
        "extra_s": extra_model + extra_voice,
        "read_ahead_s": sum_of("read_ahead_s"),
        "share": _share(model + voice, extra_model + extra_voice),
        "model_share": _share(model, extra_model),
        "voice_share": _share(voice, extra_voice),
    }


def _share(used: float, extra: float) -> float | None:
    return (used + extra) / used if used else None


def stages(messages: Iterable[Message], *, asked_at: float, heard_at: float) -> Stages:
    """The stages of the turn whose question ended at `asked_at` and whose answer was heard from `heard_at` on.

    Both in Unix time, by the caller.
    """
    asked: dict[str, Any] = {}
    answered: dict[str, Any] = {}
    for message in messages:
        began = message.metrics.get("started_speaking_at")
        if message.role == "user" and asked_at - _TOLERANCE_S < message.at <= heard_at:
            asked = message.metrics
        if message.role == "assistant" and began and asked_at <= began <= heard_at + _TOLERANCE_S:
            answered = message.metrics
    ended = asked.get("stopped_speaking_at")
    final_text = _sum(ended, asked.get("transcription_delay"))
    return Stages(
        final_text_s=_sum(final_text, -asked_at),
        turn_called_s=_sum(ended, asked.get("end_of_turn_delay"), -asked_at),
        first_token_s=_sum(final_text, answered.get("llm_node_ttft"), -asked_at),
        first_audio_s=_sum(answered.get("started_speaking_at"), -asked_at),
    )


def _sum(*parts: float | None) -> float | None:
    return None if any(part is None for part in parts) else sum(part for part in parts if part is not None)
