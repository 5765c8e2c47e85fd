"""The silence that is heard between clauses, and how much of it nobody intended.

Replies are played by a player that begins with the first frame. The silence between two clauses is the time from the
last sound of one to the first sound of the next: silence in the samples and moments without samples alike. What each
clause sounds like on its own is known, so its ends are found in what came, whatever pauses speech has within.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp

from bench import report
from bench.voice_clients import ADAPTER, CLIENTS, OURS, ours, plain, request
from bench.voice_heard import Heard, LoopWatch, Played, speak
from bench.voice_paced import Pace, PacedServer
from bench.voice_plain import adapted
from bench.voice_replies import Reply
from bench.voice_sound import Samples, sound
from livekit.plugins.gpt_sovits import spoken
from livekit.plugins.gpt_sovits.clauses import QUESTION_PAUSE_S, SENTENCE_PAUSE_S, ClauseCutter
from support.standin import Standin

FACTORS = (0.2, 0.45)
_AT_ONCE = 4
_BEYOND_S = 0.03
_STAND_IN = "stand-in"

Said = list[tuple[str, float]]
"""What was asked of the server for a reply, and the pause that belongs behind each."""
Render = Callable[[str, str], Samples]


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
    rows: list[Row] = []
    watch = LoopWatch()
    room = asyncio.Semaphore(_AT_ONCE)

    async def paced(name: str, factor: float, number: int, reply: Reply) -> None:
        url = server.replica(Pace(name=f"{name}-{number}".replace(", ", "-"), real_time_factor=factor))
        pace = (20, 60)[number // 2 % 2]
        async with room:
            heard, said = await _reply(name, url, session, reply, pace)
        rows.append(_row(f"factor {factor:g}", name, reply, heard, said, lambda text, _: sound(text)))

    for name in CLIENTS[:2]:
        async with watch.watching() if name == OURS else LoopWatch().watching(), asyncio.TaskGroup() as group:
            for factor in FACTORS:
                for number, reply in enumerate(replies):
                    group.create_task(paced(name, factor, number, reply), name="reply")
    for reply in replies:
        for name in CLIENTS[:2]:
            heard, said = await _reply(name, standin.url, session, reply, 60)
            known = {text: await _rendering(standin, reply, text) for text, _ in said}
            rows.append(_row(_STAND_IN, name, reply, heard, said, lambda text, _, known=known: known[text]))
    return Measured(rows, watch.worked_s, watch.late_s)


async def _reply(
    name: str, url: str, session: aiohttp.ClientSession, reply: Reply, tokens_a_second: int
) -> tuple[Heard, Said]:
    if name == OURS:
        async with ours(url, reply.language, session) as voice:
            return await speak(voice, reply.tokens, tokens_a_second=tokens_a_second), _clauses(reply)
    client = plain(url, reply.language, session)
    heard = await speak(adapted(client), reply.tokens, tokens_a_second=tokens_a_second)
    return heard, [(text, _sentence_pause(text)) for text in client.asked]


async def _rendering(standin: Standin, reply: Reply, text: str) -> Samples:
    """What the stand-in makes of it, asked as both clients ask."""
    return (await standin.tts(**request(reply.language), text=text)).samples


def _clauses(reply: Reply) -> Said:
    cutter = ClauseCutter()
    return [(spoken(one.text, reply.language), one.pause_s) for one in (*cutter.push(reply.text), *cutter.flush())]


def _sentence_pause(text: str) -> float:
    """The same as ours intends there."""
    return QUESTION_PAUSE_S if text.endswith("?") else SENTENCE_PAUSE_S


def _row(condition: str, name: str, reply: Reply, heard: Heard, said: Said, render: Render) -> Row:
    played = Played(heard.pieces)
    renderings = [render(text, reply.language) for text, _ in said]
    found = played.silences_s(renderings)
    silences = [(silence, pause) for silence, (_, pause) in zip(found, said, strict=False)]
    return Row(condition, name, reply.language, reply.text, silences, played.missing_s(renderings), heard.failure)


def bars(measured: Measured) -> list[report.Bar]:
    own = [row for row in measured.rows if row.client == OURS]
    found = []
    for condition in _conditions(own):
        beyond = [value for row in own if row.condition == condition for value in row.beyond]
        found.append(
            report.Bar(
                name=f"silence beyond the pause, {condition}, p95",
                value=report.percentile(beyond, 0.95),
                bound=_BEYOND_S,
            )
        )
    lost = sum(value is None for row in own for value in row.beyond) + sum(bool(row.failure) for row in own)
    found.append(
        report.Bar(name="silence: clauses of ours not found, and replies that failed", value=lost, unit="", bound=0.0)
    )
    found.append(report.Bar(name="event loop: longest work without a turn, ours", value=measured.worked_s, bound=0.02))
    found.append(report.Bar(name="event loop: latest turn by the clock, ours", value=measured.late_s))
    return found


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
