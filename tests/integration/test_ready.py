"""/ready beside real servers: what it says while they come and go."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from support.stack import Stack, running_stack

pytestmark = [pytest.mark.servers, pytest.mark.models]

NAMES = {"livekit", "places", "worker", "speech recognition", "language model", "voice", "page"}


@pytest.fixture(scope="module")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("state"), roles=("livekit", "ollama", "web")) as running:
        yield running


async def ready(stack: Stack) -> tuple[int, dict[str, Any]]:
    """The status, and each dependency by name."""
    async with httpx.AsyncClient(base_url=stack.web_url, trust_env=False) as client:
        response = await client.get("/ready")
    known = {dependency.pop("name"): dependency for dependency in response.json()["dependencies"]}
    assert known.keys() == NAMES
    assert response.json()["ready"] == (response.status_code == 200)
    return response.status_code, known


async def becomes(stack: Stack, name: str, state: str, *, within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while (known := (await ready(stack))[1])[name]["state"] != state:
        assert time.monotonic() < deadline, known[name]
        await asyncio.sleep(0.3)


async def test_each_dependency_as_it_comes_and_goes(servers: Stack) -> None:
    status, known = await ready(servers)
    assert status == 503
    assert known["livekit"]["state"] == known["page"]["state"] == "ready"
    assert known["worker"]["state"] == known["voice"]["state"] == "down"
    # Ollama keeps a model that was made and never asked on its disk.
    assert known["language model"]["state"] == "cold"

    await servers.start("ears", "voice")
    await becomes(servers, "speech recognition", "ready")
    await becomes(servers, "voice", "ready")
    await servers.start("worker")
    await becomes(servers, "worker", "ready")
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        load = {"model": servers.settings.chat_model, "prompt": "", "keep_alive": "5m"}
        await client.post(f"{servers.ollama_url}/api/generate", json=load)
    await becomes(servers, "language model", "ready")
    status, known = await ready(servers)
    assert status == 200, known
    assert "0 of 20 calls" in known["worker"]["why"]

    servers.kill("worker")
    await becomes(servers, "worker", "down")
    assert (await ready(servers))[0] == 503
    await servers.stop("worker", "voice", "ears", "livekit")
    for name in ("livekit", "voice"):
        await becomes(servers, name, "down")
    assert servers.api_secret not in str(await ready(servers))


async def test_a_server_that_hangs_is_told_within_two_seconds(servers: Stack) -> None:
    with servers.frozen("ollama"):
        await asyncio.sleep(1.1)  # what was known is known for a second
        began = time.monotonic()
        _, known = await ready(servers)
        assert time.monotonic() - began < 2.5
    assert known["language model"] == {"state": "down", "why": "no answer within 2 s"}
    await becomes(servers, "language model", "ready")
