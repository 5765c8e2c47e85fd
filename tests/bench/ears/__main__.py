"""The streaming recogniser: `python -m bench.ears [--only NAME[,NAME]]`, with tests/ on PYTHONPATH.

Callers speak at the pace of speech, as in a call; beside it, in the same run and on the same samples, plain
faster-whisper. Measured are memory (`memory`), latency, accuracy and CPU (`speech`), silence where nobody speaks
(`nonspeech`), and four and eight calls at once (`calls`). All of it takes about 25 minutes.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from livekit.agents import stt
from livekit.plugins import whisper

from bench import report
from bench.ears import calls, memory, nonspeech, speech, speech_bars
from bench.ears.engine import Engine, apart_from_others, find
from bench.ears.material import recordings, spoken
from bench.ears.plain import Plain
from bench.ears.sound import Utterance
from bench.parts import Part, add_only, load_at_start, tried
from support.speech import WHISPER_MODEL

CALLS = (4, 8)


@dataclass(frozen=True)
class Material:
    """What the parts work with."""

    ears: Mapping[str, stt.STT[Any]]
    """By language."""
    engine: Engine
    said: Sequence[Utterance]
    """One caller's; recordings are among them."""
    callers: Sequence[Utterance]
    """Those of several callers at once."""
    clips: int


async def part_memory(material: Material) -> Part:
    measured = await memory.measure(material.ears["en"], material.engine, material.callers)
    return Part(measured, memory.bars(measured), memory.table(measured))


async def part_speech(material: Material) -> Part:
    engine, cores = material.engine, report.machine()["cores"]
    plain = Plain(compute_type=engine.compute_type, cpu_threads=engine.cpu_threads)
    fast = Plain(compute_type=engine.compute_type, cpu_threads=cores, options=(("beam_size", 1),))
    rows = await speech.measure(material.ears, engine, material.said, plain, fast)
    return Part(speech.as_json(rows), speech_bars.bars(rows), speech_bars.table(rows))


async def part_nonspeech(material: Material) -> Part:
    rows = await nonspeech.measure(material.ears["en"], material.clips)
    return Part(nonspeech.as_json(rows), nonspeech.bars(rows), nonspeech.table(rows))


async def part_calls(material: Material) -> Part:
    rows = [row for at_once in CALLS for row in await calls.measure(material.ears["en"], material.callers, at_once)]
    return Part(calls.as_json(rows), calls.bars(rows))


PARTS: Mapping[str, Callable[[Material], Awaitable[Part]]] = {
    "memory": part_memory,  # first, as long as no other part has made the engine grow
    "speech": part_speech,
    "nonspeech": part_nonspeech,
    "calls": part_calls,
}


async def main(only: Sequence[str], count: int, clips: int) -> int:
    """Runs the parts. 0 where every bar holds, else 1."""
    busy = load_at_start()
    said = await asyncio.to_thread(spoken, max(count, max(CALLS) * calls.ROUNDS))
    bars: list[report.Bar] = []
    results: dict[str, Any] = {"load_average_at_start": busy}
    english = whisper.STT(model=WHISPER_MODEL, language="en")
    korean = whisper.STT(model=WHISPER_MODEL, language="ko")
    with apart_from_others():
        async with english, korean:
            english.prewarm()
            engine = await find(english)
            results["engine"] = asdict(engine)
            ears = {"en": english, "ko": korean}
            material = Material(ears, engine, [*said[:count], *recordings()], said, clips)
            for name in (name for name in PARTS if name in only):
                part = await tried(name, PARTS[name](material))
                results[name] = part.results
                bars += part.bars
            again = await find(english) != engine
            bars.append(report.Bar(name="engine: ended and begun again", value=int(again), unit="", bound=0.0))
            bars.append(report.Bar(name="engine: peak RSS", value=None if again else engine.peak_mb(), unit="MB"))
    print(report.bars_table(bars))
    written = report.write("ears", bars=bars, results=results)
    print(f"\n{written}")
    return 1 if any(bar.holds is False for bar in bars) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.ears", description=__doc__)
    parser.add_argument("--utterances", type=int, default=48, help="how many to say in each condition (48)")
    parser.add_argument("--clips", type=int, default=100, help="how many clips without speech (100)")
    add_only(parser, PARTS)
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.only, given.utterances, given.clips)))
