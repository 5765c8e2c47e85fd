"""The end of turns: `python -m bench.turns [--only NAME[,NAME]] [--turns N]`, with tests/ on PYTHONPATH.

200 spoken English turns, half of them with hesitations, and recorded people; at each pause the same evidence for every
strategy. Measured are cut-ins against waits of fixed waits, LiveKit's v1-mini, Pipecat's Smart Turn and ours, and the
plugin's real stream beside its pure path (`curve`); decisions by words alone (`words`); and what a decision costs
(`cost`). All of it takes about six minutes, eight where the speech is not there yet.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bench import report
from bench.parts import Part, add_only, load_at_start, tried
from bench.turns import cost, curve, live, words
from bench.turns.evidence import gather
from bench.turns.hearing import Ears
from bench.turns.material import recorded, spoken


async def part_curve(count: int) -> Part:
    ears = await asyncio.to_thread(Ears)
    said = await spoken("said.tsv")
    print(f"  {min(count, len(said))} spoken turns, {len(recorded())} recorded", flush=True)
    heard = await gather([*said[:: max(1, len(said) // count)][:count], *recorded()], ears)
    curves = curve.measure(heard)
    pairs = await live.measure(heard)
    results = curve.as_json(curves, heard) | {"live": pairs}
    return Part(results, [*curve.bars(curves), *live.bars(pairs)], curve.table(curves))


async def part_words(count: int) -> Part:
    right = await asyncio.to_thread(words.measure)
    return Part(right, words.bars(right))


async def part_cost(count: int) -> Part:
    measured = await cost.measure()
    return Part(cost.as_json(measured), cost.bars(measured), cost.table(measured))


PARTS: Mapping[str, Callable[[int], Awaitable[Part]]] = {
    "curve": part_curve,
    "words": part_words,
    "cost": part_cost,
}


async def main(only: Sequence[str], count: int) -> int:
    """Runs the parts. 0 where every bar holds, else 1."""
    busy = load_at_start()
    bars: list[report.Bar] = []
    results: dict[str, Any] = {"load_average_at_start": busy}
    for name in (name for name in PARTS if name in only):
        part = await tried(name, PARTS[name](count))
        results[name] = part.results
        bars += part.bars
    print(report.bars_table(bars))
    print(f"\n{report.write('turns', bars=bars, results=results)}")
    return 1 if any(bar.holds is False for bar in bars) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.turns", description=__doc__)
    parser.add_argument("--turns", type=int, default=200, help="how many of the spoken turns (200)")
    add_only(parser, PARTS)
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.only, given.turns)))
