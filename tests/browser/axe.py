"""What a page keeps from people with a disability, by axe-core."""

from pathlib import Path

import axe_playwright_python
from playwright.async_api import Page

_SCRIPT = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
_RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
}"""


async def violations(page: Page) -> list[str]:
    """One line for each rule that is broken, in light and in dark colours."""
    # Evaluated, not added as a script element: the page's Content-Security-Policy allows its own files alone.
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(_SCRIPT)
    found: list[str] = []
    for colours in ("dark", "light"):
        await page.emulate_media(color_scheme=colours)
        found += [f"{colours}: {line}" for line in await page.evaluate(_RUN)]
    return found
