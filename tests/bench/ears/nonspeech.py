"""Sound without a word in it: every transcript is a word that nobody said."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from livekit.agents import stt

from bench import report
from bench.ears.call import Call, calling
from bench.ears.figures import share, transcripts
from bench.ears.sound import Sound
from support.nonspeech import Clip, clips

STREAMS = 20
"""Streams at once, each at the pace of real time: a hundred clips take a good minute, and one stream 20."""

_SILENCE_S = 0.5
_PATIENCE_S = 5.0


@dataclass(frozen=True)
class Row:
    """One clip."""

    number: int
    kind: str
    duration_s: float
    heard: list[tuple[str, str]]
    """Type and text of every transcript that was not empty."""
    starts: int
    """How often it was taken for the start of speech; told and not judged."""
    flush_to_final_s: float | None
    late_s: float


async def measure(ears: stt.STT[Any], count: int) -> list[Row]:
    """`count` clips; a stream that has done with one takes the next, after a flush and half a second of silence."""
    waiting = iter(enumerate(await asyncio.to_thread(clips, count)))
    async with asyncio.TaskGroup() as group:
        streams = [group.create_task(_stream(ears, waiting), name=f"stream {place}") for place in range(STREAMS)]
    return sorted((row for stream in streams for row in stream.result()), key=lambda row: row.number)


async def _stream(ears: stt.STT[Any], waiting: Iterator[tuple[int, Clip]]) -> list[Row]:
    rows = []
    async with calling(ears) as call:
        for number, clip in waiting:
            rows.append(await _one(call, number, clip))
    return rows


async def _one(call: Call, number: int, clip: Clip) -> Row:
    sent = Sound(clip.samples, 0, len(clip.samples))
    turn = await call.say(sent, flush_after_s=0.0, patience_s=_PATIENCE_S, settle_s=_SILENCE_S)
    heard = [(event.type.value, event.text) for event in transcripts(turn.events)]
    for kind, text in heard:
        print(f"  {clip.kind} (clip {number}): {kind} {text!r}", flush=True)
    answered = turn.answered_at - turn.flushed_at if turn.answered_at and turn.flushed_at else None
    starts = sum(event.type is stt.SpeechEventType.START_OF_SPEECH for event in turn.events)
    return Row(number, clip.kind, clip.duration_s, heard, starts, answered, turn.late_s)


def bars(rows: list[Row]) -> list[report.Bar]:
    """No transcript of any type."""
    return [
        report.Bar(
            name=f"transcripts of {len(rows)} clips without speech",
            value=sum(len(row.heard) for row in rows),
            unit="",
            bound=0.0,
        ),
        report.Bar(name="clips without speech with words", value=sum(bool(row.heard) for row in rows), unit=""),
        report.Bar(name="clips without speech taken for speech", value=sum(row.starts > 0 for row in rows), unit=""),
        report.Bar(
            name="clips without speech: flushes answered, share",
            value=share([row.flush_to_final_s is not None for row in rows]),
            unit="",
            bound=1.0,
            must_be="at least",
        ),
        report.Bar(
            name="clips without speech: flush → FINAL, p95",
            value=report.percentile([row.flush_to_final_s for row in rows], 0.95),
        ),
        report.Bar(name="clips without speech: sending late, most", value=max(row.late_s for row in rows)),
    ]


def table(rows: list[Row]) -> str:
    """By kind."""
    lines = []
    for kind in dict.fromkeys(row.kind for row in rows):
        chosen = [row for row in rows if row.kind == kind]
        seconds = float(np.sum([row.duration_s for row in chosen]))
        transcribed, starts = sum(len(row.heard) for row in chosen), sum(row.starts for row in chosen)
        lines.append((kind, len(chosen), seconds, starts, transcribed))
    return report.table("Without speech", ("kind", "clips", "seconds", "starts of speech", "transcripts"), lines)


def as_json(rows: list[Row]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]
