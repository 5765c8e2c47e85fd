"""Several calls speaking at once, each on a stream of its own."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Any

from livekit.agents import stt

from bench import report
from bench.ears.call import Call, Turn, calling
from bench.ears.figures import share, word_errors
from bench.ears.sound import Utterance, sound

ROUNDS = 5
_APART_S = 0.2
"""All calls of a round begin within this."""

_BETWEEN_S = 0.5
_PATIENCE_S = 15.0
"""An answer that late is slow and not lost: the two are judged apart."""


@dataclass(frozen=True)
class Row:
    """One utterance of one call."""

    calls: int
    round: int
    text: str
    speech_s: float
    heard: str
    end_to_final_s: float | None
    late_s: float


async def measure(ears: stt.STT[Any], utterances: Sequence[Utterance], calls: int) -> list[Row]:
    """`ROUNDS` rounds. The utterances of one are about equally long, so that they also end together."""
    chosen = sorted(utterances[: ROUNDS * calls], key=lambda one: one.duration_s)
    rows: list[Row] = []
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(calling(ears)) for _ in range(calls)]
        for number in range(ROUNDS):
            said = chosen[number * calls : (number + 1) * calls]
            turns = await speak_at_once(lines, said)
            for utterance, turn in zip(said, turns, strict=True):
                took = turn.answered_at - turn.ended_at if turn.answered_at else None
                print(f"  {calls} calls  {report.cell(took)} s  {turn.text}", flush=True)
                rows.append(Row(calls, number, utterance.text, utterance.duration_s, turn.text, took, turn.late_s))
            await asyncio.sleep(_BETWEEN_S)
    return rows


async def speak_at_once(lines: Sequence[Call], utterances: Sequence[Utterance]) -> list[Turn]:
    """One utterance on each line, begun within `_APART_S`."""

    async def speak(place: int, line: Call, utterance: Utterance) -> Turn:
        await asyncio.sleep(_APART_S * place / len(lines))
        return await line.say(sound(utterance), patience_s=_PATIENCE_S)

    async with asyncio.TaskGroup() as group:
        speaking = [
            group.create_task(speak(place, line, utterance), name=f"call {place}")
            for place, (line, utterance) in enumerate(zip(lines, utterances, strict=True))
        ]
    return [task.result() for task in speaking]


def bars(rows: Sequence[Row]) -> list[report.Bar]:
    """Four calls are prompt; eight may be slow, and lose nothing."""
    few, many = ([row for row in rows if row.calls == calls] for calls in (4, 8))
    return [
        report.Bar(name="4 calls: end of speech → FINAL, p50", value=_percentile(few, 0.5)),
        report.Bar(name="4 calls: end of speech → FINAL, p95", value=_percentile(few, 0.95), bound=1.2),
        report.Bar(name="4 calls: utterances heard, share", value=_heard(few), unit="", bound=1.0, must_be="at least"),
        report.Bar(name="4 calls: word errors", value=_errors(few), unit="%"),
        report.Bar(name="8 calls: end of speech → FINAL, p50", value=_percentile(many, 0.5)),
        report.Bar(name="8 calls: end of speech → FINAL, p95", value=_percentile(many, 0.95)),
        report.Bar(name="8 calls: utterances heard, share", value=_heard(many), unit="", bound=1.0, must_be="at least"),
        report.Bar(name="8 calls: word errors", value=_errors(many), unit="%"),
        report.Bar(name="calls: sending late, most", value=max(row.late_s for row in rows)),
    ]


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def _percentile(rows: Sequence[Row], at: float) -> float | None:
    return report.percentile([row.end_to_final_s for row in rows], at)


def _heard(rows: Sequence[Row]) -> float | None:
    return share([bool(row.heard) for row in rows])


def _errors(rows: Sequence[Row]) -> float | None:
    return word_errors([(row.text, row.heard) for row in rows])
