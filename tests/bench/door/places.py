"""`POST /api/calls` under callers who do not wait for each other."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from bench import report
from bench.memory import MemorySampler
from bench.parts import Part
from malbeot.call import CallRequest
from malbeot.web.tokens import issue
from support.stack import Stack, running_stack

RATE_HZ, SECONDS = 50, 10
P95_BOUND_S = 0.050
_CALL = {"language": "en", "name": "Rose"}


async def measure() -> Part:
    """500 calls in 10 s at the real service; beside it as many answers that do nothing, and tokens alone."""
    count = RATE_HZ * SECONDS
    with tempfile.TemporaryDirectory(prefix="malbeot-bench-") as folder:
        env = {"MAX_CALLS": "10000"}
        async with (
            running_stack(Path(folder), roles=("livekit", "web"), env=env) as stack,
            httpx.AsyncClient(base_url=stack.web_url, trust_env=False, timeout=10) as client,
        ):
            memory = MemorySampler(lambda: stack.pids)
            sampling = asyncio.create_task(memory.run(), name="memory")
            try:
                await _arrivals(lambda: client.post("/api/calls", json=_CALL), RATE_HZ)  # a second to warm up
                calls, statuses = await _arrivals(lambda: client.post("/api/calls", json=_CALL), count)
                bare, _ = await _arrivals(lambda: client.get("/health"), count)
            finally:
                sampling.cancel()
                await asyncio.gather(sampling, return_exceptions=True)
            tokens = _tokens(stack, count)
    return _part(calls, statuses, bare, tokens, memory.as_json())


async def _arrivals(ask: Callable[[], Awaitable[httpx.Response]], count: int) -> tuple[list[float], list[int]]:
    """Sends one request every 1 / RATE_HZ s, whatever became of the others.

    Seconds from when each was due, so that a service that falls behind cannot hide it; and the statuses.
    """
    began = time.perf_counter() + 0.1

    async def one(due: float) -> tuple[float, int]:
        await asyncio.sleep(due - time.perf_counter())
        response = await ask()
        return time.perf_counter() - due, response.status_code

    answers = await asyncio.gather(*(one(began + index / RATE_HZ) for index in range(count)))
    return [took for took, _ in answers], [status for _, status in answers]


def _tokens(stack: Stack, count: int) -> list[float]:
    """Seconds that each token takes by itself, in this process."""
    took = []
    for _ in range(count):
        began = time.perf_counter()
        issue(CallRequest(name="Rose", language="en"), api_key=stack.api_key, api_secret=stack.api_secret)
        took.append(time.perf_counter() - began)
    return took


def _part(
    calls: list[float], statuses: list[int], bare: list[float], tokens: list[float], memory: dict[str, Any]
) -> Part:
    summary = {
        name: report.spread([took * 1000 for took in times])
        for name, times in {"POST /api/calls": calls, "GET /health": bare, "the token alone": tokens}.items()
    }
    ours = report.percentile(calls, 0.95)
    bars = [
        report.Bar(
            name=f"POST /api/calls at {RATE_HZ}/s, p95",
            value=None if ours is None else ours * 1000,
            unit="ms",
            bound=P95_BOUND_S * 1000,
        ),
        report.Bar(
            name="calls admitted", value=statuses.count(201), unit="", bound=float(len(statuses)), must_be="at least"
        ),
        report.Bar(name="the web service, peak memory (USS)", value=_uss(memory, "web"), unit="MiB"),
    ]
    rows = [(name, *spread.values()) for name, spread in summary.items()]
    table = report.table(
        f"{len(calls)} requests, {RATE_HZ} a second, ms", ("", "count", "p50", "p95", "min", "max"), rows
    )
    return Part({"summary_ms": summary, "memory": memory}, bars, table)


def _uss(memory: dict[str, Any], role: str) -> float | None:
    peaks = memory["roles"].get(role)
    return float(peaks["peak_uss_mib"]) if peaks else None
