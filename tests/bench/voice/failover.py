"""A replica that stalls before its first sound, and one that is killed in mid-sentence; another goes on."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp

from bench import report
from bench.voice.clients import ours, voice
from bench.voice.heard import Heard, Played, speak
from bench.voice.paced import Pace, PacedServer, exchanges, paced_server
from bench.voice.replies import Reply
from bench.voice.sound import sound, speech_s
from livekit.plugins.gpt_sovits import spoken
from livekit.plugins.gpt_sovits.clauses import ClauseCutter

_FIRST_BYTE_S = 0.5
_WITHIN_S = 0.5
_FACTOR = 0.3
_SLOW_FACTOR = 0.45
"""Little is in hand when a replica is killed."""
_FIRST_PIECE_S = 0.35
_LONG_CLAUSE_S = 1.2
_AT_ONCE = 3


@dataclass(frozen=True)
class Stall:
    """Seconds after the deadline of the replica that stalled; None where it did not come to that."""

    asked_s: float | None
    """Until the other replica was asked."""
    audio_s: float | None
    """Until the first frame, with what the other replica itself took to its first sample."""
    server_s: float | None
    """That."""


@dataclass(frozen=True)
class Killing:
    """A reply whose replica was killed while it sent the first clause."""

    gap_s: float
    """The longest moment without sound to play."""
    said: bool
    """Whether every clause was heard to its end."""
    failure: str


async def stalls(server: PacedServer, session: aiohttp.ClientSession, replies: Sequence[Reply]) -> list[Stall]:
    rows = []
    for number, reply in enumerate(replies):
        first = server.replica(Pace(name=f"stalls-{number}", real_time_factor=_FACTOR, stalls_after=1))
        second = server.replica(Pace(name=f"helps-{number}", real_time_factor=_FACTOR))
        await _warm([first, second], reply, session)
        async with ours([first, second], reply.language, session, first_byte_s=_FIRST_BYTE_S) as tts:
            heard = await speak(tts, [reply.text], first_only=True)
        asked, helped = (await exchanges(first))[1:], (await exchanges(second))[1:]
        if not (asked and helped and heard.pieces):
            rows.append(Stall(None, None, None))
            continue
        deadline = asked[0].asked_at + _FIRST_BYTE_S
        rows.append(
            Stall(helped[0].asked_at - deadline, heard.pieces[0].at - deadline, helped[0].first_at - helped[0].asked_at)
        )
    return rows


async def killings(server: PacedServer, session: aiohttp.ClientSession, replies: Sequence[Reply]) -> list[Killing]:
    """Of those replies whose first clause is long enough to be broken off."""
    moments, room, rows = random.Random(11), asyncio.Semaphore(_AT_ONCE), list[Killing]()

    async def one(number: int, reply: Reply) -> None:
        async with room, paced_server() as victim:
            first = victim.replica(Pace(name="victim", real_time_factor=_SLOW_FACTOR))
            second = server.replica(Pace(name=f"heir-{number}", real_time_factor=_SLOW_FACTOR))
            await _warm([first, second], reply, session)
            async with ours([first, second], reply.language, session) as tts:
                speaking = asyncio.create_task(speak(tts, [reply.text]), name="reply")
                await asyncio.sleep(moments.uniform(_FIRST_PIECE_S, speech_s(_clauses(reply)[0]) * _SLOW_FACTOR))
                victim.kill()
                heard = await speaking
        again = (await exchanges(second))[1:]
        if again and again[0].text == _clauses(reply)[0]:  # else the clause was through already
            rows.append(_killing(reply, heard))

    async with asyncio.TaskGroup() as group:
        for number, reply in enumerate(replies):
            if speech_s(_clauses(reply)[0]) >= _LONG_CLAUSE_S:
                group.create_task(one(number, reply), name="reply")
    return rows


def _killing(reply: Reply, heard: Heard) -> Killing:
    played = Played(heard.pieces)
    spans = played.spans([sound(text) for text in _clauses(reply)])
    return Killing(max((seconds for _, seconds in played.underruns), default=0.0), None not in spans, heard.failure)


async def _warm(urls: Sequence[str], reply: Reply, session: aiohttp.ClientSession) -> None:
    """One after the other: the one that spoke longest ago is asked first."""
    for url in urls:
        async with ours(url, reply.language, session) as tts:
            failures = await tts.pool.warm_up([voice(reply.language)])
            assert not failures, failures


def _clauses(reply: Reply) -> list[str]:
    cutter = ClauseCutter()
    return [spoken(clause.text, reply.language) for clause in (*cutter.push(reply.text), *cutter.flush())]


def bars(stalled: Sequence[Stall], killed: Sequence[Killing]) -> list[report.Bar]:
    late = [row.audio_s for row in stalled]
    told = [row.gap_s for row in killed]
    return [
        report.Bar(
            name="failover: first-byte deadline to first audio, p95",
            value=None if None in late else report.percentile(late, 0.95),
            bound=_WITHIN_S,
        ),
        report.Bar(name="killed in mid-sentence: gap heard, p50", value=report.percentile(told, 0.5)),
        report.Bar(name="killed in mid-sentence: gap heard, p95", value=report.percentile(told, 0.95)),
        report.Bar(
            name="killed in mid-sentence: replies said to their end",
            value=100 * sum(row.said for row in killed) / len(killed) if killed else None,
            unit="%",
            bound=100.0,
            must_be="at least",
        ),
    ]


def table(stalled: Sequence[Stall], killed: Sequence[Killing]) -> str:
    columns = {
        "deadline to the other replica asked": [row.asked_s for row in stalled],
        "deadline to first audio": [row.audio_s for row in stalled],
        "of it the other replica's own": [row.server_s for row in stalled],
        "killed in mid-sentence: gap heard": [row.gap_s for row in killed],
    }
    lines = [(name, *report.spread(values).values()) for name, values in columns.items()]
    return report.table("Replicas that fail, s", ("figure", "runs", "p50", "p95", "least", "most"), lines)


def as_json(stalled: Sequence[Stall], killed: Sequence[Killing]) -> dict[str, Any]:
    return {"stalls": [asdict(row) for row in stalled], "killings": [asdict(row) for row in killed]}
