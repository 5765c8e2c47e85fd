"""Voice servers that do as a test says, and pools of the voice plugin that share a folder."""

import contextlib
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp

from livekit.plugins.gpt_sovits import Voice
from livekit.plugins.gpt_sovits.lease import Lease, Record
from livekit.plugins.gpt_sovits.pool import Pool
from livekit.plugins.gpt_sovits.replica import Replica
from support.voice_server import Exchange, Script, VoiceServer, stream_header, tone, voice_server

RATE = 32000
TEXT = "The kitchen light is on."
SOUND = tone(1.2, RATE)[1:].tobytes()
"""Longer than TEXT takes at the least, and no zero at its ends."""
VOICE = Voice(ref_audio_path="june.wav", prompt_lang="en", text_lang="en")
A = replace(VOICE, gpt_weights="voices/a.ckpt", sovits_weights="voices/a.pth")
B = replace(VOICE, gpt_weights="voices/b.ckpt", sovits_weights="voices/b.pth")


async def speak(exchange: Exchange) -> None:
    if exchange.path.startswith("/set_"):
        await exchange.reply(b'{"message":"success"}', content_type="application/json")
    else:
        await exchange.reply(stream_header(RATE), SOUND[:9001], SOUND[9001:])


@dataclass
class House:
    """Servers, and pools that share a folder."""

    folder: Path
    session: aiohttp.ClientSession
    stack: contextlib.AsyncExitStack
    servers: list[VoiceServer] = field(default_factory=list)

    async def serve(self, *scripts: Script) -> list[str]:
        """Their URLs."""
        for script in scripts:
            self.servers.append(await self.stack.enter_async_context(voice_server(script)))
        return self.urls

    @property
    def urls(self) -> list[str]:
        return [server.url for server in self.servers]

    def pool(self, urls: list[str] | None = None, **options: Any) -> Pool:
        return Pool(urls or self.urls, http=lambda: self.session, state_dir=self.folder, **options)

    def know(self, url: str, record: Record) -> None:
        """As if a process had used the replica and left `record`."""
        lease = Lease.take(Replica(url, self.folder).lock)
        assert lease is not None
        lease.note(record)
        lease.release()

    def known(self, url: str) -> Record:
        return Replica(url, self.folder).look()

    def asked(self) -> list[int]:
        """How many texts each server was given."""
        return [sum(path == "/tts" for path in server.paths) for server in self.servers]

    def switches(self) -> list[list[str]]:
        return [[unquote(path) for path in server.paths if path.startswith("/set_")] for server in self.servers]


async def hear(pool: Pool, text: str = TEXT, voice: Voice = VOICE, *, timeout_s: float = 5.0) -> bytes:
    async with pool.speak(text, voice, timeout_s=timeout_s) as reply:
        return b"".join([piece async for piece in reply.pieces()])


def nobody() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def answer(*pieces: bytes, **how: str) -> Script:
    return lambda exchange: exchange.reply(*pieces, **how)


async def no_answer(exchange: Exchange) -> None:
    pass


async def broken_chunk(exchange: Exchange) -> None:
    await exchange.head()
