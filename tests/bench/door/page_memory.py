"""Whether the page keeps more and more while a call goes on."""

import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from playwright.async_api import Page

from bench import report
from bench.door.watching import RATE, quiet
from bench.parts import Part
from browser.chromium import caller_page, wait_for_state
from support.speech import Speech, english
from support.stack import running_stack

EVERY_S = 10.0
WARM_UP_S = 120.0
"""Not looked at: libraries and buffers are loaded as they are first needed."""
JUDGED_FROM_MIN = 10
"""A shorter call's slope is the noise of its samples."""
HEAP_BOUND, RSS_BOUND = 0.1, 0.5
"""MiB a minute. A caller who talks for two hours then costs their phone 12 MiB of the page's own objects, its captions
included, and 60 MiB in all: a tenth of what a phone with 1 GB gives a page before it ends it."""
_QUESTIONS = (
    "What do you like about the sea?",
    "Do you know a good story about a dog?",
    "What is there to see in spring?",
)
_PERIOD_S = 20.0
_TALKING = {"initializing", "listening", "thinking", "speaking"}
_MIB = 2**20


async def measure(minutes: float) -> Part:
    """One call of `minutes`, in which the caller asks something every 20 s."""
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="malbeot-bench-") as folder:
        microphone = _questions(Path(folder) / "microphone.wav")
        async with (
            running_stack(Path(folder)) as stack,
            caller_page(stack.web_url, microphone=microphone, loop=True) as page,
        ):
            await page.click("#call")
            await wait_for_state(page, "speaking", timeout_s=30)
            began = time.monotonic()
            alive = True
            while alive and time.monotonic() - began < minutes * 60:
                await page.wait_for_timeout(EVERY_S * 1000)
                rows.append({"at_s": time.monotonic() - began, **await _sample(page)})
                alive = await page.get_attribute("main", "data-state") in _TALKING
                if len(rows) % 6 == 0:
                    print(f"  {rows[-1]}", flush=True)
    return _part(rows, minutes, alive)


async def _sample(page: Page) -> dict[str, float]:
    """What the page holds, after a collection: its own objects, its DOM nodes, and its process's resident memory."""
    session = await page.context.new_cdp_session(page)
    try:
        await session.send("HeapProfiler.collectGarbage")
        await session.send("Performance.enable")
        metrics = {one["name"]: one["value"] for one in (await session.send("Performance.getMetrics"))["metrics"]}
    finally:
        await session.detach()
    return {
        "heap_mib": metrics["JSHeapUsedSize"] / _MIB,
        "nodes": metrics["Nodes"],
        "listeners": metrics["JSEventListeners"],
        "rss_mib": await _resident(page) / _MIB,
    }


async def _resident(page: Page) -> int:
    """Resident memory of the largest renderer: the page's. Others wait for pages that are never opened."""
    browser = page.context.browser
    assert browser
    session = await browser.new_browser_cdp_session()
    try:
        processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
    finally:
        await session.detach()
    return max(psutil.Process(one["id"]).memory_info().rss for one in processes if one["type"] == "renderer")


def _questions(path: Path) -> Path:
    """A minute that is said again and again."""
    pieces = []
    for question in _QUESTIONS:
        spoken = english(question).samples
        pieces += [quiet(_PERIOD_S - len(spoken) / RATE), spoken]
    return Speech(np.concatenate(pieces), RATE).to_wav(path)


def slope(rows: list[dict[str, float]], what: str) -> float | None:
    """Least squares over `rows`, in `what` a minute; None for fewer than three."""
    if len(rows) < 3:
        return None
    return float(np.polyfit([row["at_s"] / 60 for row in rows], [row[what] for row in rows], 1)[0])


def _part(rows: list[dict[str, float]], minutes: float, alive: bool) -> Part:
    judged = minutes >= JUDGED_FROM_MIN
    settled = [row for row in rows if row["at_s"] >= WARM_UP_S] if judged else rows
    bars = [
        report.Bar(name=f"page, {label}", value=slope(settled, what), unit="MiB/min", bound=bound if judged else None)
        for label, what, bound in (("JS heap", "heap_mib", HEAP_BOUND), ("resident", "rss_mib", RSS_BOUND))
    ]
    bars += [
        report.Bar(name=f"page, peak {what}", value=max((row[key] for row in rows), default=None), unit="MiB")
        for what, key in (("JS heap", "heap_mib"), ("resident", "rss_mib"))
    ]
    bars.append(report.Bar(name="the call lasted", value=float(alive), unit="", bound=1.0, must_be="at least"))
    ends = [rows[0], rows[-1]] if rows else []
    columns = ("s", "heap MiB", "nodes", "listeners", "resident MiB")
    table = report.table(
        f"a call of {minutes:g} min: first and last sample", columns, [tuple(row.values()) for row in ends]
    )
    return Part({"minutes": minutes, "samples": rows}, bars, table)
