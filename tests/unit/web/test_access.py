"""Who may call: everyone on this machine; from elsewhere, who has the access code or an invitation."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import jwt
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from malbeot.errors import SettingsError
from malbeot.persona_choice import load_all
from malbeot.settings import Settings, load
from malbeot.web.access import ADMITTED, WRONG, WRONG_IN_ALL, Access, TheGuest
from malbeot.web.access.invitation_key import ensure_key, key_file
from malbeot.web.access.invitations import invite, invited
from malbeot.web.access.peers import counted_address, is_from_here
from malbeot.web.app import create_app
from malbeot.web.errors import explain_errors

CODE = "open-sesame"
WEEK = timedelta(days=7)
Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def guarded(settings: Settings) -> Settings:
    return settings.model_copy(update={"access_code": SecretStr(CODE)})


def service(settings: Settings) -> FastAPI:
    """One route for whoever may call, which says how they are called."""
    app = FastAPI()
    app.state.door = SimpleNamespace(access=Access(settings))
    explain_errors(app)

    @app.get("/who")
    async def who(guest: TheGuest) -> str:
        return guest.name

    return app


async def ask(
    app: FastAPI,
    bearer: str | None = None,
    *,
    peer: str = "203.0.113.7",
    url: str = "http://calls.example.org/who",
    **headers: str,
) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if bearer is not None:
        sent["Authorization"] = f"Bearer {bearer}"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(peer, 50000))) as client:
        return await client.get(url, headers=sent)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST"])
async def test_on_this_machine_nobody_is_asked_for_anything(guarded: Settings, peer: str, host: str) -> None:
    response = await ask(service(guarded), peer=peer, url=f"http://{host}/who")
    assert (response.status_code, response.json()) == (200, "")


@pytest.mark.parametrize(
    "forwarding",
    [
        {"X_Forwarded_For": "127.0.0.1"},
        {"X_Forwarded_Proto": "https"},
        {"Forwarded": "for=127.0.0.1"},
        {"X_Real_IP": "127.0.0.1"},
        {"Via": "1.1 Caddy"},
        {"CF_Connecting_IP": "127.0.0.1"},
    ],
    ids=lambda headers: next(iter(headers)),
)
async def test_what_a_proxy_on_this_machine_passes_on_is_from_elsewhere(
    guarded: Settings, forwarding: dict[str, str]
) -> None:
    response = await ask(service(guarded), peer="127.0.0.1", url="http://localhost:8080/who", **forwarding)
    assert response.status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.1:8080", "127.0.0.1@evil", ""]
)
async def test_a_page_whose_name_was_rebound_to_loopback_is_from_elsewhere(guarded: Settings, host: str) -> None:
    assert (await ask(service(guarded), peer="127.0.0.1", Host=host)).status_code == 401


async def test_a_host_that_says_loopback_does_not_make_a_stranger_one_of_this_machine(guarded: Settings) -> None:
    assert (await ask(service(guarded), url="http://localhost:8080/who")).status_code == 401


async def test_behind_a_public_address_a_proxy_that_adds_no_header_lets_nobody_in(guarded: Settings) -> None:
    app = service(guarded.model_copy(update={"web_public_url": "https://calls.example.org"}))
    for host in ("127.0.0.1:8080", "localhost:8080", "[::1]"):
        url = f"http://{host}/who"
        assert (await ask(app, peer="127.0.0.1", url=url)).status_code == 401
        assert (await ask(app, CODE, peer="127.0.0.1", url=url)).status_code == 200
    token = invite("Rose", key=ensure_key(guarded.malbeot_state), lifetime=WEEK)
    assert (await ask(app, token, peer="127.0.0.1", url="http://localhost:8080/who")).json() == "Rose"


async def test_from_elsewhere_with_the_code(guarded: Settings) -> None:
    app = service(guarded)
    response = await ask(app, CODE)
    assert (response.status_code, response.json()) == (200, "")
    assert (await ask(app, Authorization=f"bearer  {CODE} ")).status_code == 200, "the scheme has no case"


async def test_from_elsewhere_with_an_invitation_that_says_the_name(settings: Settings) -> None:
    app = service(settings)
    assert (await ask(app, "x" * 20)).status_code == 401, "there is no key yet"
    token = invite("김순자", key=ensure_key(settings.malbeot_state), lifetime=WEEK)
    response = await ask(app, token)
    assert (response.status_code, response.json()) == (200, "김순자")


async def test_without_the_key_all_invitations_are_taken_back(settings: Settings) -> None:
    app = service(settings)
    token = invite("Rose", key=ensure_key(settings.malbeot_state), lifetime=WEEK)
    assert (await ask(app, token)).status_code == 200
    key_file(settings.malbeot_state).unlink()
    assert (await ask(app, token)).status_code == 401
    ensure_key(settings.malbeot_state)
    assert (await ask(app, token)).status_code == 401


def forged(key: str, **claims: object) -> str:
    now = int(time.time())
    whole = {"jti": "one", "sub": "Rose", "aud": "malbeot-call", "iat": now, "exp": now + 60} | claims
    return jwt.encode({name: value for name, value in whole.items() if value is not None}, key, algorithm="HS256")


def unsigned() -> str:
    claims = {"jti": "one", "sub": "Rose", "aud": "malbeot-call", "iat": 1, "exp": 9_999_999_999}
    return jwt.encode(claims, None, algorithm="none")  # type: ignore[arg-type]


def with_header(header: bytes) -> str:
    return f"{base64.urlsafe_b64encode(header).decode().rstrip('=')}.e30.AAAA"


async def test_every_refusal_is_the_same(guarded: Settings) -> None:
    key = ensure_key(guarded.malbeot_state)
    refused: dict[str, str | None] = {
        "nothing": None,
        "an empty one": "",
        "a wrong code": "open-sesamE",
        "half the code": CODE[:5],
        "a code with letters that headers lack": "caf\xe9-\xff\xfe",
        "expired": forged(key, exp=int(time.time()) - 1),
        "not begun": forged(key, iat=int(time.time()) + 3600),
        "another key": forged("k" * 43),
        "another audience": forged(key, aud="somewhere"),
        "no audience": forged(key, aud=None),
        "no end": forged(key, exp=None),
        "nobody": forged(key, sub=None),
        "none in particular": forged(key, jti=None),
        "an empty one in particular": forged(key, jti=""),
        "a nameless one": forged(key, sub=""),
        "a number": forged(key, exp="soon"),
        "unsigned": unsigned(),
        "cut": forged(key)[:-2],
        "no token": "a.b.c",
        "brackets": with_header(b"[" * 40_000),
        "a list": with_header(json.dumps(["HS256"]).encode()),
        "another algorithm": with_header(b'{"alg":{"HS256":1}}'),
    }
    answers = set()
    for number, bearer in enumerate(refused.values()):
        header = {} if bearer is None else {"Authorization": f"Bearer {bearer}".encode("latin-1")}
        transport = httpx.ASGITransport(service(guarded), client=(f"203.0.113.{number}", 50000))
        async with httpx.AsyncClient(transport=transport) as client:
            response = await client.get("http://calls.example.org/who", headers=header)
        answers.add((response.status_code, response.text, tuple(sorted(response.headers.items()))))
    [(status, text, headers)] = answers
    assert status == 401
    assert ("www-authenticate", "Bearer") in headers
    assert "access code" in json.loads(text)["message"]


async def test_no_code_is_set_and_an_empty_one_is_offered(settings: Settings) -> None:
    assert (await ask(service(settings), "")).status_code == 401
    assert (await ask(service(settings), "None")).status_code == 401


async def test_a_password_is_no_bearer(guarded: Settings) -> None:
    basic = base64.b64encode(f"rose:{CODE}".encode()).decode()
    assert (await ask(service(guarded), Authorization=f"Basic {basic}")).status_code == 401
    assert (await ask(service(guarded), Authorization=CODE)).status_code == 401


async def test_a_broken_key_is_told_once_and_the_code_still_opens(
    guarded: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    key_file(guarded.malbeot_state).parent.mkdir(parents=True)
    key_file(guarded.malbeot_state).write_text("short")
    app = service(guarded)
    assert (await ask(app, CODE)).status_code == 200
    assert (await ask(app, forged("k" * 43))).status_code == 401
    assert caplog.text.count("delete it") == 1


async def test_ten_wrong_ones_and_even_the_right_one_waits(guarded: Settings, caplog: pytest.LogCaptureFixture) -> None:
    app = service(guarded)
    for number in range(WRONG.amount):
        assert (await ask(app, f"guess-{number:04}")).status_code == 401
    refused = await ask(app, CODE, Accept_Language="ko")
    assert refused.status_code == 429
    assert 50 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["message"].endswith(f"{refused.headers['retry-after']}초 뒤에 다시 해 주세요.")
    invitation = invite("Rose", key=ensure_key(guarded.malbeot_state), lifetime=WEEK)
    assert (await ask(app, invitation)).json() == "Rose", "nobody guesses an invitation"
    assert (await ask(app, forged("k" * 43))).status_code == 429
    assert (await ask(app, CODE, peer="203.0.113.8")).status_code == 200, "others do not wait"
    assert (await ask(app, peer="127.0.0.1", url="http://localhost/who")).status_code == 200
    assert caplog.text.count("from 203.0.113.7: it has to wait") == 1
    assert "guess-" not in caplog.text


async def test_who_guesses_from_many_addresses_gets_no_further_than_from_thirty(
    guarded: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    app = service(guarded)
    token = invite("Rose", key=ensure_key(guarded.malbeot_state), lifetime=WEEK)
    for number in range(WRONG_IN_ALL.amount):
        peer = f"198.51.{number // 250}.{number % 250}"
        assert (await ask(app, f"guess-{number:04}", peer=peer)).status_code == 401
    refused = await ask(app, "guess-0300", peer="203.0.113.9")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (await ask(app, CODE)).status_code == 429, "or the right guess would still tell"
    assert (await ask(app, token)).json() == "Rose"
    assert (await ask(app)).status_code == 401, "who offers nothing is told how to call"
    assert caplog.text.count("only invitations open") == 1


async def test_who_offers_nothing_does_not_lock_themselves_out(guarded: Settings) -> None:
    app = service(guarded)
    for _ in range(WRONG.amount + 1):
        assert (await ask(app)).status_code == 401
    assert (await ask(app, CODE)).status_code == 200


async def test_many_guesses_at_once_are_no_more_than_one_after_another(guarded: Settings) -> None:
    app = service(guarded)
    answers = await asyncio.gather(*(ask(app, f"guess-{number:04}") for number in range(40)))
    assert sorted(answer.status_code for answer in answers) == [401] * WRONG.amount + [429] * (40 - WRONG.amount)


async def test_who_may_call_is_slowed_down_as_well(guarded: Settings) -> None:
    app = service(guarded)
    for _ in range(ADMITTED.amount):
        assert (await ask(app, CODE)).status_code == 200
    refused = await ask(app, CODE)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    here = [await ask(app, peer="127.0.0.1", url="http://localhost/who") for _ in range(ADMITTED.amount + 1)]
    assert {answer.status_code for answer in here} == {200}, "on this machine nobody counts"


@pytest.mark.parametrize("code", ["1234567", "open sesame", "열려라 참깨야", "caf\xe9-caf\xe9"])
def test_a_code_that_browsers_cannot_send_or_anyone_guesses_is_told_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCESS_CODE", code)
    with pytest.raises(SettingsError, match=r"^ACCESS_CODE is wrong: must be at least 8") as caught:
        load()
    assert code not in str(caught.value)


@given(st.text(max_size=200), st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_sent_is_refused_and_breaks_nothing(token: str, host: str, forwarded: str) -> None:
    assert invited(token, key="k" * 43) is None
    headers = [(b"host", host.encode()), (b"x-forwarded-for", forwarded.encode())]
    request = Request({"type": "http", "client": ("127.0.0.1", 1), "headers": headers})
    assert not is_from_here(request)
    assert counted_address(request)


@pytest.fixture
async def whole(guarded: Settings) -> AsyncIterator[FastAPI]:
    app = create_app(guarded, load_all(guarded))
    async with app.router.lifespan_context(app):
        yield app


async def test_the_service_gives_no_call_to_a_stranger(whole: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(whole, client=("203.0.113.7", 1))) as client:
        response = await client.post("http://calls.example.org/api/calls", json={"language": "en"})
        assert response.status_code == 401
        assert response.headers["cache-control"] == "no-store"
        assert (await client.get("http://calls.example.org/health")).status_code == 200
