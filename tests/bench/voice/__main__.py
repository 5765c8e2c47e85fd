"""The voice plugin: `python -m bench.voice [--only NAME[,NAME]] [--replies N]`, with tests/ on PYTHONPATH.

Beside it, in the same run and with the same servers, livekit-agents' StreamAdapter around a plain client. Measured are
the plugin's own delay (`delay`), first token to first audio with the stand-in voice server (`first`), silence between
clauses and the event loop (`pauses`), leaving (`leaving`), replicas that fail (`failover`), and the memory of a long
reply (`memory`). All of it takes under five minutes.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench import report
from bench.ears.engine import apart_from_others
from bench.parts import Part, add_only, load_at_start, tried
from bench.voice import failover, first, memory, pauses, wire
from bench.voice.paced import PacedServer, paced_server
from bench.voice.replies import Reply, replies
from support.standin import Standin, running_standin


@dataclass(frozen=True)
class Material:
    """What the parts work with."""

    server: PacedServer
    standin: Standin
    session: aiohttp.ClientSession
    replies: Sequence[Reply]

    def third(self) -> Sequence[Reply]:
        """Every third of them, for what takes long or varies little; both languages in turn, at least four."""
        return self.replies[::3] if len(self.replies) >= 12 else self.replies[:4]


async def part_delay(material: Material) -> Part:
    rows = await wire.delays(material.server, material.session, material.replies)
    table = wire.table("Server's first sample to first frame, ms", rows)
    return Part(wire.as_json(rows), wire.bars("delay", rows), table)


async def part_first(material: Material) -> Part:
    rows = await first.measure(material.standin, material.session, material.replies)
    return Part(first.as_json(rows), first.bars(rows), first.table(rows))


async def part_pauses(material: Material) -> Part:
    measured = await pauses.measure(material.server, material.standin, material.session, material.third())
    return Part(pauses.as_json(measured), pauses.bars(measured), pauses.table(measured))


async def part_leaving(material: Material) -> Part:
    rows = await wire.leavings(material.server, material.session, material.third())
    table = wire.table("Leaving to connection closed, ms", rows)
    return Part(wire.as_json(rows), wire.bars("leaving", rows), table)


async def part_failover(material: Material) -> Part:
    stalled = await failover.stalls(material.server, material.session, material.third())
    killed = await failover.killings(material.server, material.session, material.third())
    return Part(
        failover.as_json(stalled, killed),
        failover.bars(stalled, killed),
        failover.table(stalled, killed),
    )


async def part_memory(material: Material) -> Part:
    measured = await memory.measure(material.server)
    return Part(memory.as_json(measured), memory.bars(measured), memory.table(measured))


PARTS: Mapping[str, Callable[[Material], Awaitable[Part]]] = {
    "delay": part_delay,
    "first": part_first,
    "pauses": part_pauses,
    "leaving": part_leaving,
    "failover": part_failover,
    "memory": part_memory,
}


async def main(only: Sequence[str], count: int) -> int:
    """Runs the parts. 0 where every bar holds, else 1."""
    busy = load_at_start()
    bars: list[report.Bar] = []
    results: dict[str, Any] = {"load_average_at_start": busy}
    with apart_from_others(), running_standin() as standin:
        async with paced_server() as server, aiohttp.ClientSession() as session:
            material = Material(server, standin, session, replies(count))
            for name in (name for name in PARTS if name in only):
                part = await tried(name, PARTS[name](material))
                results[name] = part.results
                bars += part.bars
    print(report.bars_table(bars))
    print(f"\n{report.write('voice', bars=bars, results=results)}")
    return 1 if any(bar.holds is False for bar in bars) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.voice", description=__doc__)
    parser.add_argument("--replies", type=int, default=30, help="how many to say in each condition (30)")
    add_only(parser, PARTS)
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.only, given.replies)))
