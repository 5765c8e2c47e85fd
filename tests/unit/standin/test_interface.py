"""The stand-in answers as GPT-SoVITS' api_v2 does: fields, checks, modes, header, pieces."""

import asyncio
import struct
from typing import Any

import aiohttp
import numpy as np
import pytest

from support.standin import FIELDS, Standin

RATE_HZ = 32000
QUERY = {name: str(value) for name, value in FIELDS.items()}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ref_audio_path": ""}, "ref_audio_path is required"),
        ({"ref_audio_path": ..., "text": ""}, "ref_audio_path is required"),
        ({"text": "", "text_lang": "tlh"}, "text is required"),
        ({"text": ...}, "text is required"),
        ({"text_lang": ...}, "text_lang is required"),
        ({"text_lang": "tlh", "prompt_lang": ...}, "text_lang: tlh is not supported in version v2"),
        ({"prompt_lang": ..., "media_type": "mp3"}, "prompt_lang is required"),
        ({"prompt_lang": "tlh"}, "prompt_lang: tlh is not supported in version v2"),
        ({"media_type": "mp3", "text_split_method": "cut6"}, "media_type: mp3 is not supported"),
        ({"media_type": "ogg"}, "media_type: ogg is not supported by the stand-in, which has wav and raw"),
        ({"media_type": "aac"}, "media_type: aac is not supported by the stand-in, which has wav and raw"),
        ({"text_split_method": "cut6", "streaming_mode": 4}, "text_split_method:cut6 is not supported"),
        ({"streaming_mode": 4}, "the value of streaming_mode must be 0, 1, 2, 3(int) or true/false(bool)"),
    ],
)
async def test_wrong_parameters_are_400_in_their_order(quick: Standin, fields: dict[str, Any], message: str) -> None:
    reply = await quick.tts(**fields)
    assert (reply.status, reply.headers["Content-Type"]) == (400, "application/json")
    assert reply.body.decode() == '{"message":"' + message + '"}'


@pytest.mark.parametrize(
    "fields",
    [{"text": None}, {"text": ["a"]}, {"top_k": "many"}, {"streaming_mode": "often"}, {"aux_ref_audio_paths": "a.wav"}],
)
async def test_wrong_types_are_422(quick: Standin, fields: dict[str, Any]) -> None:
    reply = await quick.tts(**fields)
    assert reply.status == 422
    assert reply.body.startswith(b'{"detail":[{')


@pytest.mark.parametrize("mode", [1, 2, 3, True])
async def test_a_stream_begins_with_a_header_without_sizes(quick: Standin, mode: int) -> None:
    reply = await quick.tts(streaming_mode=mode)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "audio/wav")
    assert reply.headers["Transfer-Encoding"] == "chunked"
    assert struct.unpack("<4sI4s4sIHHIIHH4sI", reply.body[:44]) == (
        *(b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16, b"data", 0),
    )
    assert len(reply.samples) > 0.4 * RATE_HZ
    assert np.abs(reply.samples).max() > 3000


@pytest.mark.parametrize("mode", [0, False, ...])
async def test_without_streaming_the_header_has_sizes(quick: Standin, mode: Any) -> None:
    reply = await quick.tts(streaming_mode=mode)
    assert reply.status == 200
    assert struct.unpack("<I", reply.body[4:8])[0] == len(reply.body) - 8
    assert struct.unpack("<I", reply.body[40:44])[0] == len(reply.body) - 44
    assert reply.rate_hz == RATE_HZ


async def test_raw_has_no_header(quick: Standin) -> None:
    reply = await quick.tts(media_type="raw")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "audio/raw")
    assert reply.body == (await quick.tts()).body[44:]


async def test_get_takes_the_same_names_and_capitals(quick: Standin) -> None:
    reply = await quick.get("/tts", **{**QUERY, "text_lang": "EN", "prompt_lang": "EN"})
    assert reply.status == 200
    assert reply.body == (await quick.tts()).body


@pytest.mark.parametrize("fields", [{}, {"text_lang": "en"}, {"prompt_lang": "en", "text": "Hello."}])
async def test_get_without_languages_is_500_in_plain_text(quick: Standin, fields: dict[str, str]) -> None:
    reply = await quick.get("/tts", **fields)
    assert (reply.status, reply.headers["Content-Type"]) == (500, "text/plain; charset=utf-8")


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
async def test_every_sentence_is_followed_by_its_interval(quick: Standin, mode: int) -> None:
    spoken = {"text": "One two three four, five six seven eight", "streaming_mode": mode}
    sound = (await quick.tts(**spoken, fragment_interval=0.3)).samples
    assert not sound[-9600:].any()
    runs = np.split(sound == 0, np.flatnonzero(np.diff(sound == 0)) + 1)
    assert sum(run[0] and len(run) >= 9600 for run in runs) == 2
    assert len((await quick.tts(**spoken, fragment_interval=0)).samples) == len(sound) - 2 * 9600


async def test_the_same_text_is_the_same_sound(quick: Standin) -> None:
    assert (await quick.tts()).body == (await quick.tts()).body
    assert (await quick.tts()).body != (await quick.tts(text="Good evening.")).body


async def test_mode_1_sends_a_piece_a_sentence_and_mode_3_sends_tokens(quick: Standin) -> None:
    text = "The kitchen light is still on today. Your sister will visit us on Sunday."

    async def pieces(mode: int) -> list[int]:
        body = {**FIELDS, "text": text, "streaming_mode": mode, "media_type": "raw"}
        async with aiohttp.ClientSession() as session, session.post(f"{quick.url}/tts", json=body) as response:
            sizes, size = [], 0
            async for data, ends in response.content.iter_chunks():
                size += len(data)
                if ends and size:
                    sizes.append(size)
                    size = 0
            return sizes

    assert len(await pieces(1)) == 2
    token_bytes = 2 * RATE_HZ // 25
    first, second, *_ = await pieces(3)
    assert (first, second) == (14 * token_bytes, 16 * token_bytes)
    by_pause = await pieces(2)
    assert by_pause[0] % token_bytes == 0
    assert by_pause[0] > 14 * token_bytes


async def test_of_a_batch_modes_2_and_3_speak_the_first_sentence_only(quick: Standin) -> None:
    first = await quick.tts(text="The kitchen light is on.")
    both = await quick.tts(text="The kitchen light is on. Your sister will visit us.", batch_size=2)
    assert both.body == first.body


async def test_speed_factor_changes_the_pace(quick: Standin) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    slow = (await quick.tts(text=text, speed_factor=0.7)).samples
    fast = (await quick.tts(text=text, speed_factor=1.6)).samples
    assert len(slow) > 1.5 * len(fast)


@pytest.mark.models
@pytest.mark.parametrize("language", ["ko", "all_ko", "auto"])
async def test_korean_is_spoken_by_espeak(standin: Standin, language: str) -> None:
    reply = await standin.tts(text="안녕하세요, 말벗이에요.", text_lang=language)
    assert (reply.status, reply.headers["X-Malbeot-Stand-In"]) == (200, "espeak-ng")
    assert len(reply.samples) > 0.5 * RATE_HZ
    assert np.abs(reply.samples).max() > 3000


@pytest.mark.models
async def test_both_voices_take_turns_in_one_process(standin: Standin) -> None:
    texts = ["Hello there.", "안녕하세요."] * 3
    replies = await asyncio.gather(*(standin.tts(text=text, text_lang="auto") for text in texts))
    assert [reply.status for reply in replies] == [200] * 6
    assert [reply.headers["X-Malbeot-Stand-In"] for reply in replies] == ["piper", "espeak-ng"] * 3
    assert all(np.abs(reply.samples).max() > 3000 for reply in replies)


@pytest.mark.models
async def test_pipers_sound_is_the_same_for_a_seed(standin: Standin) -> None:
    assert (await standin.tts(seed=7)).body == (await standin.tts(seed=7)).body


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/control", 400, '{"message":"command is required"}'),
        ("/control?command=sing", 200, "null"),
        ("/health", 404, '{"detail":"Not Found"}'),
    ],
)
async def test_the_other_routes(quick: Standin, path: str, status: int, body: str) -> None:
    reply = await quick.get(path)
    assert (reply.status, reply.body.decode()) == (status, body)


async def test_it_says_what_it_is(quick: Standin) -> None:
    reply = await quick.get("/")
    assert reply.headers["Server"] == "malbeot-stand-in"
    assert reply.json["stands_in_for"] == "GPT-SoVITS api_v2"
    assert "/tts" in (await quick.get("/openapi.json")).json["paths"]


async def test_the_log_never_has_the_text(quick: Standin) -> None:
    await quick.tts(text="Pomegranate marmalade.")
    await quick.get("/tts", **{**QUERY, "text": "Pomegranate marmalade."})
    assert any("spoke 22 characters" in line for line in quick.log)
    assert "omegranate" not in "\n".join(quick.log)
