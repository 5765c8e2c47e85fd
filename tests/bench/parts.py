"""A benchmark of several parts: which are run, and what becomes of one that fails."""

import argparse
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench import report


@dataclass(frozen=True)
class Part:
    """What one part found out."""

    results: Any
    bars: list[report.Bar]
    table: str | None = None


def load_at_start() -> float:
    """The load average; where it is high, a line says so."""
    busy = report.load_average()
    if busy > report.machine()["cores"] / 4:
        print(f"the machine is busy (load average {busy}): the figures will be worse than its own", flush=True)
    return busy


async def tried(name: str, measuring: Awaitable[Part]) -> Part:
    """The part, shown. Where it fails the failure is shown and does not hold; the other parts are worth knowing."""
    print(f"{name}:", flush=True)
    try:
        part = await measuring
    except Exception:
        traceback.print_exc()
        return Part(None, [report.Bar(name=f"{name}: measured to its end", value=None, unit="", bound=0.0)])
    if part.table:
        print(f"\n{part.table}\n", flush=True)
    return part


def add_only(parser: argparse.ArgumentParser, parts: Mapping[str, Callable[..., Awaitable[Part]]]) -> None:
    """The option that names the parts to run; all of them without it."""

    def chosen(names: str) -> list[str]:
        if unknown := [name for name in names.split(",") if name not in parts]:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}: choose from {', '.join(parts)}")
        return names.split(",")

    parser.add_argument("--only", type=chosen, default=list(parts), metavar="NAME[,NAME]", help=", ".join(parts))
