"""/ready: what calls depend on, asked of servers that are well, cold, mute, not there or something else."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp import web
from livekit import api
from pydantic import SecretStr

from malbeot import workers_here
from malbeot.persona_choice import load_all
from malbeot.settings import Settings
from malbeot.web.access.invitation_key import ensure_key
from malbeot.web.access.invitations import invite
from malbeot.web.app import create_app
from malbeot.web.places import open_places
from malbeot.web.readiness import Dependency, Readiness
from support.redis_server import running_redis
from support.scripted_livekit import ScriptedLiveKit

CHAT = "smollm2:135m"


@asynccontextmanager
async def server(replies: Mapping[str, Any], *, delay_s: float = 0.0) -> AsyncIterator[tuple[str, list[str]]]:
    """A real server that answers each path with a status, with JSON or as told. Its address, and what it was asked."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        await asyncio.sleep(delay_s)
        reply = replies.get(request.path, 404)
        if isinstance(reply, web.Response):
            return reply
        return web.Response(status=reply) if isinstance(reply, int) else web.json_response(reply)

    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", answer)])
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


def ollama(*models: str, loaded: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "/api/version": {"version": "0.9"},
        "/api/tags": {"models": [{"name": name} for name in models]},
        "/api/ps": {"models": [{"name": name} for name in loaded]},
    }


@asynccontextmanager
async def readiness(settings: Settings) -> AsyncIterator[Readiness]:
    async with (
        aiohttp.ClientSession() as http,
        api.LiveKitAPI(settings.livekit_url, *settings.livekit_keys, session=http) as livekit,
        open_places(settings, livekit) as places,
    ):
        yield Readiness(settings, http, places)


async def look(settings: Settings, name: str, **changes: object) -> Dependency:
    """How the dependency `name` is with these settings."""
    chosen = settings.model_copy(update=changes)
    async with readiness(chosen) as asked:
        found = {known.name: known for known in await asked.look()}
    for known in found.values():
        assert known.why
        assert "\n" not in known.why
    return found[name]


@pytest.fixture
def settings(settings: Settings, unused_tcp_port_factory: Any) -> Settings:
    """Nobody answers anywhere."""
    ports = [unused_tcp_port_factory() for _ in range(4)]
    return settings.model_copy(
        update={
            "livekit_url": f"ws://127.0.0.1:{ports[0]}",
            "ollama_url": f"http://127.0.0.1:{ports[1]}",
            "ollama_model": CHAT,
            "gpt_sovits_urls": (f"http://127.0.0.1:{ports[2]}",),
            "openai_base_url": f"http://127.0.0.1:{ports[3]}/v1",
        }
    )


async def test_nobody_answers(client: httpx.AsyncClient) -> None:
    response = await client.get("/ready")
    assert response.status_code == 503
    answer = response.json()
    assert answer["ready"] is False
    states = {known["name"]: known["state"] for known in answer["dependencies"]}
    assert states.keys() == {"livekit", "places", "worker", "speech recognition", "language model", "voice", "page"}
    assert {name for name, state in states.items() if state == "down"} >= {
        "livekit",
        "worker",
        "language model",
        "voice",
    }
    assert (await client.get("/health")).status_code == 200


@pytest.mark.parametrize(
    ("replies", "state", "why"),
    [
        (ollama(CHAT, loaded=(CHAT,)), "ready", "is loaded"),
        (ollama(f"{CHAT}:latest", loaded=(f"{CHAT}:latest",)), "ready", "is loaded"),
        (ollama(CHAT, "other", loaded=("other",)), "cold", "not loaded"),
        (ollama("other"), "down", f"ollama pull {CHAT}"),
        ({"/api/version": []}, "down", "no Ollama answers"),
        (ollama(CHAT) | {"/api/ps": 500}, "cold", "not loaded"),
    ],
)
async def test_ollama(settings: Settings, replies: Mapping[str, Any], state: str, why: str) -> None:
    async with server(replies) as (url, _):
        model = await look(settings, "language model", ollama_url=url)
    assert model.state == state
    assert why in model.why


@pytest.mark.parametrize(
    ("reply", "state", "why"),
    [({"data": []}, "ready", "answers"), (401, "down", "OPENAI_API_KEY"), (404, "down", "OPENAI_BASE_URL")],
)
async def test_an_openai_compatible_server(settings: Settings, reply: Any, state: str, why: str) -> None:
    async with server({"/v1/models": reply}) as (url, _):
        with_password = url.replace("://", "://user:hush@") + "/v1"
        model = await look(settings, "language model", llm_provider="openai", openai_base_url=with_password)
    assert model.state == state
    assert why in model.why
    assert "hush" not in model.why


async def test_what_cannot_be_asked_is_unknown_and_no_reason_to_say_no(settings: Settings) -> None:
    for name, changes in {
        "language model": {"llm_provider": "bedrock"},
        "voice": {"tts_provider": "polly"},
        "speech recognition": {"stt_provider": "transcribe"},
        "worker": {"redis_url": "redis://127.0.0.1:1"},
    }.items():
        assert (await look(settings, name, **changes)).state == "unknown", name


async def test_keys_that_livekit_refuses(settings: Settings) -> None:
    # Twirp answers so, whatever is asked.
    path, refusal = "/twirp/livekit.RoomService/ListRooms", {"code": "unauthenticated", "msg": "invalid API key"}
    async with server({path: web.json_response(refusal, status=401)}) as (url, _):
        livekit = await look(settings, "livekit", livekit_url=url.replace("http", "ws"))
    assert livekit.state == "down"
    assert "refuses our keys" in livekit.why
    assert settings.livekit_keys[1] not in livekit.why


async def test_what_keeps_the_places(settings: Settings, livekit: ScriptedLiveKit) -> None:
    livekit.rooms |= {"call-1"}
    async with running_redis() as redis:
        changes = {"livekit_url": livekit.url, "redis_url": redis.url, "max_calls": 7}
        places = await look(settings, "places", **changes)
        assert (places.state, places.why) == ("ready", "1 of 7 are taken")
        await redis.stop()
        assert (await look(settings, "livekit", **changes)).state == "ready"
        places = await look(settings, "places", **changes)
    assert places.state == "down"
    assert "REDIS_URL" in places.why


async def test_a_server_that_never_answers_holds_nothing_up(settings: Settings) -> None:
    async with server({}, delay_s=30) as (url, _):
        began = time.monotonic()
        mute = {"ollama_url": url, "gpt_sovits_urls": (url,), "livekit_url": url.replace("http", "ws")}
        async with readiness(settings.model_copy(update=mute)) as asked:
            states = {known.name: known for known in await asked.look()}
        assert time.monotonic() - began < 2.5
    assert states["livekit"].state == states["language model"].state == "down"
    assert "within 2 s" in states["language model"].why
    # GPT-SoVITS in its first mode answers nobody while it speaks.
    assert states["voice"].state == "unknown"


async def test_however_often_it_is_asked_servers_are_asked_once_a_second(settings: Settings, static: Path) -> None:
    async with server(ollama(CHAT), delay_s=0.05) as (url, asked):
        chosen = settings.model_copy(update={"ollama_url": url})
        app = create_app(chosen, load_all(chosen), static=static)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
                await asyncio.gather(*(client.get("/ready") for _ in range(20)))
                assert asked.count("/api/version") == 1
                await asyncio.sleep(1.05)
                await client.get("/ready")
                assert asked.count("/api/version") == 2


@pytest.mark.parametrize("path", ["/ready", "/metrics"])
async def test_only_this_machine_is_told(settings: Settings, static: Path, path: str) -> None:
    app = create_app(settings, load_all(settings), static=static)
    async with app.router.lifespan_context(app):
        for peer, host, headers, status in (
            ("127.0.0.1", "localhost", {}, {200, 503}),
            ("192.0.2.7", "malbeot.example", {}, {404}),
            ("127.0.0.1", "malbeot.example", {}, {404}),
            ("127.0.0.1", "localhost", {"X-Forwarded-For": "192.0.2.7"}, {404}),
        ):
            transport = httpx.ASGITransport(app, client=(peer, 50000))
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}:8080") as client:
                response = await client.get(path, headers=headers)
                assert response.status_code in status, (peer, host, headers)
                if response.status_code == 404:
                    assert response.json() == {"message": "Not Found"}


@pytest.mark.parametrize("path", ["/ready", "/metrics"])
async def test_behind_a_public_address_even_this_machine_needs_the_code_and_an_invitation_is_none(
    settings: Settings, static: Path, path: str
) -> None:
    chosen = {"web_public_url": "https://calls.example.org", "access_code": SecretStr("open-sesame")}
    settings = settings.model_copy(update=chosen)
    app = create_app(settings, load_all(settings), static=static)
    right = {"Authorization": "Bearer open-sesame"}
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            assert (await client.get(path)).status_code == 401
            assert (await client.get(path, headers=right)).status_code in {200, 503}
            token = invite("Rose", key=ensure_key(settings.malbeot_state), lifetime=timedelta(days=1))
            invited = await client.get(path, headers={"Authorization": f"Bearer {token}"})
            assert (invited.status_code, invited.json()) == (404, {"message": "Not Found"})
            elsewhere = right | {"X-Forwarded-For": "192.0.2.7"}
            assert (await client.get(path, headers=elsewhere)).status_code == 404
            assert (await client.get("/health")).status_code == 200


@asynccontextmanager
async def announced(state: Path, about: Any, *, well: int = 200) -> AsyncIterator[None]:
    async with server({"/": well, "/worker": about}) as (url, _):
        workers_here.announce(state, int(url.rpartition(":")[2]))
        yield


async def test_a_worker_tells_of_itself(settings: Settings) -> None:
    state = settings.malbeot_state
    async with announced(state, {"agent_name": "malbeot", "active_jobs": 3}):
        async with announced(state, {"agent_name": "malbeot"}):
            worker = await look(settings, "worker")
            assert (worker.state, worker.why) == ("ready", "2 here, with 3 of 40 calls")
        worker = await look(settings, "worker")
        assert (worker.state, worker.why) == ("ready", "1 here, with 3 of 20 calls")
    assert (await look(settings, "worker")).state == "down"


@pytest.mark.parametrize(
    ("about", "well"),
    [({"agent_name": "malbeot"}, 503), ({"agent_name": "another"}, 200), ([], 200), ({}, 200), (500, 200)],
)
async def test_what_is_no_worker_of_ours(settings: Settings, about: Any, well: int) -> None:
    async with announced(settings.malbeot_state, about, well=well):
        assert (await look(settings, "worker")).state == "down"


async def test_files_of_dead_workers_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "workers"
    folder.mkdir()
    (folder / "1234").write_text("4194305")  # beyond the largest process number there is on Linux
    (folder / "notes.txt").write_text("somebody else's")
    workers_here.announce(tmp_path, 2345)
    assert {file.name for file in folder.iterdir()} == {"2345", "notes.txt"}


async def test_a_state_folder_that_cannot_be_written_does_not_stop_a_worker(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    workers_here.announce(tmp_path / "file", 2345)


async def test_the_answer_is_what_the_document_says(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    responses = document["paths"]["/ready"]["get"]["responses"]
    assert responses.keys() == {"200", "401", "404", "429", "503"}
    assert responses["404"]["content"]["application/json"]["schema"]["$ref"].endswith("/Refusal")
    assert json.dumps(document).count("HTTPValidationError") == 0
