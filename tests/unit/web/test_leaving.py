"""A reader who stays and reads nothing keeps nobody else waiting."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from malbeot.persona_choice import load_all
from malbeot.settings import Settings
from malbeot.web import leaving, slots
from malbeot.web.app import create_app
from support.scripted_llm import scripted_model
from support.served import served
from support.voice_server import Exchange, stream_header, tone, voice_server


@pytest.fixture(autouse=True)
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "TAKEN_WITHIN_S", 0.5)
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


@asynccontextmanager
async def asked_and_not_read(url: str, path: str, body: dict[str, Any]) -> AsyncIterator[None]:
    """A request whose answer stays where it is."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, (host, int(port)))
        said = json.dumps(body)
        head = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json"]
        await loop.sock_sendall(connection, "\r\n".join((*head, f"Content-Length: {len(said)}", "", said)).encode())
        yield


async def test_text(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    body = {"model": "en", "messages": [{"role": "user", "content": "Hello."}], "stream": True}
    async with scripted_model() as model:
        chosen = {"llm_provider": "openai", "openai_model": "scripted", "openai_base_url": model.url}
        settings = settings.model_copy(update=chosen)
        model.answer = " ".join(["x" * 50_000] * 400)
        async with served(create_app(settings, load_all(settings))) as url:
            path = "/v1/chat/completions"
            async with asked_and_not_read(url, path, body), asked_and_not_read(url, path, body):
                await until(lambda: caplog.text.count("its reader took nothing of it") == slots.GENERATIONS)
                model.answer = "Well."
                async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
                    answer = await client.post(url + path, json={**body, "stream": False})
    assert answer.json()["choices"][0]["message"]["content"] == "Well. "


async def test_speech(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    long = True

    async def speaks(exchange: Exchange) -> None:
        if not exchange.fields:
            return
        await exchange.head()
        await exchange.chunk(stream_header(32000))
        for _ in range(300 if long else 1):
            await exchange.chunk(tone(1.0, 32000).tobytes())
        await exchange.chunk(b"")

    body = {"voice": "june", "input": "Good morning, Rose."}
    async with voice_server(speaks) as server:
        settings = settings.model_copy(update={"gpt_sovits_urls": (server.url,), "stand_in_url": server.url})
        async with (
            served(create_app(settings, load_all(settings))) as url,
            asked_and_not_read(url, "/v1/audio/speech", body),
        ):
            await until(lambda: "its reader took nothing of it" in caplog.text)
            long = False
            async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
                answer = await client.post(f"{url}/v1/audio/speech", json=body)
    assert answer.status_code == 200
    assert answer.content[:4] == b"RIFF"


async def until(holds: Any) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
