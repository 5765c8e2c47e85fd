"""How often one guest may begin a call, so that nobody takes every place."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from malbeot.persona_choice import load_all
from malbeot.settings import Settings
from malbeot.web.access import CODE_CALLS, INVITED_CALLS
from malbeot.web.access.invitation_key import ensure_key
from malbeot.web.access.invitations import invite
from malbeot.web.app import create_app
from malbeot.web.places import invited
from malbeot.web.places.invited import AT_ONCE
from support.scripted_livekit import ScriptedLiveKit

CODE = "open-sesame"


@pytest.fixture
def rose(settings: Settings) -> str:
    return invite("Rose", key=ensure_key(settings.malbeot_state), lifetime=timedelta(days=1))


@pytest.fixture
def ada(settings: Settings) -> str:
    return invite("Ada", key=ensure_key(settings.malbeot_state), lifetime=timedelta(days=1))


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    settings = settings.model_copy(update={"access_code": SecretStr(CODE), "max_calls": 100})
    app = create_app(settings, load_all(settings))
    async with app.router.lifespan_context(app):
        yield app


async def dial(app: FastAPI, bearer: str, *, peer: str = "203.0.113.7", language: str = "en") -> httpx.Response:
    headers = {"Authorization": f"Bearer {bearer}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(peer, 50000))) as client:
        return await client.post("http://calls.example.org/api/calls", json={"language": language}, headers=headers)


async def hang_up(app: FastAPI, began: httpx.Response) -> None:
    ticket = began.json()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        url = f"http://calls.example.org/api/calls/{ticket['room']}"
        ended = await client.delete(url, headers={"X-Call-Token": ticket["token"]})
        assert ended.status_code == 204


@pytest.mark.parametrize(("language", "words"), [("en", "then call again."), ("ko", "초 뒤에 다시 걸어 주세요.")])
async def test_one_invitation_calls_ten_times_a_minute(
    app: FastAPI, rose: str, ada: str, language: str, words: str
) -> None:
    for number in range(INVITED_CALLS.amount):
        answer = await dial(app, rose, peer=f"203.0.113.{number}", language=language)
        assert answer.status_code == 201, "another address is the same guest"
        await hang_up(app, answer)
    refused = await dial(app, rose, peer="203.0.113.99", language=language)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json().keys() == {"message"}
    assert refused.json()["message"].endswith(words)
    assert (await dial(app, ada, peer="203.0.113.99")).status_code == 201, "others do not wait"


@pytest.mark.parametrize(("language", "words"), [("en", "is in 3 calls already"), ("ko", "통화 3개")])
async def test_one_invitation_does_not_fill_the_house(
    app: FastAPI, rose: str, ada: str, livekit: ScriptedLiveKit, language: str, words: str
) -> None:
    began = await asyncio.gather(*(dial(app, rose, language=language) for _ in range(AT_ONCE + 3)))
    assert sorted(answer.status_code for answer in began) == [201] * AT_ONCE + [429] * 3
    (refused, *_) = (answer for answer in began if answer.status_code == 429)
    assert refused.headers["retry-after"] == "20"
    assert words in refused.json()["message"]
    assert len(livekit.made) == AT_ONCE
    assert (await dial(app, ada)).status_code == 201, "others do not wait"
    await hang_up(app, next(answer for answer in began if answer.status_code == 201))
    assert (await dial(app, rose)).status_code == 201


async def test_calls_that_are_over_without_a_word_do_not_count_for_ever(
    app: FastAPI, rose: str, livekit: ScriptedLiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = [(await dial(app, rose)).json()["room"] for _ in range(AT_ONCE)]
    livekit.rooms.discard(rooms[0])
    assert (await dial(app, rose)).status_code == 429, "it may still be joined"
    monkeypatch.setattr(invited, "JOINS_WITHIN_S", 0.0)
    assert (await dial(app, rose)).status_code == 201
    assert (await dial(app, rose)).status_code == 429, "the others go on"


async def test_a_call_that_did_not_come_about_does_not_count(app: FastAPI, rose: str, livekit: ScriptedLiveKit) -> None:
    livekit.makes_rooms = False
    for _ in range(AT_ONCE):
        assert (await dial(app, rose)).status_code == 503
    livekit.makes_rooms = True
    assert (await dial(app, rose)).status_code == 201


async def test_with_the_code_a_home_of_many_callers_is_not_slowed_down(app: FastAPI) -> None:
    for _ in range(CODE_CALLS.amount):
        assert (await dial(app, CODE)).status_code == 201
    assert (await dial(app, CODE)).status_code == 429
    assert (await dial(app, CODE, peer="203.0.113.8")).status_code == 201


async def test_on_this_machine_nobody_counts(client: httpx.AsyncClient) -> None:
    statuses = {(await client.post("/api/calls", json={"language": "en"})).status_code for _ in range(40)}
    assert statuses == {201, 503}, "every place may be taken, and is"


async def test_what_is_no_call_is_not_counted_as_one(app: FastAPI, rose: str) -> None:
    for _ in range(INVITED_CALLS.amount + 1):
        assert (await dial(app, rose, language="fr")).status_code == 422
    assert (await dial(app, rose)).status_code == 201
