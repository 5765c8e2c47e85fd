"""A reply spoken through a TTS's `stream()`, and what a listener has of it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from livekit.agents import APIError, tts

from bench.voice.sound import RATE, SILENCE_PEAK, Samples

TOKENS_A_SECOND = (20, 60)
"""A small language model on a processor, and one on a card."""
_KEY = round(0.02 * RATE)


@dataclass(frozen=True)
class Piece:
    """A frame, when it came (monotonic clock)."""

    at: float
    samples: Samples

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE


@dataclass
class Heard:
    """One reply."""

    began_at: float
    """When its first token was given."""
    pieces: list[Piece] = field(default_factory=list)
    failure: str = ""

    @property
    def first_s(self) -> float | None:
        """From the first token to the first frame."""
        return self.pieces[0].at - self.began_at if self.pieces else None

    @property
    def first_sound_s(self) -> float | None:
        """From the first token until a player plays the first sample that is no silence; None if none had come."""
        played = Played(self.pieces)
        loud = _loud(played.samples)
        return played.time_of(int(loud[0])) - self.began_at if len(loud) else None


class Played:
    """What a player makes of it that begins with the first frame and never waits for a reserve."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.samples: Samples = np.concatenate([np.zeros(0, np.int16), *(piece.samples for piece in pieces)])
        self.underruns: list[tuple[int, float]] = []
        """Moments with nothing to play: the sample that then came, and seconds."""
        self._starts: list[tuple[int, float]] = []
        end, at = 0.0, 0
        for piece in pieces:
            if end and piece.at > end:
                self.underruns.append((at, piece.at - end))
            start = max(end, piece.at)
            self._starts.append((at, start))
            end, at = start + piece.duration_s, at + len(piece.samples)

    def time_of(self, index: int) -> float:
        """When the sample is played."""
        at, start = self._starts[int(np.searchsorted([at for at, _ in self._starts], index, "right")) - 1]
        return start + (index - at) / RATE

    def silences_s(self, renderings: Sequence[Samples]) -> list[float | None]:
        """From the last sound of each rendering to the first of the next, underruns included.

        `renderings` are the server's own, in order, silence around them or not. None where one is not found.
        """
        spans = self.spans(renderings)
        found: list[float | None] = []
        for before, after in pairwise(spans):
            known = before is not None and after is not None
            found.append(self.time_of(after[0]) - self.time_of(before[1]) if known else None)
        return found

    def missing_s(self, renderings: Sequence[Samples]) -> float:
        """Moments with nothing to play within the renderings, in all: stumbling, where a silence between is a pause."""
        spans = [span for span in self.spans(renderings) if span]
        return sum(seconds for at, seconds in self.underruns if any(begin < at <= end for begin, end in spans))

    def spans(self, renderings: Sequence[Samples]) -> list[tuple[int, int] | None]:
        """The first and last sounding sample of each rendering; None where it does not begin, or end, in order."""
        sound, spans, at = self.samples.tobytes(), [], 0
        for rendering in renderings:
            loud = _loud(rendering)
            speech = rendering[loud[0] : loud[-1] + 1]
            begin = _find(sound, speech[:_KEY].tobytes(), at)
            end = _find(sound, speech[-_KEY:].tobytes(), max(begin, at))
            known = begin >= 0 and end >= 0
            spans.append((begin // 2, end // 2 + min(_KEY, len(speech)) - 1) if known else None)
            at = end if known else at
        return spans


@dataclass
class LoopWatch:
    """The longest that the event loop did not turn."""

    worked_s: float = 0.0
    """CPU time of the loop's own thread, whatever else the machine does."""
    late_s: float = 0.0
    """By the clock, so that other processes' work counts too."""

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch(), name="loop watch")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        tick_s = 0.005
        while True:
            worked, at = time.thread_time(), time.monotonic()
            await asyncio.sleep(tick_s)
            self.worked_s = max(self.worked_s, time.thread_time() - worked)
            self.late_s = max(self.late_s, time.monotonic() - at - tick_s)


async def speak(
    voice: tts.TTS[Any], tokens: Sequence[str], *, tokens_a_second: float | None = None, first_only: bool = False
) -> Heard:
    """Gives the tokens at their pace, or all at once, and takes the sound; `first_only` leaves when there is some."""
    async with voice.stream() as stream:
        heard = Heard(time.monotonic())
        writing = asyncio.create_task(write(stream, tokens, tokens_a_second), name="language model")
        try:
            async for audio in stream:
                heard.pieces.append(Piece(time.monotonic(), np.frombuffer(bytes(audio.frame.data), np.int16)))
                if first_only and len(_loud(heard.pieces[-1].samples)):
                    break
        except APIError as error:
            heard.failure = str(error)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
    return heard


async def write(stream: tts.SynthesizeStream, tokens: Sequence[str], tokens_a_second: float | None) -> None:
    """A language model."""
    began = time.monotonic()
    for number, token in enumerate(tokens):
        if tokens_a_second:
            await asyncio.sleep(max(0.0, began + number / tokens_a_second - time.monotonic()))
        stream.push_text(token)
    stream.end_input()


def _loud(samples: Samples) -> np.ndarray[Any, np.dtype[np.intp]]:
    return np.flatnonzero((samples >= SILENCE_PEAK) | (samples <= -SILENCE_PEAK))


def _find(sound: bytes, key: bytes, start: int) -> int:
    """The first even place; -1 where there is none."""
    while (start := sound.find(key, start)) % 2 and start >= 0:
        start += 1
    return start
