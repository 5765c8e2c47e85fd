"""Chromium with a WAV file as its microphone, and the caller page in it."""

import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import ConsoleMessage, Page, async_playwright

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
PHONE, DESK = (390, 844), (1280, 800)
ELSEWHERE = "malbeot.example"
"""A name by which the browser reaches this machine without knowing that it is this one."""
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIET = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
    "--autoplay-policy=no-user-gesture-required",
]
_FAKE_DEVICE = "--use-fake-device-for-media-stream"
_ALLOW_DEVICES = "--use-fake-ui-for-media-stream"
_ALLOW_OWN_SOUND = "--auto-accept-this-tab-capture"


class Refusals(list[str]):
    """What the page's Content-Security-Policy refused, and what it let fall."""

    def note(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.append(message.text)


@asynccontextmanager
async def caller_page(
    url: str,
    *,
    locale: str = "en-US",
    size: tuple[int, int] = PHONE,
    microphone: Path | None = None,
    loop: bool = False,
    has_microphone: bool = True,
    may_use_microphone: bool = True,
    may_hear_itself: bool = False,
) -> AsyncIterator[Page]:
    """The page, open. `microphone` is spoken from when the page opens it, once unless `loop`; without, the browser's
    own beeps are. A page that `may_hear_itself` gets by `getDisplayMedia` what it plays.

    Ends with a check that the page kept its own Content-Security-Policy and threw no error.
    """
    chromium = next((path for name in _NAMES if (path := shutil.which(name))), None)
    assert chromium, "Chromium is not on this machine: run `make chromium`"
    arguments = list(_QUIET)
    if has_microphone:
        arguments.append(_FAKE_DEVICE)
    if may_hear_itself:
        arguments.append(_ALLOW_OWN_SOUND)  # where devices are allowed by a flag, the sound would be a fake one, too
    elif may_use_microphone:
        arguments.append(_ALLOW_DEVICES)
    if microphone:
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}{'' if loop else '%noloop'}")
    refused, errors = Refusals(), list[str]()
    with tempfile.TemporaryDirectory() as pulse:
        # Chromium's sound library leaves a folder behind wherever it is not told to.
        env: dict[str, str | float | bool] = {**os.environ, "PULSE_RUNTIME_PATH": pulse}
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium,
                args=arguments,
                env=env,
                ignore_default_args=["--mute-audio"] if may_hear_itself else None,
            )
            try:
                width, height = size
                context = await browser.new_context(locale=locale, viewport={"width": width, "height": height})
                if may_hear_itself:
                    await context.grant_permissions(["microphone", "camera"])
                page = await context.new_page()
                page.on("console", refused.note)
                page.on("pageerror", lambda error: errors.append(str(error)))
                await page.goto(url)
                yield page
                await context.close()
            finally:
                await browser.close()
    assert not refused, refused
    assert not errors, errors


async def wait_for_state(page: Page, *states: str, timeout_s: float = 20) -> None:
    """Waits until `<main>` carries one of `states`."""
    wanted = ", ".join(f'main[data-state="{state}"]' for state in states)
    await page.wait_for_selector(wanted, timeout=timeout_s * 1000)


async def wait_until(page: Page, expression: str, timeout_s: float = 20) -> None:
    """Waits until JavaScript says true. Playwright's own `wait_for_function` needs an eval, which the page forbids."""
    deadline = time.monotonic() + timeout_s
    while not await page.evaluate(expression):
        assert time.monotonic() < deadline, f"not true within {timeout_s:g} s: {expression}"
        await page.wait_for_timeout(100)


async def screenshot(page: Page, name: str) -> None:
    """Keeps what the page looks like, in both sizes, under build/screenshots."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    for width, height in (PHONE, DESK):
        await page.set_viewport_size({"width": width, "height": height})
        await page.screenshot(path=SCREENSHOTS / f"{name}-{width}x{height}.png")
    if before:
        await page.set_viewport_size(before)
