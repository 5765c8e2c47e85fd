"""A voice server that speaks at a set pace and notes when what happened: `python -m bench.voice.paced`.

Its pace is the beginning of the path, as `Pace.path` writes it, and every such path is a replica of its own.
It sends as GPT-SoVITS does in streaming mode 3: the head at once, then pieces as they would be made, then
`fragment_interval` seconds of zeros, which take no time. `GET …/exchanges` gives the replica's `Exchange`s as JSON.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp
import numpy as np

from bench.voice.sound import RATE, sound
from support import voice_server

_FIRST_PIECE_S, _PIECE_S = 0.56, 0.64  # 14 and 16 semantic tokens: streaming mode 3 with its defaults


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How a replica speaks."""

    name: str = ""
    """Tells replicas of one pace apart."""
    real_time_factor: float = 0.3
    """Seconds of work for a second of speech."""
    first_s: float = 0.05
    """Work before the first piece is begun."""
    stalls_after: int = -1
    """Requests answered before it takes them and says nothing. -1 answers all."""

    @property
    def path(self) -> str:
        return f"{self.name};{self.real_time_factor};{self.first_s};{self.stalls_after}"

    @classmethod
    def from_path(cls, path: str) -> "Pace":
        name, factor, first, stalls = path.strip("/").split("/")[0].split(";")
        return cls(name=name, real_time_factor=float(factor), first_s=float(first), stalls_after=int(stalls))


@dataclass
class Exchange:
    """One request. Times are of the monotonic clock, which all processes of a machine share; 0 for never."""

    text: str
    asked_at: float
    first_at: float = 0.0
    """Just before the first sample was written."""
    left_at: float = 0.0
    """When the client was seen to have closed the connection before the reply's end."""
    ended_at: float = 0.0


@dataclass
class PacedServer:
    """One that runs."""

    process: asyncio.subprocess.Process
    url: str

    def replica(self, pace: Pace) -> str:
        """The replica's URL."""
        return f"{self.url}/{pace.path}"

    def kill(self) -> None:
        """As a machine that fails would, without a farewell."""
        self.process.kill()


async def exchanges(replica: str) -> list[Exchange]:
    """What was asked of the replica so far, in order."""
    async with aiohttp.ClientSession() as session, session.get(f"{replica}/exchanges") as response:
        return [Exchange(**fields) for fields in await response.json(content_type=None)]


@contextlib.asynccontextmanager
async def paced_server() -> AsyncIterator[PacedServer]:
    """A process of its own, for the length of the context."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.voice.paced", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        assert url, "the paced voice server did not start"
        yield PacedServer(process, url)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def serve() -> None:
    """Serves until its process is ended."""
    told: dict[str, list[Exchange]] = {}

    async def script(request: voice_server.Exchange) -> None:
        path, _, route = request.path.strip("/").partition("/")
        known = told.setdefault(path, [])
        if route == "exchanges":
            body = json.dumps([asdict(exchange) for exchange in known]).encode()
            await request.reply(body, content_type="application/json")
            return
        pace, exchange = Pace.from_path(path), Exchange(request.fields["text"], time.monotonic())
        known.append(exchange)
        gone = asyncio.create_task(_gone(request))
        try:
            await _speak(request, pace, exchange, gone, stalls=0 <= pace.stalls_after < len(known))
        finally:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            now = time.monotonic()
            if not exchange.ended_at:
                exchange.left_at = gone.result() if gone.done() and not gone.cancelled() else now

    async with voice_server.voice_server(script) as server:
        print(server.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)  # its end is the benchmark's, however that ended


async def _gone(request: voice_server.Exchange) -> float:
    """When the client has closed the connection."""
    with contextlib.suppress(ConnectionError):
        await request.gone()
    return time.monotonic()


async def _speak(
    request: voice_server.Exchange, pace: Pace, exchange: Exchange, gone: asyncio.Task[float], *, stalls: bool
) -> None:
    """The reply; shorter where the client leaves."""
    await request.head()
    if stalls:
        await gone
        return
    samples = sound(exchange.text)
    if request.fields.get("media_type") != "raw":
        await request.chunk(voice_server.stream_header(RATE))
    at = 0
    while at < len(samples):
        end = at + round((_PIECE_S if at else _FIRST_PIECE_S) * RATE)
        work_s = pace.first_s + pace.real_time_factor * min(end, len(samples)) / RATE
        if await _left(gone, exchange.asked_at + work_s):
            return
        exchange.first_at = exchange.first_at or time.monotonic()
        await request.chunk(samples[at:end].tobytes())
        at = end
    await request.chunk(_interval(request.fields))
    exchange.ended_at = time.monotonic()
    await request.chunk(b"")


def _interval(fields: dict[str, Any]) -> bytes:
    return np.zeros(round(fields.get("fragment_interval", 0.3) * RATE), np.int16).tobytes()


async def _left(gone: asyncio.Task[float], until: float) -> bool:
    """Waits; True as soon as the client has left."""
    await asyncio.wait({gone}, timeout=max(0.0, until - time.monotonic()))
    return gone.done()


if __name__ == "__main__":
    asyncio.run(serve())
