"""What the page is heard and spoken through, chosen in a call: microphone, speaker, volume."""

import asyncio

import pytest
from playwright.async_api import Page, Route

from browser.chromium import caller_page, wait_for_state, wait_until
from browser.companion import answered
from browser.refusal import allow, refusable, refuse
from support.stack import Stack

MICROPHONE = "window.opened.filter((track) => track.kind === 'audio' && track.readyState === 'live')"
DEVICES = f"{MICROPHONE}.map((track) => track.getSettings().deviceId)"
LEVEL = "document.querySelector('#level').value"


async def choose(page: Page, what: str, label: str) -> str:
    """Chooses a device in the panel and returns its id."""
    await page.click("#more")
    await page.wait_for_selector(f"#{what} option:nth-child(2)", state="attached")
    await page.select_option(f"#{what}", label=label)
    return await page.input_value(f"#{what}")


@pytest.mark.parametrize(
    ("locale", "words"), [("en-US", "This device cannot be used."), ("ko-KR", "이 기기는 쓸 수 없습니다.")]
)
async def test_a_device_that_cannot_be_used_leaves_the_one_before(unattended: Stack, locale: str, words: str) -> None:
    async with caller_page(unattended.web_url, locale=locale) as page:
        await refusable(page)
        await page.click("#call")
        await wait_for_state(page, "ringing")
        first = await choose(page, "microphone", "Fake Audio Input 1")
        await wait_until(page, f"{DEVICES}.join() === '{first}'")
        await page.click("#close")
        await page.click("#more")
        second = await page.get_attribute("#microphone option:nth-child(3)", "value")
        assert second
        await page.click("#close")

        await refuse(page, "audio", "NotReadableError", second)
        await choose(page, "microphone", "Fake Audio Input 2")
        await page.wait_for_selector(f'#problem:has-text("{words}")')
        assert not await page.evaluate("document.querySelector('#panel').open"), "the sentence is behind it"
        await wait_until(page, f"{DEVICES}.join() === '{first}'")
        await wait_until(page, f"{LEVEL} > 0.4")
        await page.click("#more")
        await wait_until(page, f"document.querySelector('#microphone').value === '{first}'")
        await page.click("#close")

        await allow(page)
        await choose(page, "microphone", "Fake Audio Input 2")
        await wait_until(page, f"{DEVICES}.join() === '{second}'")
        assert await page.is_hidden("#problem")


async def test_a_microphone_that_is_chosen_before_the_call_comes_about(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        await refusable(page)
        chosen_already = asyncio.Event()

        async def hold(route: Route) -> None:
            await chosen_already.wait()
            await route.continue_()

        await page.route("**/api/calls", hold)
        await page.click("#call")
        chosen = await choose(page, "microphone", "Fake Audio Input 2")
        await wait_until(page, f"{DEVICES}.join() === '{chosen}'")
        assert await page.get_attribute("main", "data-state") == "dialling"
        await page.click("#close")
        chosen_already.set()
        await wait_for_state(page, "ringing")
        assert await page.evaluate(DEVICES) == [chosen]


async def test_a_microphone_that_is_gone_is_replaced(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        await refusable(page)
        await page.evaluate("localStorage.setItem('malbeot.microphone', 'unplugged')")
        await page.click("#call")
        await wait_for_state(page, "ringing")
        assert await page.evaluate(DEVICES) == ["default"]
        await page.click("#more")
        await wait_until(page, "document.querySelector('#microphone').value === 'default'")


# Listens to what the page plays, as loud as it plays it.
LISTEN = """async () => {
  const shown = await navigator.mediaDevices.getDisplayMedia({
    audio: { echoCancellation: false, autoGainControl: false, noiseSuppression: false },
    video: true,
    preferCurrentTab: true,
    selfBrowserSurface: "include",
  });
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(new MediaStream(shown.getAudioTracks())).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  window.rms = () => {
    analyser.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
  };
}"""


async def test_the_volume_and_the_speaker(unattended: Stack) -> None:
    async with caller_page(unattended.web_url, may_hear_itself=True) as page:
        async with answered(unattended, page):
            await page.evaluate(LISTEN)
            await wait_until(page, "window.rms() > 0.1")
            await page.click("#more")
            await page.fill("#volume", "0")
            await wait_until(page, "window.rms() === 0")
            await page.fill("#volume", "100")
            await wait_until(page, "window.rms() > 0.1")
            await page.fill("#volume", "25")
            await wait_until(page, "window.rms() > 0 && window.rms() < 0.06")
            await page.click("#close")
            assert await page.evaluate("document.querySelector('#voice').sinkId") in ("", "default")
            chosen = await choose(page, "speaker", "Fake Audio Output 2")
            await wait_until(page, f"document.querySelector('#voice').sinkId === '{chosen}'")
        await wait_for_state(page, "failed")
        # The next call is heard as this one was.
        async with answered(unattended, page):
            await wait_until(page, f"document.querySelector('#voice').sinkId === '{chosen}'")
            await wait_until(page, "window.rms() > 0 && window.rms() < 0.06")
