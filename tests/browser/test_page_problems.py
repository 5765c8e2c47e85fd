"""What goes wrong in a call or before it, told in a sentence after which one can go on."""

import pytest

from browser.axe import violations
from browser.chromium import caller_page, screenshot, wait_for_state, wait_until
from browser.companion import answered
from browser.refusal import refusable, refuse
from support.stack import Stack

MICROPHONES = {
    "en-US": [
        ("NotReadableError", "microphone-busy", "Another program is using the microphone."),
        ("NotFoundError", "microphone-missing", "No microphone was found."),
    ],
    "ko-KR": [
        ("NotReadableError", "microphone-busy", "다른 프로그램이 마이크를 쓰고 있습니다."),
        ("NotFoundError", "microphone-missing", "마이크가 없습니다."),
    ],
}
CHOOSE = {"en-US": "Or choose another microphone", "ko-KR": "다른 마이크를 고르셔도 됩니다"}
# A browser that plays nothing before the page is touched.
SILENCED = """() => {
  const play = HTMLMediaElement.prototype.play;
  window.silenced = true;
  HTMLMediaElement.prototype.play = async function () {
    if (!window.silenced) return play.call(this);
    this.autoplay = false;
    this.pause();
    throw new DOMException("not before a touch", "NotAllowedError");
  };
}"""
# Nothing is sent through a data channel until `mend`.
CUT = """() => {
  const send = RTCDataChannel.prototype.send;
  RTCDataChannel.prototype.send = () => { throw new DOMException("closed", "InvalidStateError"); };
  window.mend = () => { RTCDataChannel.prototype.send = send; };
}"""
KEEPS_NOTHING = """() => {
  Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
}"""
MICROPHONE = "window.opened.findLast((track) => track.kind === 'audio')"


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
async def test_another_microphone_than_the_one_that_does_not_open(unattended: Stack, locale: str) -> None:
    async with caller_page(unattended.web_url, locale=locale) as page:
        await refusable(page)
        assert await page.is_hidden("#other-microphone")
        for error, problem, words in MICROPHONES[locale]:
            await refuse(page, "audio", error, "default")
            await page.click("#call")
            await page.wait_for_selector(f'main[data-problem="{problem}"]')
            assert words in await page.inner_text("#problem")
            await page.wait_for_selector("#other-microphone", state="visible")
            assert await page.inner_text("label[for=other-microphone]") == CHOOSE[locale]
            assert await page.is_visible("#call-typing")
            assert await violations(page) == []
        await screenshot(page, f"other-microphone-{locale}")
        await page.select_option("#other-microphone", label="Fake Audio Input 2")
        chosen = await page.input_value("#other-microphone")
        for _ in range(2):  # and in the next call, too
            await page.click("#call")
            await wait_for_state(page, "ringing")
            assert await page.evaluate(f"{MICROPHONE}.getSettings().deviceId") == chosen
            await page.click("#hangup")
            await wait_for_state(page, "ended")
            assert await page.is_hidden("#other-microphone")


async def test_a_browser_that_keeps_nothing_knows_the_choice_until_the_page_is_left(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        await page.evaluate(KEEPS_NOTHING)
        await refusable(page)
        await refuse(page, "audio", "NotReadableError", "default")
        await page.click("#call")
        await page.wait_for_selector("#other-microphone", state="visible")
        await page.select_option("#other-microphone", label="Fake Audio Input 1")
        chosen = await page.input_value("#other-microphone")
        await page.click("#call")
        await wait_for_state(page, "ringing")
        assert await page.evaluate(f"{MICROPHONE}.getSettings().deviceId") == chosen


@pytest.mark.parametrize(("locale", "words"), [("en-US", "leave it empty"), ("ko-KR", "비워 두세요")])
async def test_a_name_that_is_refused(unattended: Stack, locale: str, words: str) -> None:
    async with caller_page(unattended.web_url, locale=locale) as page:
        await page.fill("#name", "Rose\u202e")  # which would turn round the text after it
        await page.click("#call")
        await page.wait_for_selector('main[data-problem="name-refused"]')
        assert words in await page.inner_text("#problem")
        assert await violations(page) == []
        await page.fill("#name", "")
        await page.click("#call")
        await wait_for_state(page, "ringing")
        assert await page.is_hidden("#problem")


@pytest.mark.parametrize(
    ("locale", "left", "unsent", "touch"),
    [
        ("en-US", "The companion has left the call.", "did not get through", "Touch the screen once"),
        ("ko-KR", "말벗이 통화에서 나갔습니다.", "글이 전해지지 않았습니다.", "화면을 한 번 눌러 주세요."),
    ],
)
async def test_what_goes_wrong_while_they_talk(
    unattended: Stack, locale: str, left: str, unsent: str, touch: str
) -> None:
    async with caller_page(unattended.web_url, locale=locale) as page:
        await page.evaluate(SILENCED)
        async with answered(unattended, page) as read:
            await wait_until(page, "!document.querySelector('#problem').hidden")
            assert touch in await page.inner_text("#problem")
            assert await page.evaluate("document.querySelector('#voice').paused")
            assert await violations(page) == []
            await page.evaluate("window.silenced = false")
            await page.click("#state")
            await wait_until(page, "!document.querySelector('#voice').paused")
            await page.wait_for_selector("#problem", state="hidden")

            await page.click("#more")
            await page.click("#type")
            await page.evaluate(CUT)
            await page.fill("#words", "Good morning.")
            await page.keyboard.press("Enter")
            await page.wait_for_selector("#problem", state="visible")
            assert unsent in await page.inner_text("#problem")
            assert await page.input_value("#words") == "Good morning."
            assert await page.locator('#captions [data-speaker="caller"]').count() == 0
            assert await violations(page) == []
            await page.evaluate("window.mend()")
            await page.click("#send")
            await page.wait_for_selector('#captions [data-speaker="caller"]:has-text("Good morning.")')
            assert await page.is_hidden("#problem")
            assert await page.input_value("#words") == ""
            await wait_for_state(page, "listening")
            for _ in range(50):
                if read:
                    break
                await page.wait_for_timeout(100)
            assert read == ["Good morning."]
        await page.wait_for_selector('main[data-problem="companion-left"]')
        assert left in await page.inner_text("#problem")
        assert await violations(page) == []
        await page.click("#call")
        await wait_for_state(page, "ringing")
        assert await page.is_hidden("#problem")
