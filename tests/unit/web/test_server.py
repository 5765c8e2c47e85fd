"""`malbeot web` as a process: where it listens, how it ends, what it logs."""

import asyncio
import signal
import socket
from pathlib import Path

import httpx
import pytest

from malbeot.errors import MalbeotError
from malbeot.settings import Settings
from malbeot.web import serve
from malbeot.web.server import _reach
from support.command import line_with, malbeot, running


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
async def test_it_serves_until_told_to_stop_and_logs_no_names_or_tokens(tmp_path: Path, stop: signal.Signals) -> None:
    async with running("web", env=environment(tmp_path, 0)) as process:
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
    ("host", "expected"),
    [
        ("localhost", "http://localhost:80; only this machine reaches it"),
        ("::1", "http://[::1]:80; only this machine reaches it"),
        ("0.0.0.0", "http://0.0.0.0:80; every machine that reaches this one can call"),
    ],
)
def test_who_can_reach_it_is_said(host: str, expected: str) -> None:
    assert _reach(host, 80).startswith(expected)
