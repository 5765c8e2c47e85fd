"""Bodies: whose are read at all, how large they may be, and how long they may take to come."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from malbeot.persona_choice import load_all
from malbeot.settings import Settings
from malbeot.web import body_limit
from malbeot.web.app import create_app
from support.served import served

CODE = "open-sesame"
ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}
FORMS = [("/api/calls", "message"), ("/v1/chat/completions", "error"), ("/v1/audio/speech", "error")]


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    settings = settings.model_copy(update={"access_code": SecretStr(CODE)})
    app = create_app(settings, load_all(settings))
    async with app.router.lifespan_context(app):
        yield app


class Endless(httpx.AsyncByteStream):
    """Spaces, and how many were taken."""

    def __init__(self) -> None:
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += 16384
            yield b" " * 16384


async def post(app: FastAPI, path: str, body: Endless, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("203.0.113.7", 1))) as client:
        sent = {
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return await client.post(f"http://calls.example.org{path}", content=body, headers=sent)


@pytest.mark.parametrize(("path", "form"), FORMS)
async def test_of_a_stranger_nothing_is_read(app: FastAPI, path: str, form: str) -> None:
    body = Endless()
    response = await post(app, path, body)
    assert (response.status_code, response.json().keys()) == (401, {form})
    assert body.sent == 0


@pytest.mark.parametrize(("path", "form"), FORMS)
@pytest.mark.parametrize(("language", "words"), [("en", "{} KiB at most"), ("ko", "{}KiB까지")])
async def test_a_guest_does_not_fill_the_memory(app: FastAPI, path: str, form: str, language: str, words: str) -> None:
    kib = 64 if path.startswith("/api/") else 1024
    for announced in ({}, {"Content_Length": str(1 << 40)}):
        body = Endless()
        response = await post(app, path, body, Authorization=f"Bearer {CODE}", Accept_Language=language, **announced)
        assert response.status_code == 413
        assert response.json().keys() == {form}
        assert words.format(kib) in response.text
        assert response.headers["x-content-type-options"] == "nosniff"
        assert body.sent <= (kib + 32) << 10


@pytest.mark.parametrize(("path", "form"), FORMS)
async def test_what_never_comes_is_not_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str, form: str
) -> None:
    monkeypatch.setattr(body_limit, "SENT_WITHIN_S", 0.3)
    async with served(create_app(settings, load_all(settings))) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        )
        writer.write(head.encode())
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 408")
    assert f'{{"{form}":'.encode() in answer
    assert "please send it again" in answer.decode()


async def test_an_answer_may_take_longer_than_its_question(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "SENT_WITHIN_S", 0.2)
    app = create_app(settings, load_all(settings))

    @app.post("/late")
    async def late(said: dict[str, str]) -> str:
        await asyncio.sleep(0.6)
        return said["word"]

    async with served(app) as url, httpx.AsyncClient(trust_env=False) as client:
        assert (await client.post(f"{url}/late", json={"word": "well"})).json() == "well"


async def test_of_many_complaints_three_are_told_and_long_names_are_cut(client: httpx.AsyncClient) -> None:
    unknown = {"x" * 500: 1, "y\nz": 1} | {f"field-{number}": 1 for number in range(2000)}
    response = await client.post("/api/calls", json={"language": "en", **unknown})
    assert response.status_code == 422
    message = response.json()["message"]
    assert len(message) < 300
    assert "\n" not in message
    assert message.count("extra inputs are not permitted") == 3
    assert message.startswith(f"{'x' * 59}…: extra")
    assert message.endswith("; and 1999 more")
