"""`malbeot web` as a process: where it listens, how it ends, what it logs."""

import asyncio
import logging
import re
import signal
import socket
from pathlib import Path

import httpx
import pytest
import uvicorn
from pydantic import SecretStr

from malbeot.errors import MalbeotError
from malbeot.settings import Settings
from malbeot.web import serve, server
from malbeot.web.access.invitation_key import key_file
from malbeot.web.reach import reach
from support.command import line_with, malbeot, running
from support.scripted_livekit import ScriptedLiveKit


def environment(state: Path, port: int) -> dict[str, str]:
    return {
        "LIVEKIT_API_KEY": "key",
        "LIVEKIT_API_SECRET": "s" * 40,
        "LIVEKIT_URL": "ws://127.0.0.1:7880",
        "MALBEOT_STATE": str(state),
        "WEB_HOST": "127.0.0.1",
        "WEB_PORT": str(port),
    }


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_told_to_stop_and_logs_no_names_or_tokens(
    tmp_path: Path, stop: signal.Signals, livekit: ScriptedLiveKit
) -> None:
    async with running("web", env={**environment(tmp_path, 0), "LIVEKIT_URL": livekit.url}) as process:
        assert process.stderr
        announced = await line_with(process.stderr, "http://127.0.0.1:", timeout_s=60)
        assert "only this machine reaches it" in announced
        address = announced.split("is on ")[1].split(";")[0]
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            response = await client.post("/api/calls", json={"name": "Ottilie", "language": "en"})
            assert response.status_code == 201
            await client.post("/api/calls", json={"name": "Ottilie\x07", "language": "en"})
        process.send_signal(stop)
        out, err = await asyncio.wait_for(process.communicate(), 20)
    said = announced + out.decode() + err.decode()
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert "Ottilie" not in said
    assert response.json()["token"] not in said


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = await malbeot("web", env=environment(tmp_path, port))
    assert result.status == 1
    assert str(port) in result.complaint
    assert "WEB_PORT" in result.complaint


async def test_an_address_that_is_not_ours(settings: Settings) -> None:
    elsewhere = settings.model_copy(update={"web_host": "192.0.2.1"})
    with pytest.raises(MalbeotError, match=r"192\.0\.2\.1.*WEB_HOST"):
        await serve(elsewhere)


@pytest.mark.parametrize(
    ("chosen", "said", "unsaid"),
    [
        (
            {"web_host": "localhost"},
            [
                "http://localhost:80; only this machine reaches it",
                "everyone on this machine may call",
                "`malbeot invite`",
            ],
            ["microphone", "access code"],
        ),
        ({"web_host": "::1"}, ["http://[::1]:80; only this machine reaches it"], []),
        (
            {"web_host": "0.0.0.0", "access_code": SecretStr("open-sesame")},
            [
                "http://0.0.0.0:80; every machine",
                "who has the access code or an invitation",
                "travel in the clear",
                "WEB_TLS_CERT",
            ],
            ["only this machine", "sesame"],
        ),
        (
            {"web_public_url": "https://calls.example.org"},
            ["come by https://calls.example.org", "an invitation (`malbeot invite`) may call, on this machine too"],
            ["everyone on this machine"],
        ),
        (
            {"web_host": "::", "web_tls_cert": Path("a"), "web_tls_key": Path("b")},
            ["https://[::]:80; every machine"],
            ["microphone", "in the clear"],
        ),
    ],
)
def test_who_can_reach_it_and_who_may_call_is_said(
    settings: Settings, chosen: dict[str, object], said: list[str], unsaid: list[str]
) -> None:
    line = reach(settings.model_copy(update=chosen), 80)
    assert "\n" not in line
    for words in said:
        assert words in line
    for words in unsaid:
        assert words not in line


async def test_a_broken_key_of_invitations_is_told_before_anything_starts(settings: Settings) -> None:
    settings.malbeot_state.mkdir(parents=True)
    key_file(settings.malbeot_state).write_text("short")
    with pytest.raises(MalbeotError, match="delete it"):
        await serve(settings)


async def test_who_forwards_is_not_taken_for_who_asks(tmp_path: Path) -> None:
    env = environment(tmp_path, 0) | {"ACCESS_CODE": "open-sesame"}
    async with running("web", env=env) as process:
        announced = await line_with(process.stderr, "http://127.0.0.1:", timeout_s=60)
        address = announced.split("is on ")[1].split(";")[0]
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:

            async def status(**headers: str) -> int:
                sent = {name.replace("_", "-"): value for name, value in headers.items()}
                # Who may call hears that the body is wrong, and who may not that they may not.
                return (await client.post("/api/calls", json={}, headers=sent)).status_code

            assert await status() == 422
            assert await status(X_Forwarded_For="127.0.0.1") == 401
            assert await status(Host="evil.example") == 401
            assert await status(X_Forwarded_For="198.51.100.1", Authorization="Bearer open-sesame") == 422
            wrong = {"Authorization": "Bearer guess"}
            assert [await status(X_Forwarded_For=f"10.0.0.{n}, 198.51.100.2", **wrong) for n in range(10)] == [401] * 10
            assert await status(X_Forwarded_For="10.0.0.99, 198.51.100.2", **wrong) == 429
            assert await status(X_Forwarded_For="198.51.100.3", **wrong) == 401
        process.kill()
        out, err = await process.communicate()
    said = announced + out.decode() + err.decode()
    assert "sesame" not in said
    assert "guess" not in said
    assert "Traceback" not in said


async def test_who_comes_to_more_connections_than_it_holds_is_told_to_come_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made: list[uvicorn.Server] = []

    class Noted(server._Server):
        def __init__(self, config: uvicorn.Config) -> None:
            super().__init__(config)
            made.append(self)

    monkeypatch.setattr(server, "_Server", Noted)
    monkeypatch.setattr(server, "_CONNECTIONS", 3)
    with caplog.at_level(logging.INFO):
        serving = asyncio.create_task(serve(settings))
        try:
            async with asyncio.timeout(20):
                while not (found := re.search(r"is on http://127\.0\.0\.1:(\d+)", caplog.text)):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                url = f"http://127.0.0.1:{found[1]}/health"
                assert await status(url) == 200
                held = [await asyncio.open_connection("127.0.0.1", int(found[1])) for _ in range(2)]
                assert await status(url) == 503
                for _, writer in held:
                    writer.close()
                    await writer.wait_closed()
                while await status(url) != 200:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        finally:
            for running_server in made:
                running_server.should_exit = True
            await serving


async def status(url: str) -> int:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return (await client.get(url)).status_code
