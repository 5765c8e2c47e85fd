"""livekit.plugins.gpt_sovits against what livekit-agents asks of every TTS plugin, by both of its ways.

Good speech comes from the real stand-in process; what a good server never does, from a scripted one.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from livekit.agents import APIConnectOptions, APITimeoutError, utils

from livekit.plugins.gpt_sovits import TTS, Voice
from support.bursts import RATE, speech, talk
from support.heard import ONCE, WAYS, Heard, Way, assert_one_clear_line, streamed, synthesized
from support.recognise import recognise, word_error_rate
from support.standin import Standin, running_standin
from support.voice_server import Exchange, stream_header, voice_server

ENGLISH = Voice(ref_audio_path="voices/june.wav", prompt_lang="en", text_lang="en")
KOREAN = Voice(ref_audio_path="voices/dasom.wav", prompt_lang="ko", text_lang="ko")
SENTENCE = "The kitchen light is still on, and your sister will visit us on Sunday afternoon."
REPLY = (
    "Good morning. I slept very well, thank you for asking. The kitchen light is still on, and your sister will "
    "visit us on Sunday afternoon. Would you like to bake a cake for her? We have flour and butter in the house."
)
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with running_standin() as running:
        yield running


@pytest.fixture(autouse=True)
def _replicas_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.models
@pytest.mark.parametrize("mode", [0, 1, 2, 3])
@pytest.mark.parametrize("way", WAYS)
async def test_every_mode_is_spoken(standin: Standin, session: aiohttp.ClientSession, way: Way, mode: Any) -> None:
    voice = replace(ENGLISH, streaming_mode=mode)
    heard = await way(TTS(urls=standin.url, voice=voice, http_session=session), SENTENCE, ONCE)
    heard.assert_native(rate=RATE, characters=len(SENTENCE), segments=int(way is streamed))
    recognised = await asyncio.to_thread(recognise, heard.samples, RATE, "en")
    assert word_error_rate(SENTENCE, recognised) <= 0.2, recognised


@pytest.mark.models
@pytest.mark.parametrize("way", WAYS)
async def test_raw_sound_is_spoken(standin: Standin, session: aiohttp.ClientSession, way: Way) -> None:
    voice = replace(ENGLISH, media_type="raw", raw_rate_hz=RATE)
    heard = await way(TTS(urls=standin.url, voice=voice, http_session=session), SENTENCE, ONCE)
    heard.assert_native(rate=RATE, characters=len(SENTENCE), segments=int(way is streamed))
    recognised = await asyncio.to_thread(recognise, heard.samples, RATE, "en")
    assert word_error_rate(SENTENCE, recognised) <= 0.2, recognised


@pytest.mark.models
@pytest.mark.parametrize("way", WAYS)
async def test_a_reply_of_several_sentences_is_understood(
    standin: Standin, session: aiohttp.ClientSession, way: Way
) -> None:
    heard = await way(TTS(urls=standin.url, voice=ENGLISH, http_session=session), REPLY, ONCE)
    heard.assert_native(rate=RATE, characters=len(REPLY), segments=int(way is streamed))
    recognised = await asyncio.to_thread(recognise, heard.samples, RATE, "en")
    assert word_error_rate(REPLY, recognised) <= 0.2, recognised


@pytest.mark.models
@pytest.mark.parametrize("way", WAYS)
async def test_korean_is_heard(standin: Standin, session: aiohttp.ClientSession, way: Way) -> None:
    text = "안녕하세요, 오늘은 어떻게 지내셨어요?"
    heard = await way(TTS(urls=standin.url, voice=KOREAN, http_session=session), text, ONCE)
    heard.assert_native(rate=RATE, characters=len(text), segments=int(way is streamed))
    assert heard.duration_s > 1.0
    assert np.abs(heard.samples).max() > 3000


@pytest.mark.models
async def test_the_frameworks_own_session_is_used(standin: Standin) -> None:
    async with utils.http_context.open():
        heard = await synthesized(TTS(urls=standin.url, voice=ENGLISH), "Good morning.")
    assert heard.raised is None
    assert heard.duration_s > 0.4


@pytest.mark.models
async def test_several_at_once_are_all_heard(standin: Standin, session: aiohttp.ClientSession) -> None:
    tts = TTS(urls=standin.url, voice=ENGLISH, http_session=session)
    frames = await asyncio.gather(*(tts.synthesize("Good morning.").collect() for _ in range(4)))
    assert all(frame.duration > 0.4 for frame in frames)


@pytest.mark.parametrize("text", ["", " ", "\n \n"])
@pytest.mark.parametrize("way", WAYS)
async def test_empty_text_finishes(session: aiohttp.ClientSession, way: Way, text: str) -> None:
    heard = await way(TTS(urls=NOWHERE, voice=ENGLISH, http_session=session), text, ONCE)
    assert heard.raised is None
    assert heard.audio == []
    assert heard.errors == []


@pytest.mark.parametrize("text", ["…", "😊", " ?! ", "(smiles)", "**", "😊 … 😊"])
@pytest.mark.parametrize("way", WAYS)
async def test_text_without_words_is_a_moment_of_silence(session: aiohttp.ClientSession, way: Way, text: str) -> None:
    heard = await way(TTS(urls=NOWHERE, voice=ENGLISH, http_session=session), text, ONCE)
    heard.assert_native(rate=RATE, characters=len(text), segments=int(way is streamed))
    assert not heard.samples.any()
    assert 0 < heard.duration_s < 0.2


@pytest.mark.parametrize("way", WAYS)
async def test_a_server_that_accepts_and_stalls_is_a_timeout(session: aiohttp.ClientSession, way: Way) -> None:
    async with voice_server(Exchange.gone) as server:
        begun = time.monotonic()
        heard = await way(TTS(urls=server.url, voice=ENGLISH, http_session=session), SENTENCE, ONCE)
    assert isinstance(heard.raised, APITimeoutError)
    assert 1.5 <= time.monotonic() - begun <= 3.5
    assert_one_clear_line(heard.raised, f"{server.url}/tts", unsaid="kitchen")
    assert heard.metrics == []


@pytest.mark.parametrize("way", WAYS)
async def test_every_timeout_is_an_error_event(session: aiohttp.ClientSession, way: Way) -> None:
    options = APIConnectOptions(max_retry=3, timeout=0.5, retry_interval=0.05)
    async with voice_server(Exchange.gone) as server:
        heard = await way(TTS(urls=server.url, voice=ENGLISH, http_session=session), SENTENCE, options)
    assert isinstance(heard.raised, APITimeoutError)
    assert [event.recoverable for event in heard.errors] == [True, True, True, False]
    assert heard.metrics == []


@pytest.mark.parametrize("way", WAYS)
async def test_a_failure_after_a_clause_was_heard_is_not_tried_again(session: aiohttp.ClientSession, way: Way) -> None:
    async def once(exchange: Exchange) -> None:
        if len(server.requests) == 1:
            await talk()(exchange)

    options = APIConnectOptions(max_retry=3, timeout=2.5, retry_interval=0.05)
    async with voice_server(once) as server:
        heard = await way(TTS(urls=server.url, voice=ENGLISH, http_session=session), SENTENCE, options)
    assert heard.raised is not None
    assert not heard.raised.retryable
    assert_one_clear_line(heard.raised, f"{server.url}/tts", unsaid="kitchen")
    assert len(server.requests) == 2
    assert len(heard.errors) == 1
    said = len(speech(server.requests[0]["text"])) / RATE
    assert heard.duration_s == pytest.approx(said, abs=0.06), "what was heard is not heard again"


async def test_sound_is_given_as_it_arrives(session: aiohttp.ClientSession) -> None:
    half_heard = asyncio.Event()
    half = speech("Good morning.")[1:].tobytes()

    async def wait_in_the_middle(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + half)
        await half_heard.wait()
        await exchange.chunk(half)
        await exchange.chunk(b"")

    async with voice_server(wait_in_the_middle) as server:
        tts = TTS(urls=server.url, voice=ENGLISH, http_session=session)
        async with asyncio.timeout(5), tts.synthesize("Good morning.", conn_options=ONCE) as stream:
            duration_s = 0.0
            async for audio in stream:
                duration_s += audio.frame.duration
                if duration_s > 0.4:
                    half_heard.set()
    assert duration_s == pytest.approx(len(half) / RATE, abs=0.06)


async def test_new_options_leave_a_live_stream_alone(session: aiohttp.ClientSession) -> None:
    async with voice_server(talk()) as server:
        tts = TTS(urls=server.url, voice=ENGLISH, http_session=session)
        async with tts.synthesize("First.") as first, tts.stream() as second:
            tts.update_options(voice=KOREAN)
            assert tts.voice == KOREAN
            second.push_text("Second.")
            second.end_input()
            async with tts.synthesize("셋째.") as third:
                await asyncio.gather(first.collect(), Heard(tts).listen(second), third.collect())
    languages = {request["text"]: request["text_lang"] for request in server.requests}
    assert languages == {"First.": "en", "Second.": "en", "셋째.": "ko"}


async def test_prewarm_has_a_cold_server_say_a_word_once(session: aiohttp.ClientSession) -> None:
    async with voice_server(talk()) as server, asyncio.timeout(5):
        async with TTS(urls=server.url, voice=KOREAN, http_session=session) as tts:
            tts.prewarm()
            await tts.pool.warm_up([KOREAN])  # waits for the other, and finds it done
            tts.prewarm()
            await asyncio.sleep(0.05)
        spoken = [fields["text"] for fields in server.requests]
    assert spoken == ["안녕하세요."]


async def test_closing_ends_what_prewarm_began(
    session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    knocked = asyncio.Event()

    async def hang(exchange: Exchange) -> None:
        knocked.set()
        await exchange.gone()

    async with voice_server(hang) as server, asyncio.timeout(5):
        async with TTS(urls=server.url, voice=ENGLISH, http_session=session) as tts:
            tts.prewarm()
            await knocked.wait()
        tts.prewarm()
        await asyncio.sleep(0.05)
        await tts.aclose()
    assert [record.message for record in caplog.records if "closed" in record.message]


async def test_a_server_that_does_not_warm_up_is_told_in_a_line(
    session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with TTS(urls=NOWHERE, voice=ENGLISH, http_session=session) as tts:
        tts.prewarm()
        await asyncio.sleep(0.05)
    assert [record.message for record in caplog.records] == [
        f"a voice server is not ready: cannot connect to {NOWHERE}/tts: is the voice server running there?"
    ]


def test_prewarm_without_a_loop_does_nothing() -> None:
    TTS(voice=ENGLISH).prewarm()


def test_a_fallback_of_two_channels_is_refused_at_once() -> None:
    class Stereo(TTS):
        @property
        def num_channels(self) -> int:
            return 2

    with pytest.raises(ValueError, match="the fallback voice has 2 channels"):
        TTS(voice=ENGLISH, fallback=Stereo(voice=ENGLISH))
