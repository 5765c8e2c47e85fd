"""What the two audio models of others say at each pause: LiveKit's v1-mini and Pipecat's Smart Turn v3.2."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from livekit.agents import inference

from bench.ears.sound import FRAME, RATE
from bench.turns import apart
from bench.turns.silences import frames
from support.recording import Samples

SMART_ASKED_S = 0.2
"""Pipecat's `VAD_STOP_SECS`: it asks its model behind so much silence."""
SMART_BEFORE_S = 0.7
"""It hears from so long before the VAD told the start of speech: `PRE_SPEECH_MS` and `VAD_START_SECS`."""

_LONGEST_S = 8.0


@dataclass(frozen=True)
class Opinion:
    """The probability that the turn is over, and the time that the model took."""

    probability: float
    took_s: float


@asynccontextmanager
async def livekit() -> AsyncIterator["LiveKit"]:
    """v1-mini as a session has it: one stream, which hears everything."""
    stream = inference.TurnDetector(version="v1-mini").stream()
    try:
        yield LiveKit(stream)
    finally:
        await stream.aclose()


class LiveKit:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def opinions(self, samples: Samples, asked: Sequence[int]) -> list[Opinion]:
        """What it says when it has heard the turn up to each of these samples."""
        found = []
        at, waiting = 0, list(asked)
        for frame in frames(samples):
            if not waiting:
                break
            self._stream.push_audio(frame)
            at += FRAME
            if at >= waiting[0]:
                del waiting[0]
                await self._taken()
                event = await self._stream.predict()
                found.append(Opinion(event.end_of_turn_probability, event.inference_duration or 0.0))
        self._stream.flush(reason="turn committed")
        await self._taken()
        return found

    async def _taken(self) -> None:
        """Until it has taken what was pushed, as it has in a call between one frame and the next."""
        while not self._stream._audio_ch.empty():  # noqa: ASYNC110, it has no event for that
            await asyncio.sleep(0)
        await asyncio.sleep(0)


async def smart_turn(pieces: Sequence[Samples]) -> list[Opinion]:
    """What Smart Turn says about each piece of mono int16 at 16 kHz, of which it takes the last 8 s."""
    with TemporaryDirectory(prefix="malbeot-bench-") as folder:
        path = Path(folder) / "pieces.npz"
        np.savez(path, *[piece[-round(_LONGEST_S * RATE) :] for piece in pieces])
        said = json.loads(await apart.run("smart_turn.py", path))
    return [Opinion(**opinion) for opinion in said]
