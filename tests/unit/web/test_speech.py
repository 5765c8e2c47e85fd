"""The voice behind OpenAI's interface: its own client, the real stand-in, and voice servers that fail."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import numpy as np
import openai
import pytest

from malbeot.persona_choice import load_all
from malbeot.settings import Settings
from malbeot.web import slots
from malbeot.web.app import create_app
from support.served import served
from support.standin import Standin, running_standin
from support.voice_server import Exchange, stream_header, tone, voice_server

TEXT = "Good morning, Rose. It is half past three."
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test finds out about a replica is nothing to the next."""
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with running_standin(piper=False) as running:
        yield running


@asynccontextmanager
async def speaking(settings: Settings, voice_url: str) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's client of a service whose voice is at `voice_url`."""
    settings = settings.model_copy(update={"gpt_sovits_urls": (voice_url,), "stand_in_url": voice_url})
    async with (
        served(create_app(settings, load_all(settings))) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


@pytest.mark.parametrize(("voice", "text"), [("june", TEXT), ("dasom", "안녕하세요, 어르신. 반가워요.")])
async def test_it_speaks_in_wav_and_pcm(settings: Settings, standin: Standin, voice: str, text: str) -> None:
    async with speaking(settings, standin.url) as client:
        say = client.audio.speech.create
        wav = await say(model="malbeot", voice=voice, input=text, response_format="wav")
        pcm = await say(model="malbeot", voice=voice, input=text, response_format="pcm")
    assert wav.response.headers["content-type"] == "audio/wav"
    assert wav.content[:4] + wav.content[8:16] == b"RIFFWAVEfmt "
    assert int.from_bytes(wav.content[24:28], "little") == 32000
    samples, resampled = np.frombuffer(wav.content[44:], np.int16), np.frombuffer(pcm.content, np.int16)
    assert 1 < len(samples) / 32000 < 10
    assert np.abs(samples).max() > 1000
    assert abs(len(samples) / 32000 - len(resampled) / 24000) < 0.2


async def test_speed_changes_the_pace(settings: Settings, standin: Standin) -> None:
    async with speaking(settings, standin.url) as client:
        say = client.audio.speech.create
        lengths = [
            len((await say(model="x", voice="june", input=TEXT, response_format="pcm", speed=speed)).content)
            for speed in (1.0, 1.6)
        ]
    assert lengths[1] < 0.8 * lengths[0]


async def slowly(exchange: Exchange) -> None:
    """Ten seconds of sound, a piece every 0.1 s."""
    await exchange.head()
    await exchange.chunk(stream_header(32000))
    piece = tone(0.1, 32000).tobytes()
    for _ in range(100):
        await exchange.chunk(piece)
        await asyncio.sleep(0.1)
    await exchange.chunk(b"")


async def test_sound_comes_while_it_is_made_and_stops_when_its_listener_leaves(settings: Settings) -> None:
    left: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def script(exchange: Exchange) -> None:
        try:
            await slowly(exchange)
        except ConnectionError:
            left.set_result(time.monotonic())
            raise

    async with voice_server(script) as server, speaking(settings, server.url) as client:
        asked_at = time.monotonic()
        stream = client.audio.speech.with_streaming_response
        async with stream.create(model="x", voice="june", input=TEXT, response_format="pcm") as response:
            async for _ in response.iter_bytes():
                break
            assert time.monotonic() - asked_at < 3
        assert await asyncio.wait_for(left, 3) - asked_at < 6


async def test_who_leaves_before_the_first_sound_stops_it_and_makes_room(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def mute(exchange: Exchange) -> None:
        if exchange.fields:
            asked.set()
            await exchange.gone()
            left.set()

    monkeypatch.setattr(slots, "WAIT_S", 0.3)
    async with voice_server(mute) as server, speaking(settings, server.url) as client:
        say = client.audio.speech.create
        first = asyncio.create_task(say(model="x", voice="june", input=TEXT, response_format="wav"))
        await asyncio.wait_for(asked.wait(), 5)
        with pytest.raises(openai.RateLimitError) as refused:
            await say(model="x", voice="june", input=TEXT, response_format="wav")
        assert refused.value.code == "busy"
        assert int(refused.value.response.headers["retry-after"]) >= 1
        assert not left.is_set()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await asyncio.wait_for(left.wait(), 3)
        asked.clear()
        second = asyncio.create_task(say(model="x", voice="june", input=TEXT, response_format="wav"))
        await asyncio.wait_for(asked.wait(), 3)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)


async def test_no_voice_server_is_one_line(settings: Settings) -> None:
    async with speaking(settings, NOBODY) as client:
        with pytest.raises(openai.InternalServerError, match="try again in a little while") as refused:
            await client.audio.speech.create(model="x", voice="june", input=TEXT, response_format="wav")
    assert refused.value.status_code == 503
    assert NOBODY not in refused.value.message


async def test_a_voice_that_breaks_off_is_not_taken_for_a_whole_one(settings: Settings) -> None:
    async def breaks(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(32000))
        await exchange.chunk(tone(1.0, 32000).tobytes())
        await asyncio.sleep(0.3)
        exchange.writer.transport.abort()

    async with voice_server(breaks) as server, speaking(settings, server.url) as client:
        stream = client.audio.speech.with_streaming_response
        heard = b""
        with pytest.raises((httpx2.TransportError, openai.APIError)):  # noqa: PT012
            async with stream.create(model="x", voice="june", input=TEXT, response_format="pcm") as response:
                async for piece in response.iter_bytes():
                    heard += piece
        assert heard


@pytest.mark.parametrize(
    ("changed", "status", "param"),
    [
        ({"voice": "alloy"}, 404, "voice"),
        ({"input": "x" * 4001}, 400, "input"),
        ({"input": " …! "}, 400, "input"),
        ({"response_format": "mp3"}, 400, "response_format"),
        ({"language": "ja"}, 400, "language"),
        ({"speed": 9}, 400, "speed"),
    ],
)
async def test_requests_that_are_wrong(settings: Settings, changed: dict[str, Any], status: int, param: str) -> None:
    async with speaking(settings, NOBODY) as client:
        body = {"model": "x", "voice": "june", "input": TEXT, **changed}
        with pytest.raises(openai.APIStatusError) as refused:
            await client.post("/audio/speech", cast_to=object, body=body)
    assert refused.value.status_code == status
    error: Any = refused.value.body
    assert error["param"] == param
    assert "\n" not in error["message"]


async def test_what_there_is_to_choose(client: httpx.AsyncClient) -> None:
    voices = (await client.get("/v1/audio/voices")).json()
    assert voices == {"voices": [{"id": "dasom", "languages": ["ko"]}, {"id": "june", "languages": ["en"]}]}
    assert (await client.get("/api/voices")).json() == voices
    scenarios = (await client.get("/api/scenarios")).json()
    assert {"id": "after-a-fall-en", "title": "A man at home again after a fall", "language": "en"} in scenarios
    assert {scenario["language"] for scenario in scenarios} == {"en", "ko"}


@pytest.mark.parametrize("path", ["/api/personas", "/api/scenarios", "/api/voices"])
async def test_what_there_is_to_choose_is_for_who_may_call(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path, headers={"X-Forwarded-For": "203.0.113.7"})).status_code == 401
