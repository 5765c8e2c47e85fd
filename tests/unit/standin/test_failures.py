"""The stand-in fails as GPT-SoVITS does: what is wrong before it speaks, and what while it speaks."""

import asyncio
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.standin import FIELDS, Standin, read_all, running_standin

STREAMING = [1, 2, 3]
LONG = "The kitchen light is still on, and your sister will visit us on Sunday afternoon. " * 40


async def open_stream(standin: Standin, session: aiohttp.ClientSession, **fields: Any) -> aiohttp.ClientResponse:
    return await session.post(f"{standin.url}/tts", json={**FIELDS, **fields})


async def broken_stream(standin: Standin, **fields: Any) -> bytes:
    """What arrives of a 200 whose chunked body lacks its end."""
    async with aiohttp.ClientSession() as session, await open_stream(standin, session, **fields) as response:
        assert (response.status, response.content_type) == (200, "audio/wav")
        body, error = await read_all(response)
    assert isinstance(error, aiohttp.ClientPayloadError)
    return body


WRONG = [
    ({"ref_audio_path": "voices/none.wav"}, "voices/none.wav not exists"),
    ({"ref_audio_path": "short.wav"}, "the reference audio is outside 3 to 10 seconds"),
    ({"ref_audio_path": "long.wav"}, "the reference audio is outside 3 to 10 seconds"),
    ({"ref_audio_path": "notes.wav"}, ""),
    ({"aux_ref_audio_paths": ["notes.wav"]}, ""),
    ({"text": "…?!"}, "the text has nothing to say"),
    ({"text": "。", "text_lang": "ko"}, "the text has nothing to say"),
    ({"text_lang": "EN"}, ""),
    ({"prompt_lang": "EN", "prompt_text": "Hello."}, ""),
    ({"batch_size": 0}, "integer modulo by zero"),
]


@pytest.mark.parametrize(("fields", "exception"), WRONG)
async def test_what_is_wrong_before_speaking_is_400_or_no_byte(
    quick: Standin, fields: dict[str, Any], exception: str
) -> None:
    reply = await quick.tts(streaming_mode=0, **fields)
    assert (reply.status, reply.json) == (400, {"message": "tts failed", "Exception": exception})
    for mode in STREAMING:
        assert await broken_stream(quick, streaming_mode=mode, **fields) == b""


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt_lang": "EN"},  # not looked at where no words go with it
        {"aux_ref_audio_paths": ["none.wav", "", None, "short.wav"]},
        {"prompt_text": "Hello.", "prompt_lang": "ko"},
        {"ref_audio_path": "voices/dasom.wav"},
    ],
)
async def test_what_looks_wrong_and_is_not(quick: Standin, fields: dict[str, Any]) -> None:
    assert (await quick.tts(**fields)).body == (await quick.tts()).body


async def test_an_absolute_reference_is_looked_up_on_disk(quick: Standin, references: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.wav"
    assert await broken_stream(quick, ref_audio_path=str(path)) == b""
    path.write_bytes((references / "voices" / "june.wav").read_bytes())
    assert (await quick.tts(ref_audio_path=str(path))).samples.any()


async def test_the_reference_in_use_is_not_looked_at_again(quick: Standin, references: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.wav"
    path.write_bytes((references / "voices" / "june.wav").read_bytes())
    assert (await quick.get("/set_refer_audio", refer_audio_path=str(path))).json == {"message": "success"}
    path.unlink()
    assert (await quick.tts(ref_audio_path=str(path))).samples.any()
    await quick.tts()  # another one
    assert await broken_stream(quick, ref_audio_path=str(path)) == b""


@pytest.mark.parametrize("path", ["", "none.wav", "short.wav", "long.wav", "notes.wav", "voices"])
async def test_a_reference_that_cannot_be_set_is_400(quick: Standin, path: str) -> None:
    reply = await quick.get("/set_refer_audio", refer_audio_path=path)
    assert (reply.status, reply.json["message"]) == (400, "set refer audio failed")
    assert "Exception" in reply.json


@pytest.mark.parametrize("text", ["😊", "  \n", "\n"])
async def test_no_words_are_no_sound_or_a_second_of_zeros(quick: Standin, text: str) -> None:
    for mode in STREAMING:
        reply = await quick.tts(text=text, streaming_mode=mode)
        assert (reply.status, reply.body) == (200, b"")
    reply = await quick.tts(text=text, streaming_mode=0)
    assert (reply.status, reply.rate_hz, len(reply.samples)) == (200, 16000, 16000)
    assert not reply.samples.any()


@pytest.mark.parametrize("fields", [{"top_k": 0}, {"top_k": -1}, {"speed_factor": 0}])
async def test_a_failing_model_is_a_second_of_zeros_at_16_khz(quick: Standin, fields: dict[str, Any]) -> None:
    for mode in STREAMING:
        body = await broken_stream(quick, streaming_mode=mode, **fields)
        assert int.from_bytes(body[24:28], "little") == 16000
        assert body[44:] == bytes(32000)
    reply = await quick.tts(streaming_mode=0, **fields)
    assert (reply.status, reply.rate_hz, len(reply.samples)) == (200, 16000, 16000)
    assert not reply.samples.any()
    assert (await quick.tts()).samples.any()


@pytest.mark.parametrize("mode", [2, 3])
async def test_a_failure_after_sound_keeps_the_rate_of_its_header(quick: Standin, mode: int) -> None:
    good = (await quick.tts(streaming_mode=mode)).body
    body = await broken_stream(quick, streaming_mode=mode, fragment_interval=-1)
    assert body[: len(good)] == good
    assert body[len(good) :] == bytes(32000)


async def test_one_synthesis_at_a_time(quick: Standin) -> None:
    async with aiohttp.ClientSession() as session:
        replies = [await open_stream(quick, session, text=LONG) for _ in range(3)]  # heads come before any work
        bodies = await asyncio.gather(*(reply.read() for reply in replies))
    assert len(set(bodies)) == 1


async def test_streams_of_different_kinds_break_each_other(quick: Standin) -> None:
    async with aiohttp.ClientSession() as session:
        first = await open_stream(quick, session, text=LONG * 20)
        await first.content.readany()
        second = await broken_stream(quick, streaming_mode=1)
        with pytest.raises(aiohttp.ClientPayloadError):
            await first.read()
    assert second[24:28] == (16000).to_bytes(4, "little")
    assert (await quick.tts()).samples.any()


async def test_the_failure_of_one_caller_breaks_anothers_stream(quick: Standin) -> None:
    async with aiohttp.ClientSession() as session:
        first = await open_stream(quick, session, text=LONG * 20)
        await first.content.readany()
        await broken_stream(quick, top_k=0)
        with pytest.raises(aiohttp.ClientPayloadError):
            await first.read()


async def test_without_streaming_the_whole_server_stands_still(quick: Standin) -> None:
    async with aiohttp.ClientSession() as session:
        speaking = asyncio.create_task(quick.tts(text=LONG * 8, streaming_mode=0))
        while not speaking.done():
            await asyncio.sleep(0.02)
            begun = time.monotonic()
            async with session.get(quick.url) as response:
                await response.read()
            waited = time.monotonic() - begun
            if waited > 0.15:
                break
        assert (await speaking).status == 200
    assert waited > 0.15


async def test_a_caller_who_leaves_frees_the_voice(quick: Standin) -> None:
    text = LONG * 100
    lines = len(quick.log)
    async with aiohttp.ClientSession() as session, await open_stream(quick, session, text=text) as response:
        await response.content.readany()
        response.close()
    async with asyncio.timeout(10):
        assert (await quick.tts()).status == 200
    left = next(line for line in quick.log[lines:] if f"spoke {len(text)} characters" in line)
    assert float(left.split("mode 3): ")[1].split(" s in")[0]) < 1000  # of 20,000 s


async def test_the_first_request_in_a_language_is_slow_where_that_is_asked_for(references: Path) -> None:
    async def took(**fields: Any) -> float:
        begun = time.monotonic()
        assert (await cold.tts(**fields)).status == 200
        return time.monotonic() - begun

    with running_standin("--references", str(references), "--cold-s", "1", piper=False) as cold:
        assert await took() > 1
        assert await took() < 1
        assert await took(text_lang="ko", text="안녕하세요.") > 1
        assert await took(text_lang="ko", text="안녕하세요.") < 1
