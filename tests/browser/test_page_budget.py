"""How much the page loads, and how soon it can be used."""

import gzip

from playwright.async_api import Response

from browser.chromium import caller_page
from support.stack import Stack

MOST_BYTES = 250 * 1024
MOST_MS = 1000


async def test_the_first_load_is_small_and_soon_ready(unattended: Stack) -> None:
    async with caller_page("about:blank") as page:
        loaded: list[Response] = []
        page.on("response", lambda response: loaded.append(response))
        await page.goto(unattended.web_url, wait_until="commit")
        await page.wait_for_selector("#call:enabled")
        # Counts from when the navigation began; what it takes to ask is in it too.
        ready_ms = await page.evaluate("performance.now()")
        await page.wait_for_load_state("networkidle")
        sizes = {response.url: len(gzip.compress(await response.body())) for response in loaded}
    assert {url.removeprefix(unattended.web_url).split("-")[0] for url in sizes} >= {"/", "/assets/index"}
    assert all(url.startswith(unattended.web_url) for url in sizes), sizes
    assert sum(sizes.values()) <= MOST_BYTES, sizes
    assert ready_ms <= MOST_MS
    print(sum(sizes.values()), ready_ms)
