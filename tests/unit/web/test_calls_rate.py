"""How often one guest may begin a call, so that nobody takes every place."""

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
from support.scripted_livekit import ScriptedLiveKit

CODE = "open-sesame"


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


@pytest.mark.parametrize(("language", "words"), [("en", "then call again."), ("ko", "초 뒤에 다시 걸어 주세요.")])
async def test_one_invitation_does_not_fill_the_house(
    app: FastAPI, settings: Settings, livekit: ScriptedLiveKit, language: str, words: str
) -> None:
    key = ensure_key(settings.malbeot_state)
    rose, ada = (invite(name, key=key, lifetime=timedelta(days=1)) for name in ("Rose", "Ada"))
    for number in range(INVITED_CALLS.amount):
        answer = await dial(app, rose, peer=f"203.0.113.{number}", language=language)
        assert answer.status_code == 201, "another address is the same guest"
    refused = await dial(app, rose, peer="203.0.113.99", language=language)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json().keys() == {"message"}
    assert refused.json()["message"].endswith(words)
    assert len(livekit.made) == INVITED_CALLS.amount < Settings.model_fields["max_calls"].default
    assert (await dial(app, ada, peer="203.0.113.99")).status_code == 201, "others do not wait"


async def test_with_the_code_a_home_of_many_callers_is_not_slowed_down(app: FastAPI) -> None:
    for _ in range(CODE_CALLS.amount):
        assert (await dial(app, CODE)).status_code == 201
    assert (await dial(app, CODE)).status_code == 429
    assert (await dial(app, CODE, peer="203.0.113.8")).status_code == 201


async def test_on_this_machine_nobody_counts(client: httpx.AsyncClient) -> None:
    statuses = {(await client.post("/api/calls", json={"language": "en"})).status_code for _ in range(40)}
    assert statuses == {201, 503}, "every place may be taken, and is"


async def test_what_is_no_call_is_not_counted_as_one(app: FastAPI, settings: Settings) -> None:
    rose = invite("Rose", key=ensure_key(settings.malbeot_state), lifetime=timedelta(days=1))
    for _ in range(INVITED_CALLS.amount + 1):
        assert (await dial(app, rose, language="fr")).status_code == 422
    assert (await dial(app, rose)).status_code == 201
