"""Places over real processes: never one call too many, and none is lost by a crash."""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from livekit import rtc

from support.caller import Caller
from support.command import line_with, running
from support.redis_server import running_redis
from support.stack import Stack, running_stack

BACK_WITHIN_S = 30.0
CALLING = """
import asyncio, sys
from support.caller import Caller

async def call() -> None:
    async with Caller(url=sys.argv[1], token=sys.stdin.readline().strip()) as caller:
        await caller.agent_joined(timeout_s=30)
        print("in the call", flush=True)
        await asyncio.sleep(300)

asyncio.run(call())
"""


@asynccontextmanager
async def web_process(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """One more web process that shares the stack's state folder, and who asks it."""
    async with running("web", env={**stack.environment, "WEB_PORT": "0"}) as process:
        line = await line_with(process.stderr, "http://127.0.0.1:", timeout_s=60)
        address = line.split("is on ")[1].split(";")[0]
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(base_url=address, trust_env=False, limits=limits, timeout=60) as client:
            yield client


async def ask(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/api/calls", json={"language": "en"})


async def end(client: httpx.AsyncClient, ticket: dict[str, Any]) -> None:
    response = await client.delete(f"/api/calls/{ticket['room']}", headers={"X-Call-Token": ticket["token"]})
    assert response.status_code == 204, response.text


@pytest.mark.parametrize("keeper", ["sqlite", "redis"])
async def test_two_hundred_ask_two_processes_at_once_for_twenty_places(tmp_path: Path, keeper: str) -> None:
    async with running_redis() as redis:
        env = {"MAX_CALLS": "20", **({"REDIS_URL": redis.url} if keeper == "redis" else {})}
        async with (
            running_stack(tmp_path, roles=("livekit",), env=env) as stack,
            web_process(stack) as one,
            web_process(stack) as other,
        ):
            for _ in range(2):
                answers = await asyncio.gather(*(ask(client) for client in (one, other) * 100))
                assert Counter(answer.status_code for answer in answers) == {201: 20, 503: 180}
                refused = [answer for answer in answers if answer.status_code == 503]
                assert {answer.json()["reason"] for answer in refused} == {"full"}
                assert all(0 < int(answer.headers["retry-after"]) <= 30 for answer in refused)
                # Whoever has a token may end the call at either.
                await asyncio.gather(*(end(other, answer.json()) for answer in answers if answer.status_code == 201))


async def test_a_process_that_dies_keeps_no_place_from_the_others(tmp_path: Path) -> None:
    async with running_stack(tmp_path, roles=("livekit",), env={"MAX_CALLS": "2"}) as stack, web_process(stack) as one:
        async with running("web", env={**stack.environment, "WEB_PORT": "0"}) as process:
            address = (await line_with(process.stderr, "is on ", 60)).split("is on ")[1].split(";")[0]
            async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
                assert (await ask(client)).status_code == 201
            process.kill()
            await process.wait()
        asked_at = time.monotonic()
        assert (await ask(one)).status_code == 201
        refused = await ask(one)
        assert (refused.status_code, refused.json()["reason"]) == (503, "full")
        assert int(refused.headers["retry-after"]) <= 20
        assert await place_comes_back(one, asked_at) <= 25


async def place_comes_back(client: httpx.AsyncClient, since: float) -> float:
    """Asks until there is a place. Returns how long that took since then, in seconds."""
    while (answer := await ask(client)).status_code == 503:
        assert answer.json()["reason"] == "full"
        assert time.monotonic() - since < BACK_WITHIN_S, "the place did not come back"
        await asyncio.sleep(0.5)
    assert answer.status_code == 201, answer.text
    await end(client, answer.json())
    return time.monotonic() - since


@pytest.fixture(scope="module")
async def one_place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("state"), env={"MAX_CALLS": "1"}) as running:
        yield running


async def test_a_caller_who_dies_gives_the_place_back(one_place: Stack) -> None:
    async with httpx.AsyncClient(base_url=one_place.web_url, trust_env=False) as client:
        ticket = (await ask(client)).json()
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        pipe = asyncio.subprocess.PIPE
        caller = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CALLING, ticket["url"], stdin=pipe, stdout=pipe, env=env
        )
        try:
            assert caller.stdin
            caller.stdin.write(f"{ticket['token']}\n".encode())
            await line_with(caller.stdout, "in the call", 60)
            assert (await ask(client)).json()["reason"] == "full"
        finally:
            caller.kill()
            died_at = time.monotonic()
            await caller.communicate()
        await place_comes_back(client, died_at)


async def test_a_companion_that_dies_gives_the_place_back(one_place: Stack) -> None:
    async with httpx.AsyncClient(base_url=one_place.web_url, trust_env=False) as client:
        ticket = (await ask(client)).json()
        async with Caller(url=ticket["url"], token=ticket["token"]) as caller:
            await caller.agent_joined(timeout_s=30)
            await caller.wait_for_voice(timeout_s=30)
            await asyncio.sleep(1.5)  # a look at LiveKit has seen the room: until then its place is held for who joins
            assert (await ask(client)).json()["reason"] == "full"
            (await job_process(one_place)).kill()
            died_at = time.monotonic()
            while caller.attributes_of_companion():
                assert time.monotonic() - died_at < 5, "nobody noticed"
                await asyncio.sleep(0.1)
        assert await place_comes_back(client, died_at) < 10


async def job_process(stack: Stack) -> psutil.Process:
    """The one that has the call: of the worker's children it alone is connected to LiveKit."""
    port = urlsplit(stack.livekit_url).port
    _, *children = stack.pids["worker"]
    deadline = time.monotonic() + 5
    while True:
        connected = [process for process in map(psutil.Process, children) if _is_connected(process, port)]
        if len(connected) == 1:
            return connected[0]
        assert time.monotonic() < deadline, f"{len(connected)} processes of the worker are connected to LiveKit"
        await asyncio.sleep(0.1)


def _is_connected(process: psutil.Process, port: int | None) -> bool:
    try:
        connections = process.net_connections("tcp")
    except psutil.NoSuchProcess:
        return False
    return any(
        connection.status == psutil.CONN_ESTABLISHED and connection.raddr and connection.raddr.port == port
        for connection in connections
    )


async def test_a_caller_who_never_comes_gives_the_place_back(one_place: Stack) -> None:
    async with httpx.AsyncClient(base_url=one_place.web_url, trust_env=False) as client:
        before = len(one_place.log("worker"))
        asked_at = time.monotonic()
        ticket = (await ask(client)).json()
        await asyncio.sleep(2)  # a look has seen the room, in which the companion waits
        refused = await ask(client)
        assert refused.json()["reason"] == "full"
        assert int(refused.headers["retry-after"]) <= 19
        assert await place_comes_back(client, asked_at) > 19
        with pytest.raises(rtc.ConnectError, match="404"):
            await rtc.Room().connect(ticket["url"], ticket["token"])
        log = one_place.log("worker")[before:]
        assert "nobody came to a call" in log
        assert "Traceback" not in log


async def test_a_call_that_is_ended_before_anybody_came_leaves_the_worker_well(one_place: Stack) -> None:
    async with httpx.AsyncClient(base_url=one_place.web_url, trust_env=False) as client:
        before = len(one_place.log("worker"))
        for wait_s in (0.0, 0.3, 0.6):
            ticket = (await ask(client)).json()
            await asyncio.sleep(wait_s)
            await end(client, ticket)
        ticket = (await ask(client)).json()
        async with Caller(url=ticket["url"], token=ticket["token"]) as caller:
            await caller.wait_for_voice(timeout_s=15)
        await end(client, ticket)
        assert "Traceback" not in one_place.log("worker")[before:]


async def test_a_caller_who_hangs_up_is_followed_by_the_next_at_once(one_place: Stack) -> None:
    async with httpx.AsyncClient(base_url=one_place.web_url, trust_env=False) as client:
        ticket = (await ask(client)).json()
        async with Caller(url=ticket["url"], token=ticket["token"]) as caller:
            await caller.agent_joined(timeout_s=30)
            assert (await ask(client)).json()["reason"] == "full"
            await end(client, ticket)
            following = await ask(client)
            assert following.status_code == 201
            await end(client, following.json())
