"""A voice server on a loopback port that answers as the test says, byte by byte: for what a good server never does."""

import asyncio
import io
import json
import re
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Samples = np.ndarray[Any, np.dtype[np.int16]]
Send = Callable[[bytes], Awaitable[None]]
Script = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Exchange:
    """One request and the way to answer it. The connection closes when the script returns."""

    fields: dict[str, Any]
    """The request's JSON body; {} without one."""
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    path: str = "/tts"
    """As it came, with its query."""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status: str = "200 OK", content_type: str = "audio/wav") -> None:
        """A chunked reply's head."""
        fields = [f"Content-Type: {content_type}", "Transfer-Encoding: chunked", "Connection: close"]
        await self.send("\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode())

    async def chunk(self, data: bytes) -> None:
        """One piece of the body; an empty one is its proper end."""
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def reply(self, *pieces: bytes, status: str = "200 OK", content_type: str = "audio/wav") -> None:
        """A whole chunked reply, with a turn of the loop between the pieces so that they arrive apart."""
        await self.head(status, content_type)
        for piece in pieces:
            await self.chunk(piece)
            await asyncio.sleep(0.002)
        await self.chunk(b"")

    async def gone(self) -> None:
        """Returns when the client has closed the connection."""
        await self.reader.read()


@dataclass
class VoiceServer:
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """The JSON bodies of the requests so far."""
    paths: list[str] = field(default_factory=list)
    """Their paths, with queries."""


@asynccontextmanager
async def voice_server(script: Script) -> AsyncIterator[VoiceServer]:
    """Serves `script` for every request (one a connection) until the context ends."""
    state = VoiceServer()
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(maxsplit=2)[1]
            length = re.search(r"content-length: (\d+)", head.lower())
            fields = json.loads(await reader.readexactly(int(length[1]))) if length else {}
            state.requests.append(fields)
            state.paths.append(path)
            await script(Exchange(fields, reader, writer, path))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left: what some scripts are about
        finally:
            serving.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    state.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        server.close()
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await server.wait_closed()


def tone(duration_s: float, rate: int) -> Samples:
    """A sine of 440 Hz, half of full scale."""
    return (np.sin(2 * np.pi * 440 * np.arange(int(duration_s * rate)) / rate) * 16000).astype(np.int16)


def stream_header(rate: int) -> bytes:
    """The 44 bytes that open GPT-SoVITS' stream: a WAV header whose data size is 0."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"")
    return buffer.getvalue()
