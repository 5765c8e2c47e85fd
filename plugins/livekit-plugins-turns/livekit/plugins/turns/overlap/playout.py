"""The agent's voice on its way out: it can fall silent at once, and go on from the word at which it did."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

import numpy as np
from livekit import rtc
from livekit.agents import utils
from livekit.agents.voice import io

from ..log import logger
from .dips import back_to_a_word

AHEAD_S = 0.2
"""So much sound is handed on before it is due: as much as LiveKit's room output keeps in its own queue."""

_PIECE_S = 0.05
"""The room output's own frame."""
_REMEMBERED_S = 1.5


class _Run(Enum):
    """The segment of the next output that plays a stretch of ours."""

    NONE = auto()
    OPEN = auto()
    ENDING = auto()
    """Flushed; the next output has not yet told how far it came."""


@dataclass
class _Segment:
    """What is captured between two flushes. Places are in samples of a channel from its beginning."""

    rate: int
    channels: int
    audio: bytearray = field(default_factory=bytearray)
    begin: int = 0
    """The place of the first sample in `audio`."""
    end: int = 0
    sent: int = 0
    """Up to here it was handed on."""
    run_begin: int = 0
    """The place where the current run began, or from where the next one will."""
    run: _Run = _Run.NONE
    started: bool = False
    flushed: bool = False
    cleared: bool = False
    stopped: bool = False
    """Silenced on the way; the next run begins at a word."""

    def piece(self) -> rtc.AudioFrame:
        """The next one to hand on."""
        count = min(round(_PIECE_S * self.rate), self.end - self.sent)
        size = 2 * self.channels
        data = self.audio[(self.sent - self.begin) * size : (self.sent - self.begin + count) * size]
        return rtc.AudioFrame(bytes(data), self.rate, self.channels, count)

    def add(self, frame: rtc.AudioFrame) -> None:
        self.audio += frame.data.cast("B")
        self.end += frame.samples_per_channel

    def forget(self) -> None:
        """Lets go of what no run will begin with any more."""
        old = self.sent - self.begin - round((_REMEMBERED_S + AHEAD_S) * self.rate)
        if old > self.rate:
            del self.audio[: old * 2 * self.channels]
            self.begin += old

    def back_to_a_word(self) -> None:
        """Begins the next run where the word begins at which the last one ended."""
        size = 2 * self.channels
        samples = np.frombuffer(bytes(self.audio[: (self.run_begin - self.begin) * size]), np.int16)
        mono = samples.reshape(-1, self.channels)[:, 0]
        self.run_begin -= back_to_a_word(mono[-round(_REMEMBERED_S * self.rate) :], self.rate)
        self.sent = self.run_begin
        self.stopped = False


class Playout(io.AudioOutput):
    """Put in front of the output that plays.

    It hands sound on just before it is due and remembers the last 1.5 s. `hold` silences the next output by ending its
    segment there, which also tells exactly how much was played; `go_on` plays the rest as a new segment, from the
    beginning of the word it was at. Upwards this remains one segment: it starts once, and positions are those of what
    was captured, with nothing counted twice. LiveKit's `pause` and `resume` do the same.

    Its task lives from the first frame of a segment to the end of the last one; `aclose` ends it before.
    """

    def __init__(self, next_in_chain: io.AudioOutput) -> None:
        super().__init__(
            label="Playout",
            capabilities=io.AudioOutputCapabilities(pause=True),
            next_in_chain=next_in_chain,
            sample_rate=next_in_chain.sample_rate,
        )
        self._segments: deque[_Segment] = deque()
        self._held = False
        self._sending = False
        self._wake = asyncio.Event()
        self._dry_at = 0.0
        self._playing: asyncio.Task[None] | None = None
        self.played_s = 0.0
        """How much was played of the segment that ended last."""
        self.listeners: list[Callable[[rtc.AudioFrame, float], None]] = []
        """Told of every piece that is handed on, and when it will play, in the loop's time."""

    @property
    def audible(self) -> bool:
        """Whether sound goes out, or would if it were not held."""
        return bool(self._segments and self._segments[0].started and not self._segments[0].cleared)

    @property
    def held(self) -> bool:
        return self._held

    @property
    def remaining_s(self) -> float | None:
        """Seconds until everything captured is played; None while more may come, 0 where nothing plays."""
        if not self._segments:
            return 0.0
        last = self._segments[-1]
        if not last.flushed:
            return None
        waiting = sum((segment.end - segment.sent) / segment.rate for segment in self._segments)
        return waiting + max(0.0, self._dry_at - asyncio.get_running_loop().time())

    @property
    def length_s(self) -> float | None:
        """Seconds of the one segment that plays; None where none does, more may come, or another follows."""
        if len(self._segments) != 1 or not self._segments[0].flushed:
            return None
        return self._segments[0].end / self._segments[0].rate

    def hold(self) -> None:
        """Falls silent at once."""
        self._held = True
        self._wake.set()
        if self._segments and not self._sending:
            self._end_run(self._segments[0])

    def go_on(self) -> float:
        """Plays on, from the beginning of the word it was at. Returns how many seconds are said twice."""
        self._held = False
        self._wake.set()
        segment = self._segments[0] if self._segments else None
        if segment is None or segment.cleared or segment.run is not _Run.NONE or not segment.stopped:
            return 0.0
        heard = segment.run_begin
        segment.back_to_a_word()
        return (heard - segment.run_begin) / segment.rate

    def pause(self) -> None:
        self.hold()

    def resume(self) -> None:
        if self._held:
            self.go_on()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._segments or self._segments[-1].flushed:
            self._segments.append(_Segment(frame.sample_rate, frame.num_channels))
        if not self._segments[-1].cleared:
            self._segments[-1].add(frame)
        self._wake.set()
        if self._playing is None or self._playing.done():
            self._playing = asyncio.create_task(self._play(), name="turns.playout")

    def flush(self) -> None:
        super().flush()
        if self._segments:
            self._segments[-1].flushed = True
            self._wake.set()

    def clear_buffer(self) -> None:
        for segment in self._segments:
            segment.cleared = True
        if self._segments and not self._sending:
            self._end_run(self._segments[0])
        self._wake.set()

    def on_playback_started(self, *, created_at: float) -> None:
        if self._segments and not self._segments[0].started:
            self._segments[0].started = True
            super().on_playback_started(created_at=created_at)

    def on_playback_progressed(self, *, started_at: float, offset: float, duration: float) -> None:
        if self._segments:
            offset += self._segments[0].run_begin / self._segments[0].rate
        super().on_playback_progressed(started_at=started_at, offset=offset, duration=duration)

    def on_playback_finished(
        self, *, playback_position: float, interrupted: bool, synchronized_transcript: str | None = None
    ) -> None:
        """The next output has ended a run, by itself or because it was told to."""
        if not self._segments:
            return
        segment = self._segments[0]
        segment.run = _Run.NONE
        segment.run_begin = min(segment.run_begin + round(playback_position * segment.rate), segment.sent)
        if interrupted and not segment.stopped:
            segment.cleared = True  # by somebody else: the output was taken away
        self._wake.set()

    async def aclose(self) -> None:
        """Plays no more. What was captured and not played is forgotten, and told to be interrupted."""
        if self._playing:
            await utils.aio.cancel_and_wait(self._playing)
        if self._segments:
            segment = self._segments[0]
            waiting_s = max(0.0, self._dry_at - asyncio.get_running_loop().time())
            place = max(segment.run_begin, segment.sent - round(waiting_s * segment.rate))
            self.clear_buffer()
            segment.run_begin = place
        while self._segments:
            self._finished(self._segments.popleft(), interrupted=True)

    def _finished(self, segment: _Segment, *, interrupted: bool) -> None:
        self.played_s = segment.run_begin / segment.rate
        super().on_playback_finished(playback_position=self.played_s, interrupted=interrupted)

    async def _play(self) -> None:
        """Hands sound on until every segment has ended."""
        while self._segments:
            if not await self._advance(self._segments[0]):
                await self._wake.wait()
                self._wake.clear()

    async def _advance(self, segment: _Segment) -> bool:
        """One step. Returns False where there is nothing to do until something happens."""
        if segment.run is _Run.NONE and segment.flushed and (segment.cleared or segment.run_begin == segment.end):
            self._segments.popleft()
            self._finished(segment, interrupted=segment.cleared)
            return True
        if self._held or segment.cleared or segment.run is _Run.ENDING:
            return False
        if segment.stopped:
            segment.back_to_a_word()
        if segment.sent == segment.end:
            if segment.flushed and segment.run is _Run.OPEN:
                segment.run = _Run.ENDING
                self._next.flush()
            return False
        piece = segment.piece()
        if not await self._due(piece.duration):
            return True
        await self._send(segment, piece)
        return True

    async def _due(self, duration_s: float) -> bool:
        """Waits until a piece may be handed on. False where something happened meanwhile."""
        early_s = self._dry_at + duration_s - AHEAD_S - asyncio.get_running_loop().time()
        if early_s <= 0:
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(early_s):
                await self._wake.wait()
        if not self._wake.is_set():
            return True
        self._wake.clear()
        return False

    async def _send(self, segment: _Segment, piece: rtc.AudioFrame) -> None:
        if segment.run is _Run.NONE:
            segment.run = _Run.OPEN
            self._dry_at = 0.0
        # How far it came is counted before, as the next output may report its end while it takes the frame.
        segment.sent += piece.samples_per_channel
        self._sending = True
        try:
            await self._next.capture_frame(piece)
        except Exception as error:
            # Whoever waits for the end of this segment would wait for ever.
            logger.error("the output takes no sound: %s", type(error).__name__)
            segment.cleared, segment.run = True, _Run.NONE
            return
        finally:
            self._sending = False
        begins_at = max(self._dry_at, asyncio.get_running_loop().time())
        self._dry_at = begins_at + piece.duration
        for tell in self.listeners:
            tell(piece, begins_at)
        segment.forget()
        if self._held or segment.cleared:
            self._end_run(segment)

    def _end_run(self, segment: _Segment) -> None:
        if segment.run is _Run.NONE:
            return
        segment.stopped = True
        if segment.run is _Run.OPEN:
            segment.run = _Run.ENDING
            self._next.flush()
        self._next.clear_buffer()
        self._dry_at = 0.0

    @property
    def _next(self) -> io.AudioOutput:
        assert self.next_in_chain is not None
        return self.next_in_chain
