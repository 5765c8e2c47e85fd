"""A browser that refuses devices when the test says so, as one does whose device is in use, gone or not allowed."""

from playwright.async_api import Page

_REFUSABLE = """() => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.opened = [];
  window.refusal = null;
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const { kind, error, device } = window.refusal ?? {};
    const named = wanted[kind]?.deviceId;
    if (wanted[kind] && (!device || [named, named?.exact, named?.ideal].includes(device))) {
      throw new DOMException("not for this page", error);
    }
    const stream = await open(wanted);
    window.opened.push(...stream.getTracks());
    return stream;
  };
}"""


async def refusable(page: Page) -> None:
    """From now on `refuse` works, and `window.opened` holds every track that was opened."""
    await page.evaluate(_REFUSABLE)


async def refuse(page: Page, kind: str, error: str, device: str = "") -> None:
    """Every device of a kind ("audio", "video") is refused with a DOMException, or one `device`."""
    await page.evaluate("refusal => { window.refusal = refusal; }", {"kind": kind, "error": error, "device": device})


async def allow(page: Page) -> None:
    await page.evaluate("window.refusal = null")
