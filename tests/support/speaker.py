"""An audio output that plays in real time into memory, as LiveKit's room output does into a room."""

import asyncio
import time

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents.voice import io


class Speaker(io.AudioOutput):
    """Keeps the contract: a segment ends when it was flushed and is played or cleared, and tells how far it came."""

    def __init__(self, rate: int = 16000) -> None:
        super().__init__(
            label="Speaker", capabilities=io.AudioOutputCapabilities(pause=True), next_in_chain=None, sample_rate=rate
        )
        self.played: list[npt.NDArray[np.int16]] = []
        """What was heard, segment by segment."""
        self.most_ahead_s = 0.0
        self.cleared_at: list[float] = []
        self.frames = 0
        self._queue = np.zeros(0, np.int16)
        self._from: float | None = None
        self._done = 0
        self._cleared = asyncio.Event()
        self._ending: asyncio.Task[None] | None = None

    @property
    def heard(self) -> npt.NDArray[np.int16]:
        """All of it."""
        return np.concatenate([*self.played, np.zeros(0, np.int16)])

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        assert self._ending is None, "sound came while a segment was ending"
        await super().capture_frame(frame)
        now = time.monotonic()
        if self._from is None:
            self._from = now
            self.on_playback_started(created_at=time.time())
        elif self._place(now) >= len(self._queue):
            self._from, self._done = now, len(self._queue)  # it ran dry
        self.frames += 1
        self._queue = np.concatenate([self._queue, np.frombuffer(frame.data, np.int16)])
        self.most_ahead_s = max(self.most_ahead_s, (len(self._queue) - self._place(now)) / self._rate)

    def flush(self) -> None:
        super().flush()
        if self._from is not None:
            assert self._ending is None, "a segment was flushed twice"
            self._ending = asyncio.create_task(self._end())

    def clear_buffer(self) -> None:
        if self._from is not None:
            self.cleared_at.append(time.monotonic())
            self._cleared.set()

    @property
    def _rate(self) -> int:
        assert self.sample_rate
        return self.sample_rate

    def _place(self, now: float) -> int:
        assert self._from is not None
        return min(self._done + int((now - self._from) * self._rate), len(self._queue))

    async def _end(self) -> None:
        left_s = (len(self._queue) - self._place(time.monotonic())) / self._rate
        try:
            async with asyncio.timeout(left_s):
                await self._cleared.wait()
        except TimeoutError:
            place, interrupted = len(self._queue), False
        else:
            place, interrupted = self._place(self.cleared_at[-1]), True
        self.played.append(self._queue[:place])
        self._queue, self._from, self._done, self._ending = np.zeros(0, np.int16), None, 0, None
        self._cleared.clear()
        self.on_playback_finished(playback_position=place / self._rate, interrupted=interrupted)
