"""Who may call, and when: the access code, invitations, a full house, too many tries. The service's answers are given
by the test, so that each comes when it is wanted."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Route

from browser.axe import violations
from browser.chromium import ELSEWHERE, caller_page, screenshot, wait_for_state
from support.stack import Stack, running_stack


class Answers:
    """Answers the page's requests for calls with a status each, the last one for ever; notes what they carried."""

    def __init__(self, *answers: tuple[int, dict[str, str], dict[str, str]]) -> None:
        self._answers = list(answers)
        self.permits: list[str | None] = []

    async def __call__(self, route: Route) -> None:
        self.permits.append(await route.request.header_value("authorization"))
        if not self._answers:
            await route.continue_()
            return
        status, headers, body = self._answers.pop(0)
        await route.fulfill(status=status, headers=headers, content_type="application/json", body=json.dumps(body))


REFUSED = (401, {}, {"message": "calling from here needs an access code or an invitation"})


async def answer(page: Page, *answers: tuple[int, dict[str, str], dict[str, str]]) -> Answers:
    answering = Answers(*answers)
    await page.route("**/api/calls", answering)
    return answering


async def test_the_access_code(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        answers = await answer(page, REFUSED, REFUSED)
        assert await page.is_hidden("#code")
        await page.click("#call")
        await wait_for_state(page, "failed")
        assert await page.get_attribute("main", "data-problem") == "code-wanted"
        assert await page.inner_text("#announcement") == ""
        assert await page.evaluate("document.activeElement.id") == "code"
        assert await violations(page) == []
        await screenshot(page, "code-wanted")

        await page.keyboard.type("wrong")
        await page.keyboard.press("Enter")
        await page.wait_for_selector('main[data-problem="code-wrong"]')
        assert await page.input_value("#code") == ""
        assert await page.evaluate("sessionStorage.length") == 0

        await page.keyboard.type("right")
        await page.keyboard.press("Enter")
        await wait_for_state(page, "ringing")
        assert answers.permits == [None, "Bearer wrong", "Bearer right"]
        assert await page.evaluate("Object.values(sessionStorage)") == ["right"]
        assert "right" not in await page.evaluate("JSON.stringify(localStorage)")
        await page.click("#hangup")


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """LiveKit and the page, which lets nobody call without the code."""
    env = {"ACCESS_CODE": "open-sesame", "WEB_PUBLIC_URL": "https://malbeot.example"}
    async with running_stack(tmp_path_factory.mktemp("guarded"), roles=("livekit", "web"), env=env) as running:
        yield running


@pytest.mark.parametrize(("locale", "label"), [("en-US", "Access code"), ("ko-KR", "접속 코드")])
async def test_the_code_is_asked_for_from_the_start(guarded: Stack, locale: str, label: str) -> None:
    async with caller_page(guarded.web_url, locale=locale) as page:
        await page.wait_for_selector("#code", state="visible")
        assert await page.inner_text("label[for=code]") == label
        assert await page.is_hidden("#problem")
        assert await violations(page) == []
        await screenshot(page, f"code-asked-{locale}")
        await page.click("#call")  # without one: the field is shown, and nobody is called
        assert await page.evaluate("document.activeElement.id") == "code"
        assert await page.get_attribute("main", "data-state") == "idle"

        await page.keyboard.type("wrong-one")
        await page.keyboard.press("Enter")
        await page.wait_for_selector('main[data-problem="code-wrong"]')
        assert label.lower() in (await page.inner_text("#problem")).lower()
        assert await page.inner_text("#announcement") == ""
        await page.fill("#code", "open-sesame")
        await page.keyboard.press("Enter")
        await wait_for_state(page, "ringing")
        await page.click("#hangup")
        await wait_for_state(page, "ended")
        assert await page.is_hidden("#code")

        await page.reload()
        await page.wait_for_load_state("networkidle")
        assert await page.is_hidden("#code"), "this tab knows it"


async def test_who_comes_with_an_invitation_is_asked_for_no_code(guarded: Stack) -> None:
    async with caller_page(f"{guarded.web_url}/#invite=abc.def-1") as page:
        await page.wait_for_load_state("networkidle")
        assert await page.is_hidden("#code")
    async with caller_page(guarded.web_url) as page:
        await page.wait_for_selector("#code", state="visible")
        await page.evaluate("location.hash = 'invite=abc.def-1'")  # the link, opened in the page that is open
        await page.wait_for_selector("#code", state="hidden")
        await page.click("#call")
        await page.wait_for_selector('main[data-problem="invitation-refused"]')


@pytest.mark.parametrize(("locale", "words"), [("en-US", "over https"), ("ko-KR", "https 주소로")])
async def test_a_page_that_gets_no_microphone(guarded: Stack, locale: str, words: str) -> None:
    elsewhere = guarded.web_url.replace("127.0.0.1", ELSEWHERE)
    async with caller_page(elsewhere, locale=locale) as page:
        await page.wait_for_selector("#code", state="visible")
        await page.fill("#code", "open-sesame")
        await page.click("#call")
        await page.wait_for_selector('main[data-problem="insecure-page"]')
        assert words in await page.inner_text("#problem")
        assert await page.is_hidden("#other-microphone")
        assert await violations(page) == []
        await page.click("#call-typing")
        await wait_for_state(page, "ringing")
        await page.click("#hangup")
        await wait_for_state(page, "ended")


async def test_what_is_typed_as_a_code_can_be_seen(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        field = page.locator("#code")
        wanted = {"type": "text", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        assert {name: await field.get_attribute(name) for name in wanted} == wanted


async def test_a_code_in_letters_that_no_header_holds(unattended: Stack) -> None:
    async with caller_page(unattended.web_url, locale="ko-KR") as page:
        await answer(page, REFUSED)
        await page.click("#call")
        await wait_for_state(page, "failed")
        await page.fill("#code", "비밀번호")
        await page.keyboard.press("Enter")
        await page.wait_for_selector('main[data-problem="code-wrong"]')
        await screenshot(page, "code-wrong-ko")


async def test_an_invitation(unattended: Stack) -> None:
    async with caller_page(f"{unattended.web_url}/#invite=abc.def-1") as page:
        assert page.url == f"{unattended.web_url}/"
        answers = await answer(page)
        await page.click("#call")
        await wait_for_state(page, "ringing")
        await page.click("#hangup")
        await wait_for_state(page, "ended")
        await page.reload()
        answers = await answer(page, REFUSED, REFUSED)
        await page.click("#call")
        await wait_for_state(page, "failed")
        assert answers.permits == ["Bearer abc.def-1"]
        assert await page.get_attribute("main", "data-problem") == "invitation-refused"
        assert "Ask for a new one" in await page.inner_text("#problem")
        assert await page.is_visible("#code")
        # Without a code there is nothing to show the service, which says so again.
        await page.click("#call")
        await page.wait_for_selector('main[data-problem="code-wanted"]')
        assert answers.permits[1:] == [None]


@pytest.mark.parametrize(
    ("status", "body", "problem", "locale", "words", "button"),
    [
        (503, {"reason": "full"}, "full", "en-US", "Everyone is busy", "Call again in 3 s"),
        (429, {}, "too-many-tries", "ko-KR", "너무 여러 번", "3초 뒤에 다시 걸기"),
    ],
)
async def test_try_again_later(
    unattended: Stack, status: int, body: dict[str, str], problem: str, locale: str, words: str, button: str
) -> None:
    async with caller_page(unattended.web_url, locale=locale) as page:
        answers = await answer(page, (status, {"Retry-After": "3"}, {"message": "later", **body}))
        await page.click("#call")
        await wait_for_state(page, "failed")
        assert await page.get_attribute("main", "data-problem") == problem
        assert words in await page.inner_text("#problem")
        assert await page.inner_text("#call") == button
        assert await page.evaluate("document.activeElement.id") == "call"
        await page.keyboard.press("Enter")
        assert len(answers.permits) == 1
        assert await violations(page) == []
        await screenshot(page, problem)
        await page.wait_for_selector("#call:not([aria-disabled])", timeout=5_000)
        assert await page.inner_text("#announcement") in ("You can call again now.", "이제 다시 거실 수 있습니다.")
        await page.keyboard.press("Enter")
        await wait_for_state(page, "ringing")


async def test_a_full_house(tmp_path: Path) -> None:
    async with (
        running_stack(tmp_path, roles=("livekit", "web"), env={"MAX_CALLS": "1"}) as stack,
        caller_page(stack.web_url) as first,
        caller_page(stack.web_url) as second,
    ):
        await first.click("#call")
        await wait_for_state(first, "ringing")
        await second.click("#call")
        await wait_for_state(second, "failed")
        assert await second.get_attribute("main", "data-problem") == "full"
        assert (await second.inner_text("#call")).startswith("Call again in ")
        await first.click("#hangup")
        await wait_for_state(first, "ended")
        await second.reload()  # which forgets how long to wait
        await second.click("#call")
        await wait_for_state(second, "ringing")


async def test_the_server_says_that_livekit_is_down(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        await answer(page, (503, {"Retry-After": "5"}, {"message": "down", "reason": "server-down"}))
        await page.click("#call")
        await wait_for_state(page, "failed")
        assert await page.get_attribute("main", "data-problem") == "server-down"
        await page.click("#call")
        await wait_for_state(page, "ringing")


async def test_a_call_that_ends_gives_its_place_back(unattended: Stack) -> None:
    async with caller_page(unattended.web_url) as page:
        async with page.expect_response(lambda response: response.request.method == "POST") as asked:
            await page.click("#call")
        ticket = await (await asked.value).json()
        await wait_for_state(page, "ringing")
        async with page.expect_request(lambda request: request.method == "DELETE") as ended:
            await page.click("#hangup")
        request = await ended.value
        assert request.url == f"{unattended.web_url}/api/calls/{ticket['room']}"
        assert await request.header_value("x-call-token") == ticket["token"]
