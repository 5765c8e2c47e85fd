"""From a reply's first token to its first audio, with the stand-in voice server, beside the adapter."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import aiohttp

from bench import report
from bench.voice.clients import ADAPTER, CLIENTS, OURS, client
from bench.voice.heard import TOKENS_A_SECOND, LoopWatch, speak
from bench.voice.replies import Reply
from support.standin import Standin

_SHARE = 0.6


@dataclass(frozen=True)
class Row:
    """One reply by one client. It is left as soon as sound is heard."""

    client: str
    tokens_a_second: int
    language: str
    text: str
    first_s: float | None
    """To the first frame."""
    first_sound_s: float | None
    """To the first sample that is no silence, as a player would play it."""
    worked_s: float
    late_s: float
    failure: str


async def measure(standin: Standin, session: aiohttp.ClientSession, replies: Sequence[Reply]) -> list[Row]:
    """Every reply at every pace by every client in turn, so that what else the machine does meets all alike."""
    voices = {
        (name, language): client(name, standin.url, language, session) for name in CLIENTS for language in ("ko", "en")
    }
    for name, language in voices:  # first requests are slow, and load what is loaded once
        warm = next(reply for reply in replies if reply.language == language)
        await speak(voices[name, language], warm.tokens, first_only=True)
        await _quiet(standin)
    rows = []
    for reply in replies:
        for tokens_a_second in TOKENS_A_SECOND:
            for name in CLIENTS:
                watch = LoopWatch()
                async with watch.watching():
                    heard = await speak(
                        voices[name, reply.language], reply.tokens, tokens_a_second=tokens_a_second, first_only=True
                    )
                times = (heard.first_s, heard.first_sound_s, watch.worked_s, watch.late_s, heard.failure)
                rows.append(Row(name, tokens_a_second, reply.language, reply.text, *times))
                await _quiet(standin)
    for voice in voices.values():
        await voice.aclose()
    return rows


async def _quiet(standin: Standin) -> None:
    """Waits until the server is done with what was left: it finishes the sentence that it makes."""
    await standin.tts(text="Yes.", text_lang="ko")


def bars(rows: Sequence[Row]) -> list[report.Bar]:
    found = []
    for pace in TOKENS_A_SECOND:
        for name in CLIENTS[1:]:
            ours, theirs = (
                _p50([row for row in rows if row.tokens_a_second == pace and row.client == one]) for one in (OURS, name)
            )
            ratio = ours / theirs if ours is not None and theirs else None
            found.append(
                report.Bar(
                    name=f"first audio at {pace} tokens/s: ours / {name}, p50",
                    value=ratio,
                    unit="",
                    bound=_SHARE if name == ADAPTER else None,
                )
            )
    own = [row for row in rows if row.client == OURS]
    found.append(
        report.Bar(
            name="first audio: replies of ours that failed",
            value=sum(bool(row.failure) for row in own),
            unit="",
            bound=0.0,
        )
    )
    return found


def table(rows: Sequence[Row]) -> str:
    lines = []
    for pace, group, name in product(TOKENS_A_SECOND, ("ko", "en", "all"), CLIENTS):
        these = [row for row in rows if (row.client, row.tokens_a_second) == (name, pace)]
        these = [row for row in these if group in (row.language, "all")]
        frame, sound = (
            report.spread([row.first_s for row in these]),
            report.spread([row.first_sound_s for row in these]),
        )
        figures = (frame["count"], frame["p50"], frame["p95"], sound["p50"], sound["p95"])
        lines.append((f"{pace} tokens/s, {group}, {name}", *figures))
    return report.table(
        "First token to first audio, s",
        ("condition", "replies", "frame p50", "p95", "sound p50", "p95"),
        lines,
    )


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def _p50(rows: Sequence[Row]) -> float | None:
    return report.percentile([row.first_s for row in rows], 0.5)
