"""Small sounds beside the agent's speech: heard by the caller, and no speech to the session."""

import asyncio
import math
import time
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice import io

_FRAME_S = 0.05


class Aside(io.AudioOutput):
    """The last link before the sink of a session's audio: on the voice's own track, when the voice is silent.

    What is played here is in no history and no caption, changes no state of the agent's and ends no turn. Speech
    that begins meanwhile cuts it short, or waits for its end.
    """

    def __init__(self, sink: io.AudioOutput) -> None:
        super().__init__(
            label="Aside",
            next_in_chain=sink,
            sample_rate=sink.sample_rate,
            capabilities=io.AudioOutputCapabilities(pause=True),
        )
        self._speaking = False
        self._silent = asyncio.Event()
        self._silent.set()
        self._gives_way = False
        self._heard_at = -math.inf

    @classmethod
    def within(cls, session: AgentSession[Any]) -> Self | None:
        """Puts one right before the sink of `session`'s audio; None where it has no audio.

        To be called before the agent's first words: what is being said is cut off. What else stands in the chain stays
        above it, and takes these sounds for nothing.
        """
        sink, above = session.output.audio, None
        if sink is None:
            return None
        while sink.next_in_chain is not None:
            sink, above = sink.next_in_chain, sink
        aside = cls(sink)
        # A chain may have several places at which a sink is swapped; LiveKit's own way takes the uppermost.
        swap = getattr(above, "set_next_in_chain", session.output.replace_audio_tail)
        swap(aside)
        return aside

    @property
    def playing(self) -> bool:
        return not self._silent.is_set()

    def heard_within(self, seconds: float) -> bool:
        """Whether something is played, or was so short a time ago."""
        return self.playing or time.monotonic() - self._heard_at < seconds

    async def play(self, sound: rtc.AudioFrame, *, gives_way: bool, gain_db: float = 0.0) -> bool:
        """Plays mono `sound` to its end, or until `stop`; False, and nothing is heard, where something else is.

        Speech that begins meanwhile cuts it short if it `gives_way`, else it waits.
        """
        if self._speaking or self.playing or not sound.samples_per_channel:
            return False
        assert self.next_in_chain
        self._gives_way, flushed = gives_way, False
        self._silent.clear()
        try:
            for frame in _pieces(sound, self.sample_rate or sound.sample_rate, gain_db):
                await self.next_in_chain.capture_frame(frame)
            flushed = True
            self.next_in_chain.flush()
            await self._silent.wait()
        finally:
            if self.playing:  # cancelled
                if not flushed:
                    self.next_in_chain.flush()
                self.stop()
        return True

    def stop(self) -> None:
        """Cuts off what is played; nothing where nothing is."""
        if self.playing and self.next_in_chain:
            self.next_in_chain.clear_buffer()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        assert self.next_in_chain
        if self.playing:
            if self._gives_way:
                self.stop()
            await self._silent.wait()
        self._speaking = True
        await super().capture_frame(frame)
        await self.next_in_chain.capture_frame(frame)

    def flush(self) -> None:
        super().flush()
        if self._speaking and self.next_in_chain:
            self.next_in_chain.flush()

    def clear_buffer(self) -> None:
        if self.next_in_chain:
            self.next_in_chain.clear_buffer()

    def on_playback_started(self, *, created_at: float) -> None:
        if not self.playing:
            super().on_playback_started(created_at=created_at)

    def on_playback_progressed(self, *, started_at: float, offset: float, duration: float) -> None:
        if not self.playing:
            super().on_playback_progressed(started_at=started_at, offset=offset, duration=duration)

    def on_playback_finished(
        self, *, playback_position: float, interrupted: bool, synchronized_transcript: str | None = None
    ) -> None:
        if self.playing:
            self._heard_at = time.monotonic()
            self._silent.set()
            return
        self._speaking = False
        super().on_playback_finished(
            playback_position=playback_position,
            interrupted=interrupted,
            synchronized_transcript=synchronized_transcript,
        )


def _pieces(sound: rtc.AudioFrame, rate: int, gain_db: float) -> Sequence[rtc.AudioFrame]:
    samples = np.frombuffer(sound.data, np.int16)
    if sound.sample_rate != rate:
        resampler = rtc.AudioResampler(sound.sample_rate, rate)
        resampled = [*resampler.push(sound), *resampler.flush()]
        samples = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in resampled])
    louder = np.clip(np.round(samples * 10 ** (gain_db / 20)), -32768, 32767).astype(np.int16)
    step = round(rate * _FRAME_S)
    parts = (louder[at : at + step] for at in range(0, len(louder), step))
    return [rtc.AudioFrame(part.tobytes(), rate, 1, len(part)) for part in parts]
