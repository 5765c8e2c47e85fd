"""Who speaks in a call: the replicas, warm, and the fallback where none can."""

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest
from livekit.agents import utils

from malbeot import doctor, providers
from malbeot.clips.phrases import greetings, phrases
from malbeot.clips.rendering import speaker_now
from malbeot.clips.store import ClipStore
from malbeot.persona import Persona, load_personas
from malbeot.resources import resource
from malbeot.up import probes
from malbeot.up.run import Up
from malbeot.voices import listing, ready
from support.stack import free_port
from support.standin import Standin, running_standin
from support.voice_server import Exchange, voice_server
from support.voices import NOBODY, settings

pytestmark = pytest.mark.usefixtures("own_locks")


@pytest.fixture(params=["ko", "en"])
def persona(request: pytest.FixtureRequest) -> Persona:
    return load_personas(resource("prompts"))[request.param]


async def test_the_stand_in_speaks_where_no_replica_can(standin: Standin, persona: Persona) -> None:
    text = persona.phrases.goodbye
    chosen = settings(None, NOBODY, stand_in_url=standin.url)
    async with utils.http_context.open(), providers.create_tts(chosen, persona) as tts:
        frame = await tts.synthesize(text).collect()
    assert frame.sample_rate == 32000
    assert frame.duration > 2
    assert np.abs(np.frombuffer(frame.data, np.int16)).max() > 1000


async def test_the_worker_warms_every_replica_in_both_languages(standin: Standin) -> None:
    personas = list(load_personas(resource("prompts")).values())
    failures = await providers.warm_voices(settings(None, standin.url, NOBODY), personas)
    assert len(failures) == 2  # one a language
    assert all(NOBODY in line for line in failures)
    up, down = await listing.statuses((standin.url, NOBODY))
    assert (set(up.warm), down.warm) == ({"ko", "en"}, ())


async def test_a_server_that_comes_up_after_the_worker_is_warmed_and_makes_the_clips(
    references: Path, own_locks: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready, "_AGAIN_S", 0.05)
    url = f"http://127.0.0.1:{(port := free_port())}"
    chosen = settings(None, url, malbeot_cache=tmp_path)
    personas = list(load_personas(resource("prompts")).values())
    failures = await ready.warm_up(chosen, personas)
    assert failures == [f"{url} does not answer as GPT-SoVITS' api_v2 does"]
    assert await speaker_now(chosen) == ""
    trying = asyncio.create_task(ready.keep_trying(chosen, personas, failures))
    with running_standin("--port", str(port), "--references", str(references), piper=False):
        await asyncio.wait_for(trying, 30)
        [replica] = await listing.statuses((url,))
        speaker = await speaker_now(chosen)
    assert set(replica.warm) == {"ko", "en"}
    assert replica.breaker == "closed"
    for persona in personas:
        store = ClipStore(chosen, persona, speaker=speaker)
        assert all(map(store.has, [*phrases(persona), *greetings(persona)]))


async def test_a_server_that_hangs_is_not_kept_from_callers_by_warming_up(tmp_path: Path) -> None:
    personas = list(load_personas(resource("prompts")).values())
    async with voice_server(Exchange.gone) as server:
        assert len(await ready.warm_up(settings(None, server.url), personas)) == 1
        assert server.requests == [{}], "asked who it is, and for no words"
        assert await speaker_now(settings(None, server.url)) == ""


async def test_the_doctor_looks_at_every_replica(
    standin: Standin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = {"livekit_url": "ws://127.0.0.1:1", "ollama_url": NOBODY, "malbeot_state": tmp_path / "state"}
    await doctor.examine(settings(None, standin.url, NOBODY, **nowhere))
    lines = capsys.readouterr().out.splitlines()
    assert f"ok  voice server at {standin.url}: the stand-in voice answers" in lines
    assert any(line.startswith(f"!!  voice server at {NOBODY}: does not answer") for line in lines)


async def test_where_no_server_of_another_machine_answers_the_stand_in_speaks_here(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    chosen = settings(None, "http://nowhere.invalid:9880", stand_in_url=url, malbeot_state=tmp_path)
    up = Up(chosen, dict(os.environ), show_logs=True)
    try:
        await up._voice()
        assert await probes.voice_server(url) == "the stand-in voice"
        assert (up._env["GPT_SOVITS_URLS"], up._env["STAND_IN_URL"]) == (url, url)
    finally:
        await up.stop()


async def test_a_gpt_sovits_is_joined_by_the_fallback_it_needs(tmp_path: Path) -> None:
    """`malbeot up`, as far as the voice goes, beside a server that answers as GPT-SoVITS does."""

    async def api_v2(exchange: Exchange) -> None:
        if exchange.path == "/":
            await exchange.reply(b"{}", status="404 Not Found", content_type="application/json")
        elif "none" in exchange.path:
            message = b'{"message": "text_lang: none is not supported in version v2"}'
            await exchange.reply(message, status="400 Bad Request", content_type="application/json")
        else:
            await exchange.reply(b"Internal Server Error", status="500 Error", content_type="text/plain")

    url = f"http://127.0.0.1:{free_port()}"
    async with voice_server(api_v2) as server:
        chosen = settings(None, server.url, stand_in_url=url, malbeot_cache=tmp_path, malbeot_state=tmp_path)
        up = Up(chosen, {**os.environ, "MALBEOT_CACHE": str(tmp_path)}, show_logs=True)
        try:
            await up._voice()
            assert await probes.voice_server(url) == "the stand-in voice"
            assert (up._env.get("GPT_SOVITS_URLS"), up._env.get("STAND_IN_URL")) == (None, None)
        finally:
            await up.stop()
