"""Memory: what every further call costs in the engine, and what recognition costs in a call's own process."""

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from livekit.agents import stt

from bench import report
from bench.ears.call import calling
from bench.ears.calls import speak_at_once
from bench.ears.engine import Engine
from bench.ears.sound import RATE, Utterance, sound
from support.speech import WHISPER_MODEL, Speech

CALLS = (1, 8)
_EVERY_S = 0.25
_REST_S = 1.0
_JOB_WITHIN_S = 120.0
_KINDS = ("rss", "pss", "uss")

Memory = dict[str, float]


async def measure(ears: stt.STT[Any], engine: Engine, utterances: Sequence[Utterance]) -> dict[str, Any]:
    """Megabytes (10^6 bytes) with 0, 1 and 8 calls, these while they speak; and of a job with and without ears."""
    long = sorted(utterances, key=lambda one: -one.duration_s)[: max(CALLS)]
    async with calling(ears) as call:  # what the first decoding allocates belongs to no call
        await call.say(sound(long[0]))
    await asyncio.sleep(_REST_S)
    with_calls: dict[str, Memory] = {"0": await asyncio.to_thread(engine.memory_mb)}
    for calls in CALLS:
        async with AsyncExitStack() as stack:
            lines = [await stack.enter_async_context(calling(ears)) for _ in range(calls)]
            async with _largest(engine.memory_mb) as largest:
                await speak_at_once(lines, long[:calls])
        with_calls[str(calls)] = dict(largest)
    await asyncio.sleep(_REST_S)
    with_calls["0, afterwards"] = await asyncio.to_thread(engine.memory_mb)
    with tempfile.TemporaryDirectory(prefix="malbeot-bench-") as folder:
        wav = Speech(sound(long[0]).samples, RATE).to_wav(Path(folder) / "speech.wav")
        jobs = {"without ears": await _job(wav), "with ears": await _job(wav, "--model", str(WHISPER_MODEL))}
    return {"engine": with_calls, "jobs": jobs}


def bars(measured: dict[str, Any]) -> list[report.Bar]:
    """What a further call and what ears cost."""
    engine, jobs = measured["engine"], measured["jobs"]
    few, many = CALLS
    growth = [(engine[str(many)][kind] - engine[str(few)][kind]) / (many - few) for kind in _KINDS]
    ears, without = jobs["with ears"], jobs["without ears"]
    within = {kind: _difference(ears, ears["before"][kind], kind) for kind in _KINDS}
    beside = {kind: _difference(ears, without["after"][kind], kind) for kind in _KINDS}
    return [
        report.Bar(name="engine: a further call, the most of RSS, PSS, USS", value=max(growth), unit="MB", bound=15.0),
        report.Bar(name="engine: the first call, USS", value=engine[str(few)]["uss"] - engine["0"]["uss"], unit="MB"),
        report.Bar(name="job: its USS grows with ears by", value=within["uss"], unit="MB", bound=10.0),
        report.Bar(name="job: PSS beyond that of one without ears", value=beside["pss"], unit="MB", bound=10.0),
        report.Bar(name="job: USS beyond that of one without ears", value=beside["uss"], unit="MB"),
    ]


def table(measured: dict[str, Any]) -> str:
    """Every reading."""
    rows = [(f"engine, calls: {calls}", *memory.values()) for calls, memory in measured["engine"].items()]
    for name, job in measured["jobs"].items():
        rows += [(f"job {name}, {when}", *job[when].values()) for when in ("before", "after")]
    return report.table("Memory, MB", ("process", *(kind.upper() for kind in _KINDS)), rows)


def _difference(ears: dict[str, Any], other: float, kind: str) -> float | None:
    """None where the job did not hear anything: its memory is not that of one that does."""
    return ears["after"][kind] - other if ears["heard"] else None


@contextlib.asynccontextmanager
async def _largest(read: Callable[[], Memory]) -> AsyncIterator[Memory]:
    """The largest of every figure while the block runs; complete behind it."""
    found: Memory = {}

    async def sample() -> None:
        while True:
            for kind, value in (await asyncio.to_thread(read)).items():
                found[kind] = max(found.get(kind, 0.0), value)
            await asyncio.sleep(_EVERY_S)

    sampling = asyncio.create_task(sample(), name="memory")
    try:
        yield found
    finally:
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)


async def _job(wav: Path, *arguments: str) -> dict[str, Any]:
    """What `ears_job.py` says of itself."""
    command = [sys.executable, "-m", "bench.ears.job", "--speech", str(wav), *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _JOB_WITHIN_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"bench.ears.job ended with status {process.returncode}")
    told: dict[str, Any] = json.loads(output.splitlines()[-1])
    return told
