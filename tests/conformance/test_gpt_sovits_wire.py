"""livekit.plugins.gpt_sovits and the ways in which a server fails, over real sockets: each is LiveKit's right error.

One clear line that names the server and never the text; tried again only where that can help.
"""

import itertools
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError, APITimeoutError

from livekit.plugins.gpt_sovits import TTS, Voice
from support.heard import WAYS, Heard, Way, assert_one_clear_line, synthesized
from support.voice_server import Exchange, Script, VoiceServer, stream_header, tone, voice_server

RATE = 32000
ENGLISH = Voice(ref_audio_path="voices/june.wav", prompt_lang="en", text_lang="en")
TEXT = "Good morning."
SOUND = np.where(tone(0.5, RATE) >= 0, 9000, -9000).astype(np.int16).tobytes()
"""As long as TEXT takes at the least, and loud from its first sample to its last."""
TRIES = 3
"""So often a sentence is asked for that breaks off each time."""


@pytest.fixture(autouse=True)
def _replicas_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


async def hear_scripted(
    script: Script, *, way: Way = synthesized, max_retry: int = 0, timeout_s: float = 2.5, voice: Voice = ENGLISH
) -> tuple[Heard, VoiceServer]:
    options = APIConnectOptions(max_retry=max_retry, timeout=timeout_s, retry_interval=0.05)
    async with (
        voice_server(script) as server,
        aiohttp.ClientSession() as session,
        TTS(urls=server.url, voice=voice, http_session=session) as tts,
    ):
        return await way(tts, TEXT, options), server


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("status", "body", "said", "tries"),
    [
        ("400 Bad Request", b'{"message":"tts failed","Exception":"no\\nreference"}', "tts failed; no reference", 1),
        ("400 Bad Request", b'{"message":"failed on %s"}' % TEXT.encode(), "failed on …", 1),
        ("400 Bad Request", b'{"message":"tts failed","Exception":"no MORNING here"}', "tts failed; no … here", 1),
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
async def test_a_status_is_a_status_error(way: Way, status: str, body: bytes, said: str, tries: int) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.reply(body or b" ", status=status, content_type="application/json")

    heard, server = await hear_scripted(refuse, way=way, max_retry=2)
    assert isinstance(heard.raised, APIStatusError)
    assert heard.raised.status_code == int(status[:3])
    assert said in str(heard.raised)
    assert_one_clear_line(heard.raised, f"{server.url}/tts", unsaid="morning")
    assert len(server.requests) == len(heard.errors) == tries
    assert heard.metrics == []


async def test_nobody_there_is_a_connection_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    options = APIConnectOptions(max_retry=1, timeout=2.5, retry_interval=0.05)
    async with aiohttp.ClientSession() as session:
        heard = await synthesized(TTS(urls=url, voice=ENGLISH, http_session=session), TEXT, options)
    assert isinstance(heard.raised, APIConnectionError)
    assert not isinstance(heard.raised, APITimeoutError)
    assert "cannot connect to" in str(heard.raised)
    assert_one_clear_line(heard.raised, f"{url}/tts", unsaid="morning")
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


async def over_too_early(exchange: Exchange) -> None:
    await exchange.reply(stream_header(RATE), SOUND[: len(SOUND) // 4])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("script", "said", "requests", "errors"),
    [
        (broken_before_sound, "broke off before any sound", 3, 3),
        (broken_within_sound, "broke off within the speech", TRIES, 1),
        (no_answer, "the connection to", 3, 3),
        (not_http, "does not speak HTTP as expected", 1, 1),
        (no_sound, "sent no sound", 1, 1),
        (header_alone, "sent no sound", 1, 1),
        (half_a_header, "ends within the WAV header", 1, 1),
        (web_page, "answered with text/html and not with sound", 1, 1),
        (web_page_in_disguise, "does not begin as a WAV", 1, 1),
        (json_answer, "answered with application/json and not with sound", 1, 1),
        (mark_of_failure, "16000 Hz mark of failure", 3, 3),
        (short_of_its_size, "before the end that its WAV header names", TRIES, 1),
        (over_too_early, "of a text that takes", TRIES, 1),
    ],
)
async def test_a_body_that_is_no_speech_is_a_connection_error(
    way: Way, script: Script, said: str, requests: int, errors: int
) -> None:
    heard, server = await hear_scripted(script, way=way, max_retry=2)
    assert isinstance(heard.raised, APIConnectionError)
    assert not isinstance(heard.raised, APITimeoutError)
    assert said in str(heard.raised)
    assert_one_clear_line(heard.raised, f"{server.url}/tts", unsaid="morning")
    assert len(server.requests) == requests
    assert len(heard.errors) == errors
    assert heard.metrics == []
    assert heard.duration_s < 0.55, "the same words are not heard twice"


@pytest.mark.parametrize("way", WAYS)
async def test_a_stall_within_the_speech_is_a_timeout_and_is_not_heard_again(way: Way) -> None:
    async def stall(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND)
        await exchange.gone()

    heard, server = await hear_scripted(stall, way=way, max_retry=3, timeout_s=0.4)
    assert isinstance(heard.raised, APITimeoutError)
    assert "within the speech" in str(heard.raised)
    assert len(server.requests) == TRIES
    assert len(heard.errors) == 1
    assert heard.duration_s < 0.55


@pytest.mark.parametrize("way", WAYS)
async def test_a_failure_before_any_sound_is_tried_again_and_heard_once(way: Way) -> None:
    async def second_time_lucky(exchange: Exchange) -> None:
        if seen:
            await exchange.reply(stream_header(RATE), SOUND)
        seen.append(1)

    seen: list[int] = []
    heard, server = await hear_scripted(second_time_lucky, way=way, max_retry=2)
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
    inner = np.random.default_rng(5).choice(np.arange(1, len(body)), 60, replace=False)
    cuts = [0, *np.sort(inner).tolist(), len(body)]
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


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rate", [24000, 32000, 48000])
async def test_raw_sound_has_the_rate_that_the_voice_names(way: Way, rate: int) -> None:
    sound = tone(1.0, rate).tobytes()
    pieces = [sound[at : at + 3001] for at in range(0, len(sound), 3001)]
    voice = replace(ENGLISH, media_type="raw", raw_rate_hz=rate)
    heard, server = await hear_scripted(lambda it: it.reply(*pieces, content_type="audio/raw"), way=way, voice=voice)
    assert heard.raised is None
    assert server.requests[0]["media_type"] == "raw"
    assert "raw_rate_hz" not in server.requests[0]
    assert heard.duration_s == pytest.approx(1.0, abs=0.02)
    spectrum = np.abs(np.fft.rfft(heard.samples.astype(np.float64)))
    assert np.argmax(spectrum) / heard.duration_s == pytest.approx(440, abs=5)


@pytest.mark.parametrize(
    ("sound", "content_type", "said"),
    [
        (SOUND, "audio/wav", "answered with audio/wav and not with raw sound"),
        (b"<!doctype html><title>Gradio</title>", "application/octet-stream", "not with raw sound"),
        (bytes(32000), "audio/raw", "sent nothing but zeros"),
        (b"", "audio/raw", "sent no sound"),
        (SOUND[: len(SOUND) // 4], "audio/raw", "of a text that takes"),
    ],
)
async def test_raw_sound_that_is_none_is_a_connection_error(sound: bytes, content_type: str, said: str) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.reply(*([sound] if sound else []), content_type=content_type)

    heard, server = await hear_scripted(answer, voice=replace(ENGLISH, media_type="raw", raw_rate_hz=RATE))
    assert isinstance(heard.raised, APIConnectionError)
    assert said in str(heard.raised)
    assert_one_clear_line(heard.raised, f"{server.url}/tts", unsaid="morning")


async def test_the_request_carries_the_voice() -> None:
    heard, server = await hear_scripted(lambda exchange: exchange.reply(stream_header(RATE), SOUND))
    assert heard.raised is None
    assert server.paths == ["/tts"]
    assert server.requests[0] == {
        "text": TEXT,
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


@pytest.mark.parametrize("url", ["", "127.0.0.1:9880", "ws://127.0.0.1:9880", "http://"])
def test_a_wrong_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="is not the URL of a voice server"):
        TTS(urls=["http://127.0.0.1:9880", url], voice=ENGLISH)


def test_no_url_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="at least one URL"):
        TTS(urls=[], voice=ENGLISH)


@pytest.mark.parametrize("fields", [{"ref_audio_path": ""}, {"speed_factor": 0}, {"fragment_interval": -0.1}])
def test_a_wrong_voice_is_refused_at_once(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        Voice(**{"ref_audio_path": "a.wav", "prompt_lang": "en", "text_lang": "en", **fields})
