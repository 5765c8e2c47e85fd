"""The stand-in answers as GPT-SoVITS' api_v2 does: fields, checks, modes, header and ways of failing."""

import asyncio
import struct
from typing import Any

import aiohttp
import numpy as np
import pytest

from support.standin import Standin

pytestmark = pytest.mark.models

RATE = 32000
GOOD = {
    "text": "Good morning.",
    "text_lang": "en",
    "ref_audio_path": "anything.wav",
    "prompt_lang": "en",
    "streaming_mode": 3,
    "fragment_interval": 0,
}


async def post(standin: Standin, **fields: Any) -> tuple[int, Any, bytes]:
    """POST /tts with GOOD's fields but for `fields`; those given as ... are left out."""
    body = {name: value for name, value in {**GOOD, **fields}.items() if value is not ...}
    async with aiohttp.ClientSession() as session, session.post(f"{standin.url}/tts", json=body) as response:
        return response.status, response.headers, await response.read()


def samples(body: bytes) -> np.ndarray[Any, np.dtype[np.int16]]:
    assert body[:4] == b"RIFF"
    assert body[8:12] == b"WAVE"
    return np.frombuffer(body[44:], dtype=np.int16)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ref_audio_path": ""}, "ref_audio_path is required"),
        ({"ref_audio_path": ...}, "ref_audio_path is required"),
        ({"text": ""}, "text is required"),
        ({"text": ...}, "text is required"),
        ({"text_lang": ...}, "text_lang is required"),
        ({"text_lang": "tlh"}, "text_lang: tlh is not supported in version v2"),
        ({"prompt_lang": ...}, "prompt_lang is required"),
        ({"prompt_lang": "tlh"}, "prompt_lang: tlh is not supported in version v2"),
        ({"media_type": "mp3"}, "media_type: mp3 is not supported"),
        ({"media_type": "ogg"}, "media_type: ogg is not supported by the stand-in, which has wav and raw"),
        ({"media_type": "aac"}, "media_type: aac is not supported by the stand-in, which has wav and raw"),
        ({"text_split_method": "cut6"}, "text_split_method:cut6 is not supported"),
        ({"streaming_mode": 4}, "the value of streaming_mode must be 0, 1, 2, 3(int) or true/false(bool)"),
    ],
)
async def test_wrong_parameters_are_400(standin: Standin, fields: dict[str, Any], message: str) -> None:
    status, headers, body = await post(standin, **fields)
    assert (status, headers["Content-Type"]) == (400, "application/json")
    assert body.decode() == '{"message":"' + message + '"}'


@pytest.mark.parametrize("fields", [{"text": None}, {"text": ["a"]}, {"top_k": "many"}, {"streaming_mode": "often"}])
async def test_wrong_types_are_422(standin: Standin, fields: dict[str, Any]) -> None:
    status, _, body = await post(standin, **fields)
    assert status == 422
    assert body.startswith(b'{"detail":[{')


@pytest.mark.parametrize("mode", [1, 2, 3, True])
async def test_a_stream_begins_with_a_header_without_sizes(standin: Standin, mode: int) -> None:
    status, headers, body = await post(standin, streaming_mode=mode)
    assert (status, headers["Content-Type"]) == (200, "audio/wav")
    assert headers["X-Malbeot-Stand-In"] == "piper"
    assert struct.unpack("<4sI4s4sIHHIIHH4sI", body[:44]) == (
        *(b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16, b"data", 0),
    )
    assert len(samples(body)) > 0.4 * RATE
    assert np.abs(samples(body)).max() > 3000


@pytest.mark.parametrize("mode", [0, False, ...])
async def test_without_streaming_the_header_has_sizes(standin: Standin, mode: Any) -> None:
    status, _, body = await post(standin, streaming_mode=mode)
    assert status == 200
    assert struct.unpack("<I", body[4:8])[0] == len(body) - 8
    assert struct.unpack("<I", body[40:44])[0] == len(body) - 44
    assert struct.unpack("<I", body[24:28])[0] == RATE


async def test_raw_has_no_header(standin: Standin) -> None:
    status, headers, body = await post(standin, media_type="raw")
    assert (status, headers["Content-Type"]) == (200, "audio/raw")
    assert body[:4] != b"RIFF"
    assert len(body) % 2 == 0


async def test_get_takes_the_same_names_and_capitals(standin: Standin) -> None:
    query = {**{name: str(value) for name, value in GOOD.items()}, "text_lang": "EN", "prompt_lang": "EN"}
    async with aiohttp.ClientSession() as session, session.get(f"{standin.url}/tts", params=query) as response:
        assert response.status == 200
        assert len(samples(await response.read())) > 0.4 * RATE


async def test_get_without_languages_is_500_in_plain_text(standin: Standin) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{standin.url}/tts") as response:
        assert (response.status, response.content_type) == (500, "text/plain")


@pytest.mark.parametrize("fields", [{"text": "…?!"}, {"text_lang": "EN"}, {"speed_factor": 0}])
async def test_a_failure_breaks_a_stream_and_is_400_without_one(standin: Standin, fields: dict[str, Any]) -> None:
    status, _, body = await post(standin, streaming_mode=0, **fields)
    assert status == 400
    assert body.startswith(b'{"message":"tts failed","Exception":"')
    with pytest.raises(aiohttp.ClientPayloadError):
        await post(standin, **fields)


async def test_an_emoji_is_no_sound_or_a_second_of_zeros(standin: Standin) -> None:
    assert good_body(await post(standin, text="😊")) == b""
    body = good_body(await post(standin, text="😊", streaming_mode=0))
    assert struct.unpack("<I", body[24:28])[0] == 16000
    assert not samples(body).any()
    assert len(samples(body)) == 16000


def good_body(reply: tuple[int, Any, bytes]) -> bytes:
    assert reply[0] == 200
    return reply[2]


async def test_every_fragment_is_followed_by_its_interval(standin: Standin) -> None:
    _, _, body = await post(
        standin, text="One two three, four five six", text_split_method="cut5", fragment_interval=0.5
    )
    zeros = int(0.5 * RATE)
    sound = samples(body)
    assert not sound[-zeros:].any()
    runs = np.split(sound == 0, np.flatnonzero(np.diff(sound == 0)) + 1)
    assert sum(run[0] and len(run) >= zeros for run in runs) == 2


async def test_speed_factor_changes_the_pace(standin: Standin) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    slow = samples((await post(standin, text=text, speed_factor=0.7))[2])
    fast = samples((await post(standin, text=text, speed_factor=1.6))[2])
    assert len(slow) > 1.5 * len(fast)


@pytest.mark.parametrize("language", ["ko", "all_ko", "auto"])
async def test_korean_is_spoken_by_espeak(standin: Standin, language: str) -> None:
    status, headers, body = await post(standin, text="안녕하세요, 말벗이에요.", text_lang=language)
    assert (status, headers["X-Malbeot-Stand-In"]) == (200, "espeak-ng")
    sound = samples(body)
    assert len(sound) > 0.5 * RATE
    assert np.abs(sound).max() > 3000


async def test_both_voices_take_turns_in_one_process(standin: Standin) -> None:
    replies = await asyncio.gather(
        *(post(standin, text=t, text_lang="auto") for t in ["Hello there.", "안녕하세요."] * 3)
    )
    assert [status for status, _, _ in replies] == [200] * 6
    assert [h["X-Malbeot-Stand-In"] for _, h, _ in replies] == ["piper", "espeak-ng"] * 3
    assert all(np.abs(samples(body)).max() > 3000 for _, _, body in replies)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/set_gpt_weights", 400, '{"message":"gpt weight path is required"}'),
        ("/set_gpt_weights?weights_path=a.ckpt", 200, '{"message":"success"}'),
        ("/set_sovits_weights", 400, '{"message":"sovits weight path is required"}'),
        ("/set_sovits_weights?weights_path=a.pth", 200, '{"message":"success"}'),
        ("/set_refer_audio", 400, '{"message":"set refer audio failed"}'),
        ("/set_refer_audio?refer_audio_path=a.wav", 200, '{"message":"success"}'),
        ("/control", 400, '{"message":"command is required"}'),
    ],
)
async def test_the_other_routes(standin: Standin, path: str, status: int, body: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(standin.url + path) as response:
        assert (response.status, await response.text()) == (status, body)


async def test_it_says_what_it_is(standin: Standin) -> None:
    async with aiohttp.ClientSession() as session, session.get(standin.url) as response:
        assert response.headers["Server"] == "malbeot-stand-in"
        assert (await response.json())["stands_in_for"] == "GPT-SoVITS api_v2"


async def test_a_caller_who_leaves_frees_the_voice(standin: Standin) -> None:
    endless = "This is one of very many sentences that nobody will hear to the end. " * 400
    lines = len(standin.log)
    body = {**GOOD, "text": endless}
    async with aiohttp.ClientSession() as session, session.post(f"{standin.url}/tts", json=body) as response:
        await response.content.readany()
        response.close()
    async with asyncio.timeout(10):  # all of it would take minutes
        status, _, _ = await post(standin)
    assert status == 200
    left = next(line for line in standin.log[lines:] if f"spoke {len(endless)} characters" in line)
    assert float(left.split("mode 3): ")[1].split(" s in")[0]) < 300


async def test_the_log_never_has_the_text(standin: Standin) -> None:
    await post(standin, text="Pomegranate marmalade.")
    query = {**{name: str(value) for name, value in GOOD.items()}, "text": "Pomegranate marmalade."}
    async with aiohttp.ClientSession() as session, session.get(f"{standin.url}/tts", params=query) as response:
        await response.read()
    assert any("spoke 22 characters" in line for line in standin.log)
    assert "omegranate" not in "\n".join(standin.log)
