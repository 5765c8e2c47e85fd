"""Faults on demand: each does what its name says, to as many requests as were asked for, and then is over."""

import asyncio
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import pytest

from support.standin import FIELDS, Standin, read_all, running_standin

TEXT = "The kitchen light is still on, and your sister will visit us on Sunday afternoon."
AFTER = 20001
"""Bytes: odd, within the first piece."""


async def spoilt(standin: Standin, *, timeout_s: float = 5, **fields: Any) -> tuple[bytes, Exception | None]:
    body = {**FIELDS, "text": TEXT, **fields}
    timeout = aiohttp.ClientTimeout(sock_read=timeout_s)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(f"{standin.url}/tts", json=body) as response,
    ):
        assert (response.status, response.content_type) == (200, "audio/wav")
        return await read_all(response)


@pytest.mark.parametrize("mode", [0, 3])
async def test_what_ends_a_reply_ends_it_after_so_many_bytes(quick: Standin, mode: int) -> None:
    good = (await quick.tts(text=TEXT, streaming_mode=mode)).body
    errors: dict[str, type[Exception] | None] = {
        "stall": aiohttp.SocketTimeoutError,
        "reset": aiohttp.ClientPayloadError,
        "break": aiohttp.ClientPayloadError,
        "end": None,
    }
    for fault, expected in errors.items():
        await quick.plan(fault, after_bytes=AFTER)
        body, error = await spoilt(quick, streaming_mode=mode, timeout_s=1 if fault == "stall" else 5)
        assert body == good[:AFTER], fault
        assert isinstance(error, expected) if expected else error is None, (fault, error)
    assert (await spoilt(quick, streaming_mode=mode)) == (good, None)


async def test_a_reset_is_a_reset(quick: Standin) -> None:
    await quick.plan("reset", after_bytes=AFTER)
    address = urlsplit(quick.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    query = urlencode({**FIELDS, "text": TEXT})
    writer.write(f"GET /tts?{query} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_nothing_after_the_head_or_not_even_that(quick: Standin) -> None:
    await quick.plan("stall")
    body, error = await spoilt(quick, timeout_s=0.3)
    assert body == b""
    assert isinstance(error, TimeoutError)
    await quick.plan("hang")
    with pytest.raises(TimeoutError):
        await spoilt(quick, timeout_s=0.3)
    assert (await quick.tts()).status == 200


async def test_a_stall_may_be_over_after_a_while(quick: Standin) -> None:
    good = (await quick.tts(text=TEXT)).body
    await quick.plan("stall", after_bytes=AFTER, seconds=0.5)
    begun = time.monotonic()
    assert await spoilt(quick) == (good, None)
    assert time.monotonic() - begun > 0.5


async def test_garbled_and_shifted_bytes(quick: Standin) -> None:
    good = (await quick.tts(text=TEXT)).body
    await quick.plan("garble", after_bytes=AFTER)
    body, error = await spoilt(quick)
    assert error is None
    assert len(body) == len(good)
    assert body[:AFTER] == good[:AFTER]
    assert sum(a == b for a, b in zip(body[AFTER:], good[AFTER:], strict=True)) < 0.1 * len(good)
    for mode in (0, 3):
        good = (await quick.tts(text=TEXT, streaming_mode=mode)).body
        await quick.plan("shift", after_bytes=AFTER)
        assert await spoilt(quick, streaming_mode=mode) == (good[:AFTER] + b"\0" + good[AFTER:], None)


@pytest.mark.parametrize("media_type", ["wav", "raw"])
async def test_slow_is_as_slow_as_its_factor(quick: Standin, media_type: str) -> None:
    await quick.plan("slow", real_time_factor=0.3)
    begun = time.monotonic()
    reply = await quick.tts(text=TEXT, media_type=media_type)
    took_s, duration_s = time.monotonic() - begun, len(reply.body) / 64000
    assert 0.3 * duration_s < took_s < 0.3 * duration_s + 5


@pytest.mark.parametrize("mode", [0, 3])
@pytest.mark.parametrize(
    ("status", "content_type"),
    [(400, "application/json"), (422, "application/json"), (500, "text/plain; charset=utf-8")],
)
async def test_a_refusal(quick: Standin, mode: int, status: int, content_type: str) -> None:
    await quick.plan("refuse", status=status)
    reply = await quick.tts(streaming_mode=mode)
    assert (reply.status, reply.headers["Content-Type"]) == (status, content_type)


async def test_a_web_page_in_place_of_sound(quick: Standin) -> None:
    await quick.plan("html")
    reply = await quick.tts()
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"<title>" in reply.body


async def test_zeros_come_after_sound_at_its_rate_or_first_at_16_khz(quick: Standin) -> None:
    good = (await quick.tts(text=TEXT)).body
    await quick.plan("zeros", after_bytes=20000)
    body, error = await spoilt(quick)
    assert body == good[:20000] + bytes(32000)
    assert isinstance(error, aiohttp.ClientPayloadError)
    await quick.plan("zeros")
    body, error = await spoilt(quick)
    assert (body[24:28], body[44:]) == ((16000).to_bytes(4, "little"), bytes(32000))
    assert isinstance(error, aiohttp.ClientPayloadError)
    await quick.plan("zeros")
    reply = await quick.tts(streaming_mode=0)
    assert (reply.status, reply.rate_hz, reply.samples.any()) == (200, 16000, False)


async def test_faults_meet_requests_in_their_order(quick: Standin) -> None:
    await quick.plan("refuse", requests=2)
    await quick.plan("none")
    await quick.plan("html", requests=None)
    seen = [await quick.tts() for _ in range(6)]
    kinds = [reply.headers["Content-Type"].split("/")[1].split(";")[0] for reply in seen]
    assert kinds == ["json", "json", "wav", "html", "html", "html"]
    await quick.forget_faults()
    assert (await quick.tts()).samples.any()


@pytest.mark.parametrize("plan", [{"fault": "sing"}, {"fault": "end", "after": 5}, {"fault": "end", "requests": 0}, {}])
async def test_an_unknown_fault_is_422(quick: Standin, plan: dict[str, Any]) -> None:
    url = f"{quick.url}/stand-in/faults"
    async with aiohttp.ClientSession() as session, session.post(url, json=plan) as response:
        assert response.status == 422


async def test_the_process_dies_within_a_sentence(references: Path) -> None:
    with running_standin("--references", str(references), "--faults", piper=False) as mortal:
        good = (await mortal.tts(text=TEXT)).body
        await mortal.plan("die", after_bytes=AFTER)
        body, error = await spoilt(mortal)
        assert body == good[:AFTER]
        assert error
        assert await asyncio.to_thread(mortal.process.wait, 5) == 1


async def test_without_the_option_there_is_no_such_route(references: Path) -> None:
    with running_standin("--references", str(references), piper=False) as plain:
        url = f"{plain.url}/stand-in/faults"
        async with aiohttp.ClientSession() as session, session.post(url, json={"fault": "die"}) as response:
            assert response.status == 404
