"""What the page says: in both languages, and when a call does not come about."""

import asyncio
import re

import pytest
from livekit import api
from playwright.async_api import FloatRect

from browser.axe import violations
from browser.chromium import SCREENSHOTS, caller_page, screenshot, wait_for_state, wait_until
from support.stack import Stack

LANDSCAPE = (740, 360)
# Captions as the page makes them, more than it has room for.
SAY_MUCH = """() => {
  const line = '<li data-speaker="companion"><span class="speaker">말벗</span><span class="text">말벗</span></li>';
  document.querySelector("#captions ol").innerHTML = line.repeat(12);
  document.querySelector("#captions").hidden = false;
}"""


async def problem_of_a_call(stack: Stack, **options: object) -> tuple[str, str]:
    """Calls, waits until the call has failed, and returns which problem it was and the words for it."""
    async with caller_page(stack.web_url, **options) as page:  # type: ignore[arg-type]
        await page.click("#call")
        await wait_for_state(page, "failed", timeout_s=30)
        problem = await page.get_attribute("main", "data-problem")
        words = await page.inner_text("#problem")
        assert await page.is_visible("#call")
        assert await page.is_hidden("#hangup")
        assert await page.is_hidden("#duration")
        await screenshot(page, f"{problem}-{await page.get_attribute('html', 'lang')}")
        return problem or "", words


@pytest.mark.parametrize(
    ("locale", "language", "call", "state"),
    [
        ("ko-KR", "ko", "전화 걸기", "단추를 누르고 말씀하세요."),
        ("en-GB", "en", "Call", "Press the button and talk."),
        ("fr-FR", "en", "Call", "Press the button and talk."),
    ],
)
async def test_it_speaks_the_browsers_language(
    unattended: Stack, locale: str, language: str, call: str, state: str
) -> None:
    async with caller_page(unattended.web_url, locale=locale) as page:
        assert await page.get_attribute("html", "lang") == language
        assert await page.inner_text("#call") == call
        assert await page.inner_text("#state") == state
        assert await page.locator("button:visible").count() == 1
        assert await violations(page) == []
        await screenshot(page, f"idle-{locale}")


async def test_by_keyboard_and_the_name_is_remembered(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        await page.keyboard.press("Tab")
        await page.keyboard.type("Rose")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await wait_for_state(page, "ringing")
        assert await violations(page) == []
        await screenshot(page, "ringing")
        await page.keyboard.press("Enter")  # the focus went on to the button that hangs up
        await wait_for_state(page, "ended")
        assert await page.inner_text("#call") == "Call again"
        assert await page.evaluate("document.activeElement.id") == "call"
        await page.reload()
        assert await page.input_value("#name") == "Rose"


@pytest.mark.parametrize(
    ("locale", "muted"),
    [("en-US", "Your companion cannot hear you now."), ("ko-KR", "지금은 말벗에게 내 소리가 들리지 않습니다.")],
)
async def test_everything_is_large_and_nothing_scrolls_sideways(unattended: Stack, locale: str, muted: str) -> None:
    async with caller_page(unattended.web_url, locale=locale, size=(320, 568)) as page:

        async def fits() -> None:
            sizes = await page.eval_on_selector_all(
                "main :is(h1, h2, p, label, input, select, button)",
                "all => all.map(e => parseFloat(getComputedStyle(e).fontSize))",
            )
            assert min(sizes) >= 20, sizes
            assert await page.evaluate("document.documentElement.scrollWidth") <= 320

        await fits()
        await page.click("#call")
        await wait_for_state(page, "ringing")
        await fits()
        await page.click("#more")
        await fits()
        await page.screenshot(path=SCREENSHOTS / f"more-320x568-{locale}.png")
        await page.click("#type")
        await page.evaluate(SAY_MUCH)
        # The longest that it says while one talks.
        await page.evaluate(f"document.querySelector('#state').textContent = '{muted}'")
        await fits()
        for button in ("#send", "#more", "#hangup"):
            box = await page.locator(button).bounding_box()
            assert box, button
            assert box["x"] >= 0, (button, box)
            assert box["x"] + box["width"] <= 320, (button, box)
            assert box["y"] + box["height"] <= 568, (button, box)
        await page.screenshot(path=SCREENSHOTS / f"typing-320x568-{locale}.png")


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
async def test_a_phone_on_its_side(unattended: Stack, locale: str) -> None:
    async with caller_page(unattended.web_url, locale=locale, size=LANDSCAPE) as page:

        async def boxes_of(*ids: str) -> list[FloatRect]:
            boxes = [await page.locator(f"#{name}").bounding_box() for name in ids]
            shown = [box for box in boxes if box]
            assert len(shown) == len(ids), boxes
            for name, box in zip(ids, shown, strict=True):
                assert box["x"] >= 0, (name, box)
                assert box["x"] + box["width"] <= LANDSCAPE[0], (name, box)
                assert box["y"] >= 0, (name, box)
                assert box["y"] + box["height"] <= LANDSCAPE[1], (name, box)
            return shown

        await boxes_of("state", "name", "call")
        await page.screenshot(path=SCREENSHOTS / f"idle-landscape-{locale}.png")
        await page.click("#call")
        await wait_for_state(page, "ringing")
        await page.evaluate(SAY_MUCH)
        state, captions, *buttons = await boxes_of("state", "captions", "mute", "more", "hangup")
        assert captions["height"] >= 150, captions
        assert captions["y"] >= state["y"] + state["height"]
        assert all(button["x"] >= captions["x"] + captions["width"] for button in buttons)
        assert await page.evaluate("document.querySelector('#captions').scrollHeight") > captions["height"]
        assert await page.evaluate("document.documentElement.scrollHeight") <= LANDSCAPE[1], "captions alone scroll"
        await page.screenshot(path=SCREENSHOTS / f"call-landscape-{locale}.png")
        await page.click("#mute")
        await page.click("#more")
        await page.click("#type")
        await boxes_of("state", "captions", "send", "mute", "more", "hangup")
        await page.screenshot(path=SCREENSHOTS / f"typing-landscape-{locale}.png")


@pytest.mark.parametrize(
    ("locale", "mute", "unmute", "muted"),
    [
        ("en-US", "Mute", "Unmute", "Your microphone is off."),
        ("ko-KR", "내 소리 끄기", "내 소리 켜기", "마이크가 꺼져 있습니다."),
    ],
)
async def test_mute_says_what_it_does(unattended: Stack, locale: str, mute: str, unmute: str, muted: str) -> None:
    async with caller_page(unattended.web_url, locale=locale) as page:
        await page.click("#call")
        await wait_for_state(page, "ringing")
        assert await page.inner_text("#mute") == mute
        await page.click("#mute")
        assert await page.inner_text("#mute") == unmute
        assert await page.inner_text("#level-label") == muted
        assert await violations(page) == []
        await page.click("#mute")
        assert await page.inner_text("#mute") == mute


async def test_nobody_answers(unattended: Stack) -> None:
    in_english, in_korean = await asyncio.gather(
        problem_of_a_call(unattended, locale="en-US"), problem_of_a_call(unattended, locale="ko-KR")
    )
    assert in_english[0] == in_korean[0] == "no-answer"
    assert "not answering" in in_english[1]
    assert "받지 않습니다" in in_korean[1]


async def test_the_service_ends_a_call_to_which_nobody_comes(unattended: Stack) -> None:
    """It may be the first to lose patience: who never heard anybody does not read that the call is over."""
    async with (
        caller_page(unattended.web_url) as page,
        api.LiveKitAPI(unattended.livekit_url, unattended.api_key, unattended.api_secret) as livekit,
    ):
        await page.click("#call")
        await wait_for_state(page, "ringing")
        for room in (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms:
            await livekit.room.delete_room(api.DeleteRoomRequest(room=room.name))
        await wait_for_state(page, "failed", "ended", timeout_s=10)
        assert await page.get_attribute("main", "data-problem") == "no-answer"


@pytest.mark.parametrize(("locale", "words"), [("en-US", "Allow the microphone"), ("ko-KR", "마이크를 허용")])
async def test_the_microphone_is_refused(unattended: Stack, locale: str, words: str) -> None:
    problem, said = await problem_of_a_call(unattended, locale=locale, may_use_microphone=False)
    assert problem == "microphone-refused"
    assert words in said


async def test_there_is_no_microphone(unattended: Stack) -> None:
    problem, said = await problem_of_a_call(unattended, has_microphone=False)
    assert problem == "microphone-missing"
    assert re.search("No microphone was found", said)


async def test_the_servers_are_down(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        for role in ("livekit", "web"):
            await unattended.stop(role)
            try:
                await page.click("#call")
                await wait_for_state(page, "dialling", "failed")
                await wait_for_state(page, "failed", timeout_s=40)
                assert await page.get_attribute("main", "data-problem") == "server-down", role
                assert "not reachable" in await page.inner_text("#problem")
            finally:
                await unattended.start(role)
        await page.click("#call")
        await wait_for_state(page, "ringing")
        assert await page.is_hidden("#problem")


async def test_the_connection_is_lost(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        await page.click("#call")
        await wait_for_state(page, "ringing")
        unattended.kill("livekit")
        try:
            # Where the microphone was not there yet, the page does not reconnect but calls anew at once.
            await wait_for_state(page, "reconnecting", "redialling", timeout_s=15)
            await screenshot(page, "reconnecting")
            await wait_for_state(page, "failed", timeout_s=90)
            assert await page.get_attribute("main", "data-problem") == "connection-lost"
            assert "connection was lost" in await page.inner_text("#problem")
        finally:
            await unattended.stop("livekit")
            await unattended.start("livekit")


# Whoever publishes a track fails, so many times.
CANNOT_PUBLISH = """times => {
  const add = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (what, ...rest) {
    if (what instanceof MediaStreamTrack && times-- > 0) throw new DOMException("gone", "InvalidStateError");
    return add.call(this, what, ...rest);
  };
}"""


async def test_the_connection_breaks_before_the_microphone_is_there(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        await page.evaluate(CANNOT_PUBLISH, 1)
        await page.click("#call")
        await wait_for_state(page, "redialling", "failed")
        await wait_until(page, "document.querySelector('#state').textContent.includes('calling again')")
        assert await page.is_hidden("#problem")
        await page.click("#hangup")
        await wait_for_state(page, "ended")
        await page.evaluate(CANNOT_PUBLISH, 99)
        await page.click("#call")
        await wait_for_state(page, "failed", timeout_s=30)
        assert await page.get_attribute("main", "data-problem") == "connection-lost"
