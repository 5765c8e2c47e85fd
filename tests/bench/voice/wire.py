"""What a client takes for itself: from the server's first sample to the first frame, and from leaving to its end.

The server's times are those at which it wrote the sample and saw the connection close, by the same machine's clock.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp

from bench import report
from bench.voice.clients import CLIENTS, OURS, client
from bench.voice.heard import speak, write
from bench.voice.paced import Pace, PacedServer, exchanges
from bench.voice.replies import Reply

_DELAY_S = 0.01
_CLOSED_S = 0.05
_STREAMING = CLIENTS[:2]
"""One that waits for the whole has no first sample of its own."""


@dataclass(frozen=True)
class Row:
    """What one reply took one client, in seconds; None where it was not seen."""

    client: str
    took_s: float | None


async def delays(server: PacedServer, session: aiohttp.ClientSession, replies: Sequence[Reply]) -> list[Row]:
    """From the first sample that the server writes to the first frame."""
    rows = []
    for name in _STREAMING:
        url = server.replica(Pace(name=name, real_time_factor=0.1))
        voices = {language: client(name, url, language, session) for language in ("ko", "en")}
        firsts: list[float | None] = []
        for reply in (*replies[:2], *replies):  # the first in each language loads what is loaded once
            before = len(await exchanges(url))
            heard = await speak(voices[reply.language], [reply.text], first_only=True)
            asked = (await exchanges(url))[before]
            firsts.append(heard.pieces[0].at - asked.first_at if heard.pieces else None)
        rows += [Row(name, took_s) for took_s in firsts[2:]]
        for voice in voices.values():
            await voice.aclose()
    return rows


async def leavings(server: PacedServer, session: aiohttp.ClientSession, replies: Sequence[Reply]) -> list[Row]:
    """From `aclose` of a stream that speaks to the server's sight of the closed connection.

    The server is hardly faster than speech, so that it is always at work when the listener leaves.
    """
    rows, moments = [], random.Random(7)
    for name in _STREAMING:
        for number, reply in enumerate(replies):
            url = server.replica(Pace(name=f"{name}-left-{number}", real_time_factor=0.8))
            voice = client(name, url, reply.language, session)
            stream = voice.stream()
            await write(stream, [reply.text], None)
            await anext(stream)
            await asyncio.sleep(moments.uniform(0.05, 0.6))
            left_at = time.monotonic()
            await stream.aclose()
            await asyncio.sleep(0.1)
            last = (await exchanges(url))[-1]
            if not last.ended_at or last.ended_at > left_at:  # else it was between two requests
                rows.append(Row(name, last.left_at - left_at if last.left_at else None))
            await voice.aclose()
    return rows


def bars(name: str, rows: Sequence[Row]) -> list[report.Bar]:
    """`name`: "delay" or "leaving"."""
    what, bound = {
        "delay": ("server's first sample to first frame", _DELAY_S),
        "leaving": ("leaving to connection closed", _CLOSED_S),
    }[name]
    found = []
    for who in _STREAMING:
        took = [row.took_s for row in rows if row.client == who]
        value = None if None in took else report.percentile(took, 0.95)
        found.append(
            report.Bar(
                name=f"{what}, {who}, p95",
                value=None if value is None else value * 1000,
                unit="ms",
                bound=bound * 1000 if who == OURS else None,
            )
        )
    return found


def table(title: str, rows: Sequence[Row]) -> str:
    lines = []
    for who in _STREAMING:
        took = report.spread([None if row.took_s is None else row.took_s * 1000 for row in rows if row.client == who])
        lines.append((who, *took.values()))
    return report.table(title, ("client", "replies", "p50", "p95", "least", "most"), lines)


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]
