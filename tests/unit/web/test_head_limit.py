"""Connections whose request does not come are closed; those that wait for an answer are not."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from livekit.agents import utils

from malbeot.web import head_limit
from malbeot.web.head_limit import HurriedProtocol

WITHIN_S = 0.4
REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


async def slow(scope: Any, receive: Any, send: Any) -> None:
    """Answers later than a head may take."""
    await asyncio.sleep(2 * WITHIN_S)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(head_limit, "HEAD_WITHIN_S", WITHIN_S)
    options = uvicorn.Config(
        slow, port=0, http=HurriedProtocol, ws="none", lifespan="off", log_config=None, timeout_keep_alive=60
    )
    server = uvicorn.Server(options)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield listener.getsockname()[1]  # whoever connects before it is up is served then
        server.should_exit = True
        await serving


async def ends_after_s(reader: asyncio.StreamReader) -> float:
    began = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(1), 10) == b""
    return time.monotonic() - began


@pytest.mark.parametrize("sent", [b"", REQUEST[:-2]], ids=["nothing", "half a head"])
async def test_who_sends_no_head_is_cut_off(port: int, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    assert await ends_after_s(reader) >= 0.8 * WITHIN_S
    writer.close()


async def test_who_sends_a_head_by_and_by_is_cut_off(port: int) -> None:
    async def drip() -> None:
        for byte in REQUEST:
            writer.write(bytes([byte]))
            await asyncio.sleep(WITHIN_S / 5)

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    dripping = asyncio.create_task(drip())
    assert 0.8 * WITHIN_S <= await ends_after_s(reader) < len(REQUEST) * WITHIN_S / 5
    await utils.aio.cancel_and_wait(dripping)
    writer.close()


async def test_who_waits_for_an_answer_gets_it_and_may_ask_again_and_is_cut_off_in_half_a_head(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(REQUEST)
        assert b"200 OK" in await reader.readuntil(b"ok")
        await asyncio.sleep(1.5 * WITHIN_S)  # idle, as connections that are kept may be
    writer.write(REQUEST[:9])
    assert await ends_after_s(reader) >= 0.8 * WITHIN_S
    writer.close()
