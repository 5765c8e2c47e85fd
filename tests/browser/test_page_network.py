"""Calls whose network goes away for a while, and calls whose server does."""

import asyncio
import time
from pathlib import Path

from playwright.async_api import Page, Request

from browser.axe import violations
from browser.chromium import caller_page, screenshot, wait_for_state, wait_until
from browser.network import cut_off
from support.stack import Stack

COMPANION = '#captions [data-speaker="companion"]'
# Notes every line that the page shows about the call.
READ_ALONG = """() => {
  window.read = [];
  const line = document.querySelector("#state");
  new MutationObserver(() => window.read.push(line.textContent)).observe(line, { childList: true });
}"""
CALLED_ANEW = "window.read.some((words) => words.includes('calling again for you'))"
TALKING = ("listening", "thinking", "speaking")


def calls_of(page: Page) -> list[str]:
    """Of every call that the page asks the service for from now on, the session."""
    calls: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/calls"):
            calls.append(request.post_data_json["session"])

    page.on("request", note)
    return calls


async def greeted(page: Page) -> None:
    await page.click("#call")
    await page.wait_for_selector(f'{COMPANION}[data-final="true"]', timeout=30_000)


async def can_talk(page: Page, words: str) -> None:
    """The companion answers a written line."""
    if await page.is_hidden("#typing"):
        await page.click("#more")
        await page.click("#type")
    await page.fill("#words", words)
    await page.keyboard.press("Enter")
    answer = f'#captions [data-speaker="caller"]:has-text("{words}") ~ {COMPANION.removeprefix("#captions ")}'
    await page.wait_for_selector(answer, timeout=40_000)


async def test_ten_and_twenty_seconds_without_a_network(attended: Stack, silence: Path) -> None:
    """After ten seconds the same call goes on. After twenty LiveKit has given the caller up: the page calls anew, once,
    says so, and the conversation goes on."""
    async with caller_page(attended.web_url, microphone=silence) as page:
        calls = calls_of(page)
        await greeted(page)
        await page.evaluate(READ_ALONG)
        with cut_off():
            cut = time.monotonic()
            await wait_for_state(page, "reconnecting", timeout_s=8)
            assert "connection is weak" in await page.inner_text("#state")
            assert await violations(page) == []
            await screenshot(page, "network-cut")
            await asyncio.sleep(cut + 10 - time.monotonic())
        await wait_for_state(page, *TALKING, timeout_s=10)
        assert await page.is_hidden("#problem")
        await can_talk(page, "Are you still there?")
        assert len(calls) == 1
        assert not await page.evaluate(CALLED_ANEW)

        with cut_off():
            await asyncio.sleep(20)
            await wait_for_state(page, "reconnecting", timeout_s=1)
        await wait_for_state(page, *TALKING, timeout_s=30)
        await page.wait_for_selector(f'{COMPANION}:has-text("Hello again")')
        await can_talk(page, "And now?")
        assert len(calls) == 2
        assert await page.evaluate(CALLED_ANEW)
        assert calls[0] == calls[1], "the companion remembers nothing"
        await page.click("#hangup")
        await wait_for_state(page, "ended")
        await page.click("#call")
        await wait_for_state(page, *TALKING, timeout_s=30)
        assert calls[2] != calls[0], "whoever calls next is answered with what another one has said"


async def test_the_server_is_killed_and_starts_again(attended: Stack, silence: Path) -> None:
    async with caller_page(attended.web_url, microphone=silence) as page:
        await greeted(page)
        await page.evaluate(READ_ALONG)
        attended.kill("livekit")
        await wait_for_state(page, "reconnecting", timeout_s=9)
        await attended.stop("livekit")
        await attended.start("livekit")
        # The room is gone with the server: the page calls again, and says so.
        await wait_until(page, CALLED_ANEW, timeout_s=30)
        await wait_for_state(page, *TALKING, "failed", timeout_s=60)
        assert await page.inner_text("#problem") == ""
        await can_talk(page, "Are you still there?")
        await page.click("#hangup")
        await wait_for_state(page, "ended")
        assert await page.inner_text("#problem") == ""
