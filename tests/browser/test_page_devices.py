"""A camera that is refused or allowed too late, and a muted microphone in a call that is lost."""

import pytest
from livekit import api
from playwright.async_api import Page

from browser.axe import violations
from browser.chromium import caller_page, wait_for_state, wait_until
from browser.refusal import allow, refusable, refuse
from support.stack import Stack

# The browser asks for the camera until the test says `window.allow()`; every device that opens is noted.
ASKS_FOR_THE_CAMERA = """() => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.opened = [];
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    if (wanted.video) await new Promise((allow) => { window.allow = allow; });
    const stream = await open(wanted);
    window.opened.push(...stream.getTracks());
    return stream;
  };
}"""
CAMERAS = "window.opened.filter((track) => track.kind === 'video').map((track) => track.readyState)"


async def turn_camera(page: Page) -> None:
    await page.click("#more")
    await page.click("#camera")


async def allow_camera(page: Page) -> None:
    await wait_until(page, "window.allow !== undefined")
    await page.evaluate("() => { window.allow(); window.allow = undefined; }")


async def hang_up_before_the_camera_is_allowed(page: Page, *, opened: int) -> None:
    """Turns the camera on and hangs up: allowed after that, it ends. `opened` cameras were before it."""
    await turn_camera(page)
    await wait_until(page, "window.allow !== undefined")
    await page.click("#hangup")
    await wait_for_state(page, "ended")
    await allow_camera(page)
    await wait_until(page, f"{CAMERAS}.length === {opened + 1}")
    await wait_until(page, f"{CAMERAS}[{opened}] === 'ended'", timeout_s=2)
    assert await page.is_hidden("#self-view")


async def test_a_camera_that_is_allowed_after_the_call_is_not_on(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        await page.evaluate(ASKS_FOR_THE_CAMERA)
        await page.click("#call")
        await wait_for_state(page, "ringing")
        await hang_up_before_the_camera_is_allowed(page, opened=0)

        # In a call after that it works, and off and on again as well.
        await page.click("#call")
        await wait_for_state(page, "ringing")
        for number in (1, 2):
            await turn_camera(page)
            await allow_camera(page)
            await page.wait_for_selector("#self-view", state="visible")
            await wait_until(page, f"{CAMERAS}[{number}] === 'live'")
            await wait_until(page, "document.querySelector('#self-view').videoWidth > 0")
            if number == 1:
                await turn_camera(page)
                await wait_until(page, f"{CAMERAS}[1] === 'ended'")
                assert await page.is_hidden("#self-view")
        await turn_camera(page)
        await wait_until(page, f"{CAMERAS}[2] === 'ended'")
        # Turned on once more, and the call over before it is allowed again.
        await hang_up_before_the_camera_is_allowed(page, opened=3)


async def muted(stack: Stack) -> list[bool]:
    """Of every microphone that LiveKit has, whether it is muted."""
    async with api.LiveKitAPI(stack.livekit_url, stack.api_key, stack.api_secret) as service:
        found = []
        for room in (await service.room.list_rooms(api.ListRoomsRequest())).rooms:
            listed = await service.room.list_participants(api.ListParticipantsRequest(room=room.name))
            found += [track.muted for them in listed.participants for track in them.tracks]
        return found


async def test_who_is_muted_stays_so_when_the_page_calls_again(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        await page.evaluate(ASKS_FOR_THE_CAMERA)  # notes the microphone, too
        await page.click("#call")
        await wait_for_state(page, "ringing")
        await page.click("#mute")
        unattended.kill("livekit")
        await unattended.stop("livekit")
        await unattended.start("livekit")
        await wait_for_state(page, "redialling", timeout_s=40)
        for _ in range(100):
            if found := await muted(unattended):
                break
            await page.wait_for_timeout(100)
        assert found == [True]
        assert await page.evaluate("window.opened.map((track) => [track.readyState, track.enabled])") == [
            ["live", False]
        ]
        assert await page.inner_text("#mute") == "Unmute"
        await page.click("#mute")
        await wait_until(page, "window.opened[0].enabled")
        await page.click("#hangup")
        await wait_for_state(page, "ended")


REFUSED_CAMERA = {
    "en-US": [
        ("NotAllowedError", "This page may not use your camera."),
        ("NotFoundError", "No camera was found."),
        ("NotReadableError", "Another program is using the camera."),
    ],
    "ko-KR": [
        ("NotAllowedError", "카메라를 쓸 수 없습니다."),
        ("NotFoundError", "카메라가 없습니다."),
        ("NotReadableError", "다른 프로그램이 카메라를 쓰고 있습니다."),
    ],
}


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
async def test_a_camera_that_is_refused_and_then_is_not(unattended: Stack, locale: str) -> None:
    async with caller_page(unattended.web_url, locale=locale) as page:
        await refusable(page)
        await page.click("#call")
        await wait_for_state(page, "ringing")
        for error, words in REFUSED_CAMERA[locale]:
            await refuse(page, "video", error)
            await turn_camera(page)
            await page.wait_for_selector(f'#problem:has-text("{words}")')
            assert await page.is_hidden("#self-view")
            assert await page.get_attribute("main", "data-state") == "ringing"
        assert await violations(page) == []
        await allow(page)
        await turn_camera(page)
        await page.wait_for_selector("#self-view", state="visible")
        assert await page.is_hidden("#problem")
