"""What every benchmark ends with: its bars, and `build/bench/NAME.json` with them, the raw figures and the machine."""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import psutil

from malbeot.settings import Settings
from malbeot_local import livekit, ollama
from malbeot_local.cache import Cache

FOLDER = Path(__file__).parents[2] / "build" / "bench"

_DISTRIBUTIONS = (
    "malbeot",
    "livekit-plugins-whisper",
    "livekit-plugins-gpt-sovits",
    "livekit-plugins-ollama",
    "livekit-agents",
    "livekit",
    "livekit-plugins-silero",
    "livekit-plugins-openai",
    "faster-whisper",
    "ctranslate2",
    "piper-tts",
)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One figure and where it must lie. Without a `bound` it is told and not judged."""

    name: str
    value: float | None
    """None where it could not be measured; that never holds."""
    unit: str = "s"
    bound: float | None = None
    must_be: Literal["at most", "at least"] = "at most"

    @property
    def holds(self) -> bool | None:
        """None where nothing is judged."""
        if self.bound is None:
            return None
        if self.value is None:
            return False
        return self.value <= self.bound if self.must_be == "at most" else self.value >= self.bound

    def as_json(self) -> dict[str, Any]:
        bound = None if self.bound is None else {"must_be": self.must_be, "bound": self.bound}
        return {"name": self.name, "value": self.value, "unit": self.unit, "bound": bound, "holds": self.holds}


def percentile(values: Iterable[float | None], share: float) -> float | None:
    """numpy's percentile of `values`, `share` from 0 to 1. What is None is left out; None where nothing is left."""
    known = [value for value in values if value is not None]
    return float(np.percentile(known, share * 100)) if known else None


def spread(values: Sequence[float | None]) -> dict[str, float | int | None]:
    """How many there are, p50, p95, least and most."""
    known = [value for value in values if value is not None]
    return {
        "count": len(known),
        "p50": percentile(known, 0.5),
        "p95": percentile(known, 0.95),
        "min": min(known, default=None),
        "max": max(known, default=None),
    }


def machine() -> dict[str, Any]:
    """The processor, its cores that this process may use, memory in GiB, and the system."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
    }


def load_average() -> float:
    """Processes that wanted to run over the last minute: on a machine of our own about 0 before a benchmark."""
    return round(os.getloadavg()[0], 2)


def versions() -> dict[str, str]:
    """Python, the servers that we start, and the distributions that take part."""
    found = {"python": platform.python_version()}
    for server, module in (("livekit-server", livekit), ("ollama", ollama)):
        if binary := module.search(Cache(Settings(_env_file=None).malbeot_cache)).found:  # type: ignore[call-arg]
            found[server] = binary.version
    for name in _DISTRIBUTIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def write(name: str, *, bars: Sequence[Bar], results: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    """Writes `folder/NAME.json` and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    document = {
        "name": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "bars": [bar.as_json() for bar in bars],
        **results,
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def cell(value: object) -> str:
    """A value as tables show it: two decimals, and a dash for what is not there."""
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns under a title; the first is aligned left, the others right."""
    cells = [list(header), *([cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in cells
    ]
    return "\n".join([title, lines[0], "-" * len(lines[0]), *lines[1:]])


def bars_table(bars: Sequence[Bar]) -> str:
    """Every bar with its value, its bound and whether it holds."""
    words = {True: "yes", False: "NO", None: "-"}
    rows = [
        (
            bar.name,
            f"{cell(bar.value)} {bar.unit}".strip(),
            "-" if bar.bound is None else f"{bar.must_be} {bar.bound:g}",
            words[bar.holds],
        )
        for bar in bars
    ]
    return table("Bars", ("name", "value", "bound", "holds"), rows)
