"""Interruptions: `python -m bench.turns_overlap`, with tests/ on PYTHONPATH.

In real calls, Korean and English, 36 words of listening, 20 noises, 4 echoes and 30 interruptions are played over
the speech of an agent that uses `BargeIn` (`support/teller.py`); what the caller hears of it decides.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench import report
from bench.turns_overlap.call import Row, greet, play
from bench.turns_overlap.material import clips
from support.caller import Caller, call_token
from support.stack import Stack, running_stack
from support.telling import telling

_IN_A_CALL = 12
"""Clips: what is heard of a call is searched again and again, which would slow a long one's caller down."""
_MISSED_S = 0.5
"""Who has been talked over for so long after their last word was not heard."""


async def measure(stack: Stack, every: int, kinds: Sequence[str]) -> list[Row]:
    """Every `every`th clip of these kinds, or of all of them."""
    rows = []
    for language in ("en", "ko"):
        chosen = [clip for clip in clips() if clip.language == language and (not kinds or clip.kind in kinds)][::every]
        for begin in range(0, len(chosen), _IN_A_CALL):
            token, _ = call_token(stack.api_key, stack.api_secret, language=language)
            async with Caller(url=stack.livekit_url, token=token) as caller:
                await greet(caller, language)
                for clip in chosen[begin : begin + _IN_A_CALL]:
                    rows.append(row := await play(caller, clip))
                    print(f"  {row.kind}: {row.name}: {report.cell(row.silent_s)}", flush=True)
    return rows


def missed(row: Row) -> bool:
    """Whether an interruption was not noticed while it lasted."""
    return row.silent_s is None or row.silent_s > row.duration_s + _MISSED_S


def bars(rows: Sequence[Row]) -> list[report.Bar]:
    quiet = [row for row in rows if not row.stops]
    loud = [row for row in rows if row.stops]
    noticed = [row for row in loud if not missed(row)]
    silent = [row.silent_s for row in noticed]
    found = [
        report.Bar(
            name=f"stops by {len(quiet)} sounds that are none",
            value=sum(row.silent_s is not None for row in quiet),
            unit="",
            bound=2.0,
        ),
        report.Bar(name=f"missed of {len(loud)} interruptions", value=sum(map(missed, loud)), unit="", bound=1.0),
        report.Bar(name="interruption → silence, p50", value=report.percentile(silent, 0.5), bound=0.35),
        report.Bar(name="interruption → silence, p95", value=report.percentile(silent, 0.95), bound=0.6),
    ]
    for name, chosen in (
        ("English", [row.silent_s for row in noticed if row.language == "en"]),
        ("Korean", [row.silent_s for row in noticed if row.language == "ko"]),
        ("no word of listening first", [row.silent_s for row in noticed if not row.claims_s]),
        ("a word of listening first", [row.silent_s for row in noticed if row.claims_s]),
    ):
        found += [
            report.Bar(name=f"interruption → silence, {name}, {label}", value=report.percentile(chosen, share))
            for label, share in (("p50", 0.5), ("p95", 0.95))
        ]
    found.append(report.Bar(name="sending late, most", value=max((row.late_s for row in rows), default=None)))
    return found


def table(rows: Sequence[Row]) -> str:
    """By kind and language."""
    lines = []
    for kind, language in dict.fromkeys((row.kind, row.language) for row in rows):
        chosen = [row for row in rows if (row.kind, row.language) == (kind, language)]
        stopped = [row.silent_s for row in chosen if row.silent_s is not None]
        lines.append((kind, language, len(chosen), len(stopped), report.percentile(stopped, 0.5)))
    return report.table("Over the agent's speech", ("kind", "language", "clips", "stops", "silent after, p50"), lines)


async def main(every: int, kinds: Sequence[str]) -> int:
    """0 where every bar holds, else 1."""
    load = report.load_average()
    with tempfile.TemporaryDirectory(prefix="malbeot-overlap-") as folder:
        async with running_stack(Path(folder), roles=("livekit", "ears")) as stack, telling(stack):
            rows = await measure(stack, every, kinds)
    print(f"\n{table(rows)}\n")
    judged = bars(rows)
    print(report.bars_table(judged))
    results = {"load_average_at_start": load, "clips": [asdict(row) for row in rows]}
    print(f"\n{report.write('turns_overlap', bars=judged, results=results)}")
    return 1 if any(bar.holds is False for bar in judged) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.turns_overlap", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so manieth clip of each language (1)")
    parser.add_argument(
        "--kinds", default="", help="only these: listening,cough,laugh,dog,television,echo,interruption"
    )
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.every, [kind for kind in given.kinds.split(",") if kind])))
