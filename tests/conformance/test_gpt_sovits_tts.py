"""livekit.plugins.gpt_sovits against what livekit-agents asks of every TTS plugin, over real sockets.

Good speech comes from the real stand-in process; what a good server never does, from a scripted one.
"""

import asyncio
import itertools
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import jiwer
import numpy as np
import pytest
from faster_whisper import WhisperModel
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APIStatusError, APITimeoutError, utils
from livekit.agents.metrics import TTSMetrics
from livekit.agents.tts import SynthesizedAudio, TTSError

from livekit.plugins.gpt_sovits import TTS, Voice
from support.speech import WHISPER_MODEL
from support.standin import Standin, running_standin
from support.voice_server import Exchange, Script, VoiceServer, stream_header, tone, voice_server

RATE = 32000
ENGLISH = Voice(ref_audio_path="voices/june.wav", prompt_lang="en", text_lang="en")
KOREAN = Voice(ref_audio_path="voices/dasom.wav", prompt_lang="ko", text_lang="ko")
SENTENCE = "The kitchen light is still on, and your sister will visit us on Sunday afternoon."
ONCE = APIConnectOptions(max_retry=0, timeout=2.5)
SOUND = tone(0.5, RATE).tobytes()


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with running_standin() as running:
        yield running


@pytest.fixture(scope="module")
def whisper() -> WhisperModel:
    return WhisperModel(str(WHISPER_MODEL), device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture(autouse=True)
async def _no_task_left_behind() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:
        await asyncio.wait(left, timeout=0.5)  # a closed connection's last callback
    assert not {task for task in left if not task.done()}


class Heard:
    """What a TTS gave for one text, with the events it emitted."""

    def __init__(self, tts: TTS) -> None:
        self.tts = tts
        self.audio: list[SynthesizedAudio] = []
        self.metrics: list[TTSMetrics] = []
        self.errors: list[TTSError] = []
        self.raised: APIError | None = None
        tts.on("metrics_collected", self.metrics.append)
        tts.on("error", self.errors.append)

    @property
    def frame(self) -> rtc.AudioFrame:
        return rtc.combine_audio_frames([heard.frame for heard in self.audio])

    @property
    def samples(self) -> np.ndarray[Any, np.dtype[np.int16]]:
        return np.frombuffer(self.frame.data, dtype=np.int16)

    @property
    def duration_s(self) -> float:
        return sum(heard.frame.duration for heard in self.audio)


async def hear(tts: TTS, text: str = SENTENCE, options: APIConnectOptions = ONCE) -> Heard:
    heard = Heard(tts)
    try:
        async with tts.synthesize(text, conn_options=options) as stream:
            async for audio in stream:
                heard.audio.append(audio)
    except APIError as error:
        heard.raised = error
    await tts.aclose()
    return heard


async def hear_scripted(script: Script, *, text: str = SENTENCE, max_retry: int = 0) -> tuple[Heard, VoiceServer]:
    options = APIConnectOptions(max_retry=max_retry, timeout=2.5, retry_interval=0.05)
    async with voice_server(script) as server, aiohttp.ClientSession() as session:
        return await hear(TTS(url=server.url, voice=ENGLISH, http_session=session), text, options), server


def words(text: str) -> str:
    return re.sub(r"[^a-z0-9' ]", "", text.lower()).strip()


def assert_one_clear_line(error: APIError, url: str) -> None:
    assert f"{url}/tts" in str(error)
    assert "\n" not in str(error)
    assert "kitchen" not in str(error), "what is said must not be in a message"


@pytest.mark.models
@pytest.mark.parametrize("mode", [0, 1, 2, 3])
async def test_synthesize(standin: Standin, whisper: WhisperModel, session: aiohttp.ClientSession, mode: Any) -> None:
    voice = Voice(ref_audio_path="june.wav", prompt_lang="en", text_lang="en", streaming_mode=mode)
    heard = await hear(TTS(url=standin.url, voice=voice, http_session=session))
    assert heard.raised is None
    assert len({audio.request_id for audio in heard.audio}) == 1
    assert heard.audio[0].request_id
    assert [audio.is_final for audio in heard.audio] == [False] * (len(heard.audio) - 1) + [True]
    assert {(audio.frame.sample_rate, audio.frame.num_channels) for audio in heard.audio} == {(RATE, 1)}
    assert len(heard.metrics) == 1
    assert heard.errors == []
    metrics = heard.metrics[0]
    assert metrics.audio_duration == pytest.approx(heard.duration_s, abs=0.01)
    assert metrics.characters_count == len(SENTENCE)
    assert 0 < metrics.ttfb <= metrics.duration

    audio_16k = [f for part in (rtc.AudioResampler(RATE, 16000),) for f in [*part.push(heard.frame), *part.flush()]]
    pcm = np.frombuffer(rtc.combine_audio_frames(audio_16k).data, dtype=np.int16).astype(np.float32) / 32768

    def transcribe() -> str:
        return " ".join(segment.text for segment in whisper.transcribe(pcm, language="en", beam_size=1)[0])

    recognised = await asyncio.to_thread(transcribe)
    assert jiwer.wer(words(SENTENCE), words(recognised)) <= 0.2, recognised


@pytest.mark.models
async def test_korean_is_heard(standin: Standin, session: aiohttp.ClientSession) -> None:
    heard = await hear(
        TTS(url=standin.url, voice=KOREAN, http_session=session), "안녕하세요, 오늘은 어떻게 지내셨어요?"
    )
    assert heard.raised is None
    assert heard.duration_s > 1.0
    assert np.abs(heard.samples).max() > 3000


@pytest.mark.models
async def test_the_frameworks_own_session_is_used(standin: Standin) -> None:
    async with utils.http_context.open():
        heard = await hear(TTS(url=standin.url, voice=ENGLISH), "Good morning.")
    assert heard.raised is None
    assert heard.duration_s > 0.4


@pytest.mark.models
async def test_several_at_once_are_all_heard(standin: Standin, session: aiohttp.ClientSession) -> None:
    tts = TTS(url=standin.url, voice=ENGLISH, http_session=session)
    frames = await asyncio.gather(*(tts.synthesize("Good morning.").collect() for _ in range(4)))
    assert all(frame.duration > 0.4 for frame in frames)


async def test_empty_text_finishes(session: aiohttp.ClientSession) -> None:
    heard = await hear(TTS(url="http://127.0.0.1:9", voice=ENGLISH, http_session=session), "")
    assert heard.raised is None
    assert heard.audio == []
    assert heard.errors == []


@pytest.mark.parametrize("text", ["…", "😊", " ?! "])
async def test_text_without_words_is_a_moment_of_silence(session: aiohttp.ClientSession, text: str) -> None:
    heard = await hear(TTS(url="http://127.0.0.1:9", voice=ENGLISH, http_session=session), text)
    assert heard.raised is None
    assert not heard.samples.any()
    assert 0 < heard.duration_s < 0.2


async def test_a_server_that_accepts_and_stalls_is_a_timeout() -> None:
    begun = time.monotonic()
    heard, server = await hear_scripted(Exchange.gone)
    assert isinstance(heard.raised, APITimeoutError)
    assert 1.5 <= time.monotonic() - begun <= 3.5
    assert_one_clear_line(heard.raised, server.url)
    assert heard.metrics == []


async def test_every_timeout_is_an_error_event() -> None:
    async with voice_server(Exchange.gone) as server, aiohttp.ClientSession() as session:
        options = APIConnectOptions(max_retry=3, timeout=0.5, retry_interval=0.05)
        heard = await hear(TTS(url=server.url, voice=ENGLISH, http_session=session), options=options)
    assert isinstance(heard.raised, APITimeoutError)
    assert len(heard.errors) == 4
    assert [event.recoverable for event in heard.errors] == [True, True, True, False]
    assert heard.metrics == []


async def test_a_stall_within_the_speech_is_a_timeout_and_is_not_said_again() -> None:
    async def stall(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND)
        await exchange.gone()

    heard, server = await hear_scripted(stall, max_retry=3)
    assert isinstance(heard.raised, APITimeoutError)
    assert len(server.requests) == 1
    assert len(heard.errors) == 1


@pytest.mark.parametrize(
    ("status", "body", "said", "tries"),
    [
        ("400 Bad Request", b'{"message":"tts failed","Exception":"no\\nreference"}', "tts failed; no reference", 1),
        ("400 Bad Request", b'{"message":"failed on %s"}' % SENTENCE.encode(), "failed on …", 1),
        (
            "422 Unprocessable Content",
            b'{"detail":[{"loc":["body","top_k"],"msg":"wrong","input":3}]}',
            "body.top_k: wrong",
            1,
        ),
        ("404 Not Found", b"<html>nothing here</html>", "answered 404", 1),
        ("302 Found", b"", "answered 302", 1),
        ("500 Internal Server Error", b"Internal Server Error", "answered 500", 3),
        ("502 Bad Gateway", b"<html>bad gateway</html>", "answered 502", 3),
    ],
)
async def test_a_status_is_a_status_error(status: str, body: bytes, said: str, tries: int) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.reply(body or b" ", status=status, content_type="application/json")

    heard, server = await hear_scripted(refuse, max_retry=2)
    assert isinstance(heard.raised, APIStatusError)
    assert heard.raised.status_code == int(status[:3])
    assert said in str(heard.raised)
    assert_one_clear_line(heard.raised, server.url)
    assert len(server.requests) == len(heard.errors) == tries
    assert heard.metrics == []


async def test_nobody_there_is_a_connection_error(session: aiohttp.ClientSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    options = APIConnectOptions(max_retry=1, timeout=2.5, retry_interval=0.05)
    heard = await hear(TTS(url=url, voice=ENGLISH, http_session=session), options=options)
    assert isinstance(heard.raised, APIConnectionError)
    assert not isinstance(heard.raised, APITimeoutError)
    assert "cannot connect to" in str(heard.raised)
    assert_one_clear_line(heard.raised, url)
    assert len(heard.errors) == 2


async def broken_before_sound(exchange: Exchange) -> None:
    await exchange.head()


async def broken_within_sound(exchange: Exchange) -> None:
    await exchange.head()
    await exchange.chunk(stream_header(RATE) + SOUND)


async def no_answer(exchange: Exchange) -> None:
    pass


async def not_http(exchange: Exchange) -> None:
    await exchange.send(b"220 mail.example ESMTP\r\n")


async def no_sound(exchange: Exchange) -> None:
    await exchange.reply()


async def header_alone(exchange: Exchange) -> None:
    await exchange.reply(stream_header(RATE))


async def half_a_header(exchange: Exchange) -> None:
    await exchange.reply(stream_header(RATE)[:20])


async def web_page(exchange: Exchange) -> None:
    await exchange.reply(b"<!doctype html><title>Gradio</title>", content_type="text/html; charset=utf-8")


async def web_page_in_disguise(exchange: Exchange) -> None:
    await exchange.reply(b"<!doctype html><title>Gradio</title>")


async def json_answer(exchange: Exchange) -> None:
    await exchange.reply(b'{"message":"hello"}', content_type="application/json")


async def mark_of_failure(exchange: Exchange) -> None:
    await exchange.reply(stream_header(16000), bytes(32000))


async def short_of_its_size(exchange: Exchange) -> None:
    header = bytearray(stream_header(RATE))
    header[40:44] = (4 * len(SOUND)).to_bytes(4, "little")
    await exchange.reply(bytes(header), SOUND)


@pytest.mark.parametrize(
    ("script", "said", "tries"),
    [
        (broken_before_sound, "broke off before any sound", 3),
        (broken_within_sound, "broke off within the speech", 1),
        (no_answer, "the connection to", 3),
        (not_http, "does not speak HTTP as expected", 1),
        (no_sound, "sent no sound", 1),
        (header_alone, "sent no sound", 1),
        (half_a_header, "ends within the WAV header", 1),
        (web_page, "answered with text/html and not with sound", 1),
        (web_page_in_disguise, "does not begin as a WAV", 1),
        (json_answer, "answered with application/json and not with sound", 1),
        (mark_of_failure, "16000 Hz mark of failure", 3),
        (short_of_its_size, "before the end that its WAV header names", 1),
    ],
)
async def test_a_body_that_is_no_speech_is_a_connection_error(script: Script, said: str, tries: int) -> None:
    heard, server = await hear_scripted(script, max_retry=2)
    assert isinstance(heard.raised, APIConnectionError)
    assert not isinstance(heard.raised, APITimeoutError)
    assert said in str(heard.raised)
    assert_one_clear_line(heard.raised, server.url)
    assert len(server.requests) == len(heard.errors) == tries
    assert heard.metrics == []


async def test_a_failure_before_any_sound_is_tried_again_and_heard_once() -> None:
    async def second_time_lucky(exchange: Exchange) -> None:
        if exchange.fields["seed"] == -1 and len(seen) == 0:
            seen.append(1)
            return
        await exchange.reply(stream_header(RATE), SOUND)

    seen: list[int] = []
    heard, server = await hear_scripted(second_time_lucky, max_retry=2)
    assert heard.raised is None
    assert len(server.requests) == 2
    assert bytes(heard.frame.data) == SOUND
    assert len(heard.metrics) == 1


@pytest.mark.parametrize("cut", range(1, 48))
async def test_the_header_may_be_split_anywhere(cut: int) -> None:
    body = stream_header(RATE) + SOUND

    async def split(exchange: Exchange) -> None:
        await exchange.reply(body[:cut], body[cut:])

    heard, _ = await hear_scripted(split)
    assert heard.raised is None
    assert bytes(heard.frame.data) == SOUND


async def test_pieces_may_have_any_length() -> None:
    body = stream_header(RATE) + SOUND
    cuts = [
        0,
        *np.sort(np.random.default_rng(5).choice(np.arange(1, len(body)), 60, replace=False)).tolist(),
        len(body),
    ]
    heard, _ = await hear_scripted(lambda exchange: exchange.reply(*(body[a:b] for a, b in itertools.pairwise(cuts))))
    assert heard.raised is None
    assert bytes(heard.frame.data) == SOUND


@pytest.mark.parametrize("rate", [24000, 48000])
async def test_sound_at_another_rate_comes_at_the_declared_one(rate: int) -> None:
    sound = tone(1.0, rate).tobytes()
    pieces = [sound[at : at + 3001] for at in range(0, len(sound), 3001)]
    heard, _ = await hear_scripted(lambda exchange: exchange.reply(stream_header(rate), *pieces))
    assert heard.raised is None
    assert {audio.frame.sample_rate for audio in heard.audio} == {RATE}
    assert heard.duration_s == pytest.approx(1.0, abs=0.02)
    spectrum = np.abs(np.fft.rfft(heard.samples.astype(np.float64)))
    assert np.argmax(spectrum) / heard.duration_s == pytest.approx(440, abs=5)


async def test_sound_is_given_as_it_arrives() -> None:
    half_heard = asyncio.Event()

    async def wait_in_the_middle(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND)
        await half_heard.wait()
        await exchange.chunk(SOUND)
        await exchange.chunk(b"")

    async with voice_server(wait_in_the_middle) as server, aiohttp.ClientSession() as session:
        tts = TTS(url=server.url, voice=ENGLISH, http_session=session)
        async with asyncio.timeout(5), tts.synthesize(SENTENCE, conn_options=ONCE) as stream:
            duration_s = 0.0
            async for audio in stream:
                duration_s += audio.frame.duration
                if duration_s > 0.4:
                    half_heard.set()
    assert duration_s == pytest.approx(1.0, abs=0.03)


async def test_closing_the_stream_closes_the_connection() -> None:
    closed = asyncio.Event()

    async def speak_for_ever(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND)
        await exchange.gone()
        closed.set()

    async with voice_server(speak_for_ever) as server, aiohttp.ClientSession() as session:
        tts = TTS(url=server.url, voice=ENGLISH, http_session=session)
        async with tts.synthesize(SENTENCE, conn_options=ONCE) as stream:
            await anext(stream)
        async with asyncio.timeout(1):
            await closed.wait()


async def test_the_request_carries_the_voice() -> None:
    heard, server = await hear_scripted(lambda exchange: exchange.reply(stream_header(RATE), SOUND))
    assert heard.raised is None
    assert server.requests[0] == {
        "text": SENTENCE,
        "text_lang": "en",
        "ref_audio_path": "voices/june.wav",
        "prompt_lang": "en",
        "prompt_text": "",
        "aux_ref_audio_paths": [],
        "streaming_mode": 3,
        "text_split_method": "cut0",
        "speed_factor": 1.0,
        "fragment_interval": 0.3,
        "top_k": 15,
        "top_p": 1.0,
        "temperature": 1.0,
        "repetition_penalty": 1.35,
        "seed": -1,
        "sample_steps": 32,
        "overlap_length": 2,
        "min_chunk_length": 16,
        "media_type": "wav",
    }


async def test_new_options_leave_a_live_stream_alone(session: aiohttp.ClientSession) -> None:
    async with voice_server(lambda exchange: exchange.reply(stream_header(RATE), SOUND)) as server:
        tts = TTS(url=server.url, voice=ENGLISH, http_session=session)
        async with tts.synthesize("First.") as first:
            tts.update_options(voice=KOREAN)
            async with tts.synthesize("둘째.") as second:
                await asyncio.gather(first.collect(), second.collect())
    assert {request["text"]: request["text_lang"] for request in server.requests} == {"First.": "en", "둘째.": "ko"}


async def test_prewarm_opens_a_connection_and_leaves_no_task() -> None:
    knocked = asyncio.Event()

    async def answer(exchange: Exchange) -> None:
        knocked.set()
        await exchange.reply(b"nothing here", status="404 Not Found", content_type="text/plain")

    async with voice_server(answer) as server, aiohttp.ClientSession() as session:
        async with TTS(url=server.url, voice=ENGLISH, http_session=session) as tts, asyncio.timeout(5):
            tts.prewarm()
            await knocked.wait()
        async with TTS(url="http://127.0.0.1:9", voice=ENGLISH, http_session=session) as tts:
            tts.prewarm()
            await asyncio.sleep(0.05)


def test_prewarm_without_a_loop_does_nothing() -> None:
    TTS(voice=ENGLISH).prewarm()


@pytest.mark.parametrize("url", ["", "127.0.0.1:9880", "ws://127.0.0.1:9880", "http://"])
def test_a_wrong_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="is not the URL of a voice server"):
        TTS(url=url, voice=ENGLISH)


@pytest.mark.parametrize("fields", [{"ref_audio_path": ""}, {"speed_factor": 0}, {"fragment_interval": -0.1}])
def test_a_wrong_voice_is_refused_at_once(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        Voice(**{"ref_audio_path": "a.wav", "prompt_lang": "en", "text_lang": "en", **fields})
