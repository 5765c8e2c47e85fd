"""From the press of the button to the companion's voice."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from bench import report
from bench.door.watching import silence, watch
from bench.memory import MemorySampler
from bench.parts import Part
from browser.chromium import caller_page, wait_for_state, wait_until
from support.stack import running_stack

P50_BOUND_S = 1.5
_BETWEEN_CALLS_S = 5.0
"""In which the worker warms up its next call process."""
_NAMES = ("Rose", "Ada", "Ruth", "Iris", "Hazel", "Pearl", "Olive", "Grace", "Violet", "Edith", "Ivy")
"""Nobody calls twice: a greeting by name is kept once it was said, and then played at once."""
_GREETED = "window.noted.voice !== null"


async def measure(presses: int) -> Part:
    """Calls `presses` times from a page that was just opened, and once before, which does not count."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="malbeot-bench-") as folder:
        microphone = silence(Path(folder) / "microphone.wav", 60)
        async with running_stack(Path(folder)) as stack:
            memory = MemorySampler(lambda: stack.pids)
            sampling = asyncio.create_task(memory.run(), name="memory")
            try:
                for number in range(presses + 1):
                    name = f"{_NAMES[number % len(_NAMES)]}{' Ann' * (number // len(_NAMES))}"
                    rows.append(await _call(stack.web_url, microphone, name))
                    print(f"  {report.cell(rows[-1]['greeting_heard_s'])} s", flush=True)
                    await asyncio.sleep(_BETWEEN_CALLS_S)
            finally:
                sampling.cancel()
                await asyncio.gather(sampling, return_exceptions=True)
    return _part(rows[1:], rows[0], memory.as_json())


async def _call(url: str, microphone: Path, name: str) -> dict[str, float | None]:
    """One call, hung up once its greeting has begun."""
    async with caller_page(url, microphone=microphone) as page:
        await page.fill("#name", name)
        await watch(page)
        await page.click("#call")
        try:
            await wait_until(page, _GREETED, timeout_s=30)
            noted = await page.evaluate("window.noted")
        except AssertionError:
            return {"greeting_heard_s": None}
        await page.click("#hangup")
        await wait_for_state(page, "ended")
    return {"greeting_heard_s": (noted["voice"] - noted["pressed"]) / 1000}


def _part(rows: list[dict[str, float | None]], warm_up: dict[str, float | None], memory: dict[str, Any]) -> Part:
    spread = report.spread([row["greeting_heard_s"] for row in rows])
    name = "button → greeting heard"
    bars = [
        report.Bar(name=f"{name}, p50", value=spread["p50"], bound=P50_BOUND_S),
        report.Bar(name=f"{name}, p95", value=spread["p95"]),
        report.Bar(name="calls greeted", value=spread["count"], unit="", bound=float(len(rows)), must_be="at least"),
        report.Bar(name="all servers, peak memory (PSS)", value=memory["peak_sum_pss_mib"], unit="MiB"),
    ]
    table = report.table(name, ("seconds", *spread), [("ours", *spread.values())])
    return Part({"warm_up": warm_up, "calls": rows, "summary": spread, "memory": memory}, bars, table)
