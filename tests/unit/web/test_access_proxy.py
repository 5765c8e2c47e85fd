"""The service behind Caddy, as infra/caddy/Caddyfile sets it up. Needs Caddy, which only its users have."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from support.caddy import CADDYFILE, caddy, needs_caddy, running_caddy
from support.command import line_with, running
from support.stack import free_port

CODE = "open-sesame"

pytestmark = needs_caddy


async def test_the_file_is_right_and_formatted(tmp_path: Path) -> None:
    for command in (["validate", "--adapter", "caddyfile", "--config", str(CADDYFILE)], ["fmt", str(CADDYFILE)]):
        process = await caddy(tmp_path, *command)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, err.decode()
    assert out.decode() == CADDYFILE.read_text(encoding="utf-8")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that comes through Caddy. `x-tunnel` is the address for a tunnel."""
    web, public, tunnel = free_port(), free_port(), free_port()
    service = {
        "LIVEKIT_API_KEY": "key",
        "LIVEKIT_API_SECRET": "s" * 40,
        "LIVEKIT_URL": f"ws://127.0.0.1:{free_port()}",
        "MALBEOT_STATE": str(tmp_path / "state"),
        "WEB_HOST": "127.0.0.1",
        "WEB_PORT": str(web),
        "ACCESS_CODE": CODE,
    }
    ports = {
        "MALBEOT_SITE": f"http://127.0.0.1:{public}",
        "MALBEOT_WEB": f"127.0.0.1:{web}",
        "MALBEOT_LIVEKIT": f"127.0.0.1:{free_port()}",
        "MALBEOT_TUNNEL_PORT": str(tunnel),
    }
    async with running("web", env=service) as process:
        await line_with(process.stderr, "the caller page is on", timeout_s=60)
        async with running_caddy(tmp_path, **ports):
            client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{public}", trust_env=False)
            client.headers["x-tunnel"] = f"http://127.0.0.1:{tunnel}"
            async with client:
                yield client


async def test_through_the_proxy_everybody_is_from_elsewhere(site: httpx.AsyncClient) -> None:
    assert (await site.get("/health")).status_code == 200
    assert (await site.post("/api/calls", json={})).status_code == 401
    # Who may call hears that the body is wrong.
    right = {"Authorization": f"Bearer {CODE}"}
    assert (await site.post("/api/calls", json={}, headers=right)).status_code == 422
    # The page's own requests carry its Origin, which is the Host that Caddy passes on.
    own = right | {"Origin": str(site.base_url).rstrip("/")}
    assert (await site.post("/api/calls", json={}, headers=own)).status_code == 422
    assert (await site.get("/rtc/validate")).status_code == 502, "no LiveKit server runs here"


async def test_a_livekit_server_that_is_down_puts_no_token_into_the_log(tmp_path: Path) -> None:
    public = free_port()
    ports = {
        "MALBEOT_SITE": f"http://127.0.0.1:{public}",
        "MALBEOT_LIVEKIT": f"127.0.0.1:{free_port()}",
        "MALBEOT_TUNNEL_PORT": str(free_port()),
    }
    async with running_caddy(tmp_path, **ports) as proxy:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{public}", trust_env=False) as client:
            headers = {"Authorization": "Bearer s3cret-code", "X-Call-Token": "s3cret-header"}
            response = await client.get("/rtc", params={"access_token": "s3cret", "auto": "1"}, headers=headers)
            assert response.status_code == 502
        proxy.terminate()
        out, err = await proxy.communicate()
    logged = out.decode() + err.decode()
    assert '"/rtc"' in logged, "what failed is still told"
    assert "s3cret" not in logged


async def test_who_guesses_cannot_pretend_to_be_somebody_else_each_time(site: httpx.AsyncClient) -> None:
    statuses = []
    for number in range(11):
        claimed = {"Authorization": "Bearer guess", "X-Forwarded-For": f"198.51.100.{number}"}
        # Caddy believes what comes from this machine; the last entry that is not loopback is still the tunnel's word.
        through = f"{site.headers['x-tunnel']}/api/calls"
        claimed["X-Forwarded-For"] += ", 203.0.113.9"
        statuses.append((await site.post(through, json={}, headers=claimed)).status_code)
    assert statuses == [401] * 10 + [429]
    others = {"Authorization": "Bearer guess", "X-Forwarded-For": "203.0.113.10"}
    response = await site.post(f"{site.headers['x-tunnel']}/api/calls", json={}, headers=others)
    assert response.status_code == 401
