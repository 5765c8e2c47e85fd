"""What a long reply takes of memory beside a short one, each in a process of its own (`voice_job`)."""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from bench import report
from bench.voice.clients import ADAPTER, OURS
from bench.voice.job import CLOCK, Told
from bench.voice.paced import Pace, PacedServer

_SHORT, _LONG = 1000, 10_000
_FACTOR = 0.2
_MORE_MB = 1.0
"""An eleven-minute reply is 43 MB of sound, its text 0.01 MB."""

Measured = dict[tuple[str, int], Told]


async def measure(server: PacedServer) -> Measured:
    """One after the other."""
    found: Measured = {}
    for client in (OURS, ADAPTER):
        for characters in (_SHORT, _LONG):
            pace = Pace(name=f"{client}-{characters}", real_time_factor=_FACTOR / CLOCK, first_s=0.0)
            found[client, characters] = await _job(server.replica(pace), characters, client)
    return found


async def _job(url: str, characters: int, client: str) -> Told:
    command = [sys.executable, "-m", "bench.voice.job", "--url", url, "--characters", str(characters)]
    process = await asyncio.create_subprocess_exec(*command, "--client", client, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"bench.voice.job ended with status {process.returncode}")
    return Told(**json.loads(output.splitlines()[-1]))


def bars(measured: Measured) -> list[report.Bar]:
    short, long = measured[OURS, _SHORT], measured[OURS, _LONG]
    return [
        report.Bar(
            name=f"{_LONG:,} characters beside {_SHORT:,}: more memory at the peak",
            value=long.traced_mb - short.traced_mb,
            unit="MB",
            bound=_MORE_MB,
        ),
        report.Bar(name="the same, of the whole process (RSS)", value=long.rss_mb - short.rss_mb, unit="MB"),
        report.Bar(name=f"{_LONG:,} characters: most audio waiting", value=long.most_waiting_s),
    ]


def table(measured: Measured) -> str:
    rows: Sequence[tuple[object, ...]] = [
        (f"{client}, {told.characters} characters", told.heard_s, told.most_waiting_s, told.traced_mb, told.rss_mb)
        for (client, _), told in measured.items()
    ]
    return report.table(
        f"A long reply, on a clock {CLOCK:g} times as fast; s, MB beyond what there was before",
        ("reply", "spoken", "most waiting", "Python peak", "RSS peak"),
        rows,
    )


def as_json(measured: Measured) -> list[dict[str, Any]]:
    return [{"client": client, **vars(told)} for (client, _), told in measured.items()]
