"""The memory that one long reply takes: `python -m bench.voice.job --url URL --characters N --client NAME`.

In a process of its own whose event loop has a clock CLOCK times as fast as the wall's: a reply of 10,000 characters is
spoken for eleven minutes. Everything here that waits does so by the loop, the player too. Prints JSON.
"""

import argparse
import asyncio
import gc
import json
import selectors
import tracemalloc
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp
import psutil
from livekit.agents import APIConnectOptions, tts

from bench.voice.clients import CLIENTS, OURS, ours, plain
from bench.voice.plain import adapted
from bench.voice.replies import long_reply

CLOCK = 40.0
_MB = 10**6
_TOKENS_A_SECOND = 60
_PATIENCE_S = 200.0
"""By the fast clock: the servers have the wall's."""


@dataclass
class Player:
    """Plays frames at their pace and keeps those that wait."""

    waiting: deque[tuple[float, Any]] = field(default_factory=deque)
    """When each ends, and itself."""
    ends_at: float = 0.0
    heard_s: float = 0.0
    most_waiting_s: float = 0.0

    def take(self, frame: Any) -> None:
        now = asyncio.get_running_loop().time()
        while self.waiting and self.waiting[0][0] <= now:
            self.waiting.popleft()
        self.ends_at = max(self.ends_at, now) + frame.duration
        self.heard_s += frame.duration
        self.waiting.append((self.ends_at, frame))
        self.most_waiting_s = max(self.most_waiting_s, self.ends_at - now)


@dataclass(frozen=True)
class Told:
    """Of one reply. Memory in MB (10^6 bytes), beyond what there was before it."""

    characters: int
    heard_s: float
    most_waiting_s: float
    """Sound that had come and was not played yet."""
    traced_mb: float
    """Python's allocations at their peak, frames that wait with them."""
    rss_mb: float
    """Resident set size at its peak."""


class FastLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(_FastSelector())

    def time(self) -> float:
        return super().time() * CLOCK


class _FastSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> Any:
        return super().select(None if timeout is None else timeout / CLOCK)


async def main(url: str, characters: int, client: str) -> Told:
    async with aiohttp.ClientSession() as session:
        voice = (
            ours(url, "en", session, first_byte_s=_PATIENCE_S) if client == OURS else adapted(plain(url, "en", session))
        )
        await _hear(voice, long_reply(300).tokens)  # what is loaded and allocated once
        reply = long_reply(characters)
        tokens = reply.tokens
        gc.collect()
        process = psutil.Process()
        before, tracemalloc_before = process.memory_info().rss, _traced()
        tracemalloc.reset_peak()
        player, rss = await _hear(voice, tokens)
        traced = tracemalloc.get_traced_memory()[1] - tracemalloc_before
        await voice.aclose()
    return Told(len(reply.text), player.heard_s, player.most_waiting_s, traced / _MB, (rss - before) / _MB)


async def _hear(voice: tts.TTS[Any], tokens: list[str]) -> tuple[Player, int]:
    """The player, and the resident set size at its peak in bytes."""
    player, rss, process = Player(), 0, psutil.Process()
    async with voice.stream(conn_options=APIConnectOptions(max_retry=0, timeout=_PATIENCE_S)) as stream:
        began = asyncio.get_running_loop().time()

        async def model() -> None:
            for number, token in enumerate(tokens):
                await asyncio.sleep(began + number / _TOKENS_A_SECOND - asyncio.get_running_loop().time())
                stream.push_text(token)
            stream.end_input()

        writing = asyncio.create_task(model(), name="language model")
        try:
            async for audio in stream:
                player.take(audio.frame)
                rss = max(rss, process.memory_info().rss)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
    return player, rss


def _traced() -> int:
    return tracemalloc.get_traced_memory()[0]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.voice.job", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--characters", type=int, required=True)
    parser.add_argument("--client", choices=CLIENTS, required=True)
    chosen = parser.parse_args()
    tracemalloc.start()
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        print(json.dumps(asdict(runner.run(main(chosen.url, chosen.characters, chosen.client)))))
