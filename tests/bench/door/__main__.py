"""The door: `python -m bench.door [--only NAME[,NAME]] [--minutes N]`, with tests/ on PYTHONPATH.

What callers meet at the page, in Chromium before real servers with the embedded models: from the press of the button
to the greeting (`greeting`), how far captions are behind the caller's words (`captions`), tokens for many callers at
once (`places`), and whether the page's memory stays flat in a long call (`memory`). All of it takes about 37 minutes,
30 of them for `memory`.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bench import report
from bench.door import captions, greeting, page_memory, places
from bench.parts import Part, add_only, load_at_start, tried

PARTS: Mapping[str, Callable[[argparse.Namespace], Awaitable[Part]]] = {
    "greeting": lambda chosen: greeting.measure(chosen.presses),
    "captions": lambda chosen: captions.measure(chosen.sentences),
    "places": lambda chosen: places.measure(),
    "memory": lambda chosen: page_memory.measure(chosen.minutes),
}


async def main(chosen: argparse.Namespace) -> int:
    """Runs the parts. 0 where every bar holds, else 1."""
    results: dict[str, Any] = {"load_average_at_start": load_at_start()}
    bars: list[report.Bar] = []
    for name in (name for name in PARTS if name in chosen.only):
        part = await tried(name, PARTS[name](chosen))
        results[name] = part.results
        bars += part.bars
    print(report.bars_table(bars))
    print(f"\n{report.write('door', bars=bars, results=results)}")
    return 1 if any(bar.holds is False for bar in bars) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.door", description=__doc__)
    parser.add_argument("--presses", type=int, default=10, help="how often to call for the greeting (10)")
    parser.add_argument("--sentences", type=int, choices=range(1, 7), default=6, help="how many to say (6)")
    parser.add_argument("--minutes", type=float, default=30, help="how long the call of `memory` lasts (30)")
    add_only(parser, PARTS)
    sys.exit(asyncio.run(main(parser.parse_args())))
