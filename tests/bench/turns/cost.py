"""What a decision costs beyond the audio model: time at a pause, and memory in a call's process."""

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from livekit.plugins import turns
from unit.plugins.turns.test_turns_words import utterances

from bench import report
from bench.turns.words import LANGUAGES
from livekit.plugins.turns.ending.fusion import fused
from livekit.plugins.turns.ending.pace import Pace
from livekit.plugins.turns.ending.wait import wait_s

MOST_MS = 15.0

_AUDIO = 0.6
_STAGES = {
    "livekit-agents": "import livekit.agents",
    "turns plugin": "from livekit.plugins import turns",
    "Korean analyser": "turns.load('ko')",
}
_MEMORY = """
import json, psutil
process, stages = psutil.Process(), {{}}
{steps}
print(json.dumps(stages))
"""


@dataclass(frozen=True)
class Cost:
    """Seconds for each decision by language, and the unique set size in MB (10^6 bytes) after each stage."""

    decisions_s: Mapping[str, Sequence[float]]
    memory_mb: Mapping[str, float]


async def measure() -> Cost:
    decisions = {language: await asyncio.to_thread(_decisions, language, code) for language, code in LANGUAGES.items()}
    return Cost(decisions, await _memory())


def _decisions(language: str, code: str) -> list[float]:
    """Every utterance once, after a first one; each with a pace of its own, as if one pause more had been learnt."""
    turns.load(code)
    rows = [row for held_out in (False, True) for row in utterances(language, held_out=held_out)]
    took, pace = [], Pace()
    for row in [rows[0], *rows]:
        pace = pace.learnt(0.3 + len(row.text) / 50)
        began = time.perf_counter()
        asked = turns.what_was_asked(row.asked, code)
        wait_s(fused(_AUDIO, turns.finished(row.text, code, asked)), pace)
        took.append(time.perf_counter() - began)
    return took[1:]


async def _memory() -> dict[str, float]:
    steps = "\n".join(
        f"{step}\nstages[{name!r}] = process.memory_full_info().uss / 1e6" for name, step in _STAGES.items()
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _MEMORY.format(steps=steps), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    found: dict[str, float] = json.loads(out)
    return found


def bars(cost: Cost) -> list[report.Bar]:
    return [
        report.Bar(name=f"a decision, {language}: p95", value=1000 * _percentiles(took)[1], unit="ms", bound=MOST_MS)
        for language, took in cost.decisions_s.items()
    ]


def table(cost: Cost) -> str:
    decisions = report.table(
        "A decision beyond the audio model, ms",
        ("", "p50", "p95", "max"),
        [(language, *(1000 * value for value in _percentiles(took))) for language, took in cost.decisions_s.items()],
    )
    memory = report.table("Memory of a process, unique set size", ("after", "MB"), list(cost.memory_mb.items()))
    return f"{decisions}\n\n{memory}"


def as_json(cost: Cost) -> dict[str, Any]:
    return {
        "decisions_s": {language: report.spread(took) for language, took in cost.decisions_s.items()},
        "memory_mb": asdict(cost)["memory_mb"],
    }


def _percentiles(took: Sequence[float]) -> list[float]:
    return [report.percentile(took, share) or 0.0 for share in (0.5, 0.95, 1.0)]
