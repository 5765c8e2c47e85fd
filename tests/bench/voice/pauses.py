"""The silence that is heard between clauses, and how much of it nobody intended.

Replies are played by a player that begins with the first frame. The silence between two clauses is the time from the
last sound of one to the first sound of the next: silence in the samples and moments without samples alike. What each
clause sounds like on its own is known, so its ends are found in what came, whatever pauses speech has within.

The adapter plays the server's own silences around a sentence: on the paced server 0.5 s, of which 0.3 s is
`fragment_interval`.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import aiohttp

from bench import report
from bench.voice.clients import ADAPTER, CLIENTS, OURS, ours, plain, request
from bench.voice.heard import TOKENS_A_SECOND, Heard, LoopWatch, Played, speak
from bench.voice.paced import Pace, PacedServer
from bench.voice.plain import adapted
from bench.voice.replies import Reply
from bench.voice.sound import Samples, sound
from livekit.plugins.gpt_sovits import spoken
from livekit.plugins.gpt_sovits.clauses import QUESTION_PAUSE_S, SENTENCE_PAUSE_S, ClauseCutter
from support.standin import Standin

FACTORS = (0.2, 0.45)
_AT_ONCE = 4
_BEYOND_S = 0.03
_WORKED_S = 0.02
_STAND_IN = "stand-in"
_STREAMING = CLIENTS[:2]


@dataclass(frozen=True)
class Row:
    """One reply by one client."""

    condition: str
    client: str
    language: str
    text: str
    silences: list[tuple[float | None, float]]
    """Between its clauses: what was heard, None where a clause was not found in the sound; what was intended."""
    within_s: float
    """Moments with nothing to play within clauses, in all."""
    failure: str

    @property
    def beyond(self) -> list[float | None]:
        return [None if heard is None else heard - intended for heard, intended in self.silences]


@dataclass(frozen=True)
class Measured:
    rows: list[Row]
    worked_s: float
    """The longest that the event loop worked without a turn, while ours spoke with the paced server."""
    late_s: float


async def measure(
    server: PacedServer, standin: Standin, session: aiohttp.ClientSession, replies: Sequence[Reply]
) -> Measured:
    """With the paced server, several replies at once and a replica each; then with the stand-in, one by one."""
    watch = LoopWatch()
    room = asyncio.Semaphore(_AT_ONCE)
    paced: list[tuple[str, _Reading]] = []

    async def one(name: str, factor: float, number: int, reply: Reply) -> None:
        url = server.replica(Pace(name=f"{name}-{number}", real_time_factor=factor))
        async with room:
            reading = await _read(name, url, session, reply, TOKENS_A_SECOND[number // 2 % 2])
        paced.append((f"factor {factor:g}", reading))

    for reply in replies[:2]:  # what is loaded once in each language
        await _read(OURS, server.replica(Pace(name="loads")), session, reply, max(TOKENS_A_SECOND))
    for name in _STREAMING:
        async with watch.watching() if name == OURS else contextlib.nullcontext(), asyncio.TaskGroup() as group:
            for factor, (number, reply) in product(FACTORS, enumerate(replies)):
                group.create_task(one(name, factor, number, reply), name="reply")
    # Only now, as it takes long and would be counted as the event loop's work.
    rows = [_row(condition, reading, {text: sound(text) for text, _ in reading.said()}) for condition, reading in paced]
    for reply, name in product(replies, _STREAMING):
        reading = await _read(name, standin.url, session, reply, max(TOKENS_A_SECOND))
        rows.append(
            _row(_STAND_IN, reading, {text: await _rendering(standin, reply, text) for text, _ in reading.said()})
        )
    return Measured(rows, watch.worked_s, watch.late_s)


@dataclass(frozen=True)
class _Reading:
    """One reply by one client, as it was heard."""

    client: str
    reply: Reply
    heard: Heard
    asked: Sequence[str]
    """What the adapter asked for."""

    def said(self) -> list[tuple[str, float]]:
        """What was asked of the server, in order, and the pause that belongs behind each."""
        if self.client != OURS:
            return [(text, _sentence_pause(text)) for text in self.asked]
        cutter = ClauseCutter()
        clauses = (*cutter.push(self.reply.text), *cutter.flush())
        return [(spoken(clause.text, self.reply.language), clause.pause_s) for clause in clauses]


async def _read(name: str, url: str, session: aiohttp.ClientSession, reply: Reply, tokens_a_second: int) -> _Reading:
    if name == OURS:
        async with ours(url, reply.language, session) as voice:
            heard = await speak(voice, reply.tokens, tokens_a_second=tokens_a_second)
        return _Reading(name, reply, heard, ())
    client = plain(url, reply.language, session)
    heard = await speak(adapted(client), reply.tokens, tokens_a_second=tokens_a_second)
    return _Reading(name, reply, heard, client.asked)


async def _rendering(standin: Standin, reply: Reply, text: str) -> Samples:
    """What the stand-in makes of it, asked as both clients ask."""
    return (await standin.tts(**request(reply.language), text=text)).samples


def _sentence_pause(text: str) -> float:
    """The same as ours intends there."""
    return QUESTION_PAUSE_S if text.endswith("?") else SENTENCE_PAUSE_S


def _row(condition: str, reading: _Reading, known: Mapping[str, Samples]) -> Row:
    """`known`: what the server makes of each text."""
    played, reply, said = Played(reading.heard.pieces), reading.reply, reading.said()
    renderings = [known[text] for text, _ in said]
    silences = [(silence, pause) for silence, (_, pause) in zip(played.silences_s(renderings), said, strict=False)]
    within_s = played.missing_s(renderings)
    return Row(condition, reading.client, reply.language, reply.text, silences, within_s, reading.heard.failure)


def bars(measured: Measured) -> list[report.Bar]:
    own = [row for row in measured.rows if row.client == OURS]
    found = []
    for condition in _conditions(own):
        beyond = [value for row in own if row.condition == condition for value in row.beyond]
        found.append(_ms(f"silence beyond the pause, {condition}, p95", report.percentile(beyond, 0.95), _BEYOND_S))
    lost = sum(value is None for row in own for value in row.beyond) + sum(bool(row.failure) for row in own)
    return [
        *found,
        report.Bar(name="silence: clauses of ours not found, and replies that failed", value=lost, unit="", bound=0.0),
        _ms("event loop: longest work without a turn, ours", measured.worked_s, _WORKED_S),
        _ms("event loop: latest turn by the clock, ours", measured.late_s),
    ]


def _ms(name: str, seconds: float | None, bound_s: float | None = None) -> report.Bar:
    value = None if seconds is None else seconds * 1000
    return report.Bar(name=name, value=value, unit="ms", bound=None if bound_s is None else bound_s * 1000)


def table(measured: Measured) -> str:
    lines = []
    for condition in _conditions(measured.rows):
        for name in (OURS, ADAPTER):
            these = [row for row in measured.rows if (row.condition, row.client) == (condition, name)]
            heard = report.spread([silence for row in these for silence, _ in row.silences])
            beyond = report.spread([value for row in these for value in row.beyond])
            within = report.spread([row.within_s for row in these])
            figures = (
                heard["count"],
                heard["p50"],
                heard["p95"],
                beyond["p50"],
                beyond["p95"],
                beyond["max"],
                within["p95"],
            )
            lines.append((f"{condition}, {name}", *figures))
    return report.table(
        "Silence between clauses (ours) or sentences (adapter), s",
        ("condition", "pauses", "heard p50", "p95", "beyond p50", "p95", "most", "within clauses, p95"),
        lines,
    )


def as_json(measured: Measured) -> dict[str, Any]:
    rows = [{**asdict(row), "beyond": row.beyond} for row in measured.rows]
    return {"rows": rows, "loop_worked_s": measured.worked_s, "loop_late_s": measured.late_s}


def _conditions(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.condition for row in sorted(rows, key=lambda row: row.condition)))
