"""What a call has behind "More", mute, and typing."""

from pathlib import Path

import numpy as np
from playwright.async_api import Page

from browser.axe import violations
from browser.chromium import caller_page, screenshot, wait_for_state, wait_until
from browser.refusal import refusable
from support.speech import Speech, english
from support.stack import Stack

QUESTION = "What do you like to do on a sunny day?"
PAUSE_S = 3.0
CALLER = '#captions [data-speaker="caller"]'
MICROPHONE_ID = "window.opened.findLast((track) => track.kind === 'audio').getSettings().deviceId"
CAMERA_IS_LIVE = "document.querySelector('#self-view').srcObject?.getVideoTracks()[0]?.readyState === 'live'"


def question_and_pause(path: Path) -> Path:
    speech = english(QUESTION)
    quiet = np.zeros(int(PAUSE_S * speech.rate), np.int16)
    return Speech(np.concatenate([speech.samples, quiet]), speech.rate).to_wav(path)


async def write(page: Page, text: str) -> None:
    await page.fill("#words", text)
    await page.keyboard.press("Enter")
    await page.wait_for_selector(f'{CALLER}:has-text("{text}")', timeout=5_000)


async def test_mute_camera_devices_and_typing(attended: Stack, tmp_path: Path) -> None:
    microphone = question_and_pause(tmp_path / "microphone.wav")
    async with caller_page(attended.web_url, microphone=microphone, loop=True) as page:
        await refusable(page)
        await page.click("#call")
        await page.click("#mute")  # before the microphone is open
        assert await page.inner_text("#mute") == "Unmute"
        assert await page.get_attribute("#mute", "aria-pressed") is None, "the label tells already"
        await wait_for_state(page, "speaking", timeout_s=30)
        await wait_for_state(page, "listening", timeout_s=30)
        assert await page.inner_text("#state") == "Your companion cannot hear you now."
        assert await page.inner_text("#level-label") == "Your microphone is off."

        await page.click("#more")
        assert await page.evaluate("document.querySelector('#panel').open")
        await page.wait_for_selector("#microphone option:nth-child(2)", state="attached")
        await page.select_option("#microphone", label="Fake Audio Input 2")
        chosen = await page.input_value("#microphone")
        assert await violations(page) == []
        await screenshot(page, "more")
        await page.keyboard.press("Escape")
        assert not await page.evaluate("document.querySelector('#panel').open")
        assert await page.evaluate("document.activeElement.id") == "more"

        await page.click("#more")
        await page.click("#camera")
        await page.wait_for_selector("#self-view", state="visible")
        await wait_until(page, "document.querySelector('#self-view').videoWidth > 0")
        camera = await page.evaluate_handle("document.querySelector('#self-view').srcObject.getVideoTracks()[0]")
        assert await camera.evaluate("track => track.readyState") == "live"
        assert await violations(page) == []
        await screenshot(page, "camera")
        await page.click("#more")
        assert await page.get_attribute("#camera", "aria-pressed") == "true"
        await page.click("#camera")
        await page.wait_for_selector("#self-view", state="hidden")
        assert await camera.evaluate("track => track.readyState") == "ended"

        await page.click("#more")
        await page.click("#type")
        assert await page.evaluate("document.activeElement.id") == "words"
        # The microphone has spoken all this while, and nobody has heard it.
        await page.wait_for_timeout(6000)
        assert await page.locator(CALLER).count() == 0
        before = await page.locator('#captions [data-speaker="companion"]').count()
        await write(page, "Do you like tea?")
        answer = f'{CALLER} ~ [data-speaker="companion"][data-final="true"]'
        await page.wait_for_selector(answer, timeout=40_000)
        assert await page.locator('#captions [data-speaker="companion"]').count() > before
        assert await violations(page) == []
        await screenshot(page, "typed")
        await page.keyboard.press("Escape")
        assert await page.is_hidden("#typing")

        spoken = await page.locator(CALLER).count()
        await page.click("#mute")
        await wait_until(page, f"document.querySelectorAll('{CALLER}').length > {spoken}", timeout_s=30)
        assert await page.evaluate(MICROPHONE_ID) == chosen

        await page.click("#more")
        await page.click("#camera")
        await page.wait_for_selector("#self-view", state="visible")
        await wait_until(page, CAMERA_IS_LIVE)
        camera = await page.evaluate_handle("document.querySelector('#self-view').srcObject.getVideoTracks()[0]")
        await page.click("#hangup")
        await wait_for_state(page, "ended")
        assert await camera.evaluate("track => track.readyState") == "ended"
        assert await page.is_hidden("#self-view")


async def test_typing_where_there_is_no_microphone(attended: Stack) -> None:
    async with caller_page(attended.web_url, locale="ko-KR", may_use_microphone=False) as page:
        await page.fill("#name", "순자")
        await page.click("#call")
        await wait_for_state(page, "failed")
        assert await violations(page) == []
        await screenshot(page, "type-instead-ko")
        await page.click("#call-typing")
        assert await page.evaluate("document.activeElement.id") == "words"
        assert await page.is_hidden("#mute")
        assert await page.is_hidden("#hearing")
        await wait_for_state(page, "speaking", timeout_s=30)  # it greets
        await wait_for_state(page, "listening", timeout_s=30)
        assert await page.inner_text("#state") == "여기 있습니다. 글로 써 주세요."
        await write(page, "안녕하세요, 반갑습니다.")
        await page.wait_for_selector(f'{CALLER} ~ [data-speaker="companion"]', timeout=40_000)
        await screenshot(page, "typed-ko")
        await page.click("#hangup")
        await wait_for_state(page, "ended")
        assert "나는 1번" in await page.inner_text("#turns")
