"""WAV files in place of a microphone and of speakers."""

import asyncio
import os
import time
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents import io

from malbeot.errors import MalbeotError

_FRAME_S = 0.02


@dataclass(frozen=True)
class Recording:
    """A WAV file's sound: `samples` is int16 of shape (n,), `rate` in samples a second."""

    path: Path
    samples: npt.NDArray[np.int16]
    rate: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate


def require_writable(path: Path) -> None:
    """Before models are loaded for nothing. Raises `MalbeotError`."""
    if path.is_dir():
        why = "it is a folder"
    elif not path.absolute().parent.is_dir():
        why = "its folder does not exist"
    elif not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        why = "it is not yours to write"
    else:
        return
    raise MalbeotError(f"cannot write {path}: {why}; give another file with --out", exit_code=2)


def read(path: Path) -> Recording:
    """A WAV file of 16 bits, its channels mixed down. Raises `MalbeotError`."""
    try:
        with wave.open(str(path)) as file:
            if file.getsampwidth() != 2:
                raise MalbeotError(f"{path} has {8 * file.getsampwidth()} bits a sample: save it with 16", exit_code=2)
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
            mixed = samples.reshape(-1, file.getnchannels()).mean(axis=1).astype(np.int16)
            return Recording(path, mixed, file.getframerate())
    except (OSError, EOFError, wave.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error) or "it is cut short"
        raise MalbeotError(f"cannot read {path} as a WAV file: {why}", exit_code=2) from None


class WavInput(io.AudioInput):
    """Silence, and then what `speak` is given, at the pace of real speech, 20 ms a frame."""

    def __init__(self, rate: int) -> None:
        super().__init__(label="WAV file")
        self._rate = rate
        self._pending = np.zeros(0, np.int16)
        self._frames = self._pace()
        self.spoken = asyncio.Event()
        """Set once all of it has been said."""

    def speak(self, samples: np.ndarray) -> None:
        self._pending = samples
        self.spoken.clear()

    async def __anext__(self) -> rtc.AudioFrame:
        return await anext(self._frames)

    async def _pace(self) -> AsyncIterator[rtc.AudioFrame]:
        step = int(self._rate * _FRAME_S)
        due = time.monotonic()
        while True:
            part, self._pending = self._pending[:step], self._pending[step:]
            part = np.pad(part, (0, step - len(part)))
            yield rtc.AudioFrame(part.tobytes(), self._rate, 1, step)
            if not len(self._pending):
                self.spoken.set()
            due += _FRAME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))


class WavOutput(io.AudioOutput):
    """Collects what is spoken. Nobody listens, so a segment has been played as soon as it is complete."""

    def __init__(self) -> None:
        super().__init__(label="WAV file", capabilities=io.AudioOutputCapabilities(pause=False))
        self._parts: list[rtc.AudioFrame] = []
        self._segment_s = 0.0

    @property
    def duration_s(self) -> float:
        return sum(frame.duration for frame in self._parts)

    def forget(self) -> None:
        self._parts.clear()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._segment_s:
            self.on_playback_started(created_at=time.time())
        self._segment_s += frame.duration
        self._parts.append(frame)

    def flush(self) -> None:
        super().flush()
        self._finish(interrupted=False)

    def clear_buffer(self) -> None:
        self._finish(interrupted=True)

    def _finish(self, *, interrupted: bool) -> None:
        if self._segment_s:
            self.on_playback_finished(playback_position=self._segment_s, interrupted=interrupted)
            self._segment_s = 0.0

    def write(self, path: Path) -> None:
        """Writes what was heard. Raises `MalbeotError`."""
        if not self._parts:
            raise MalbeotError(
                "the companion answered without a sound: is the voice server running? see `malbeot doctor`"
            )
        try:
            path.write_bytes(rtc.combine_audio_frames(self._parts).to_wav_bytes())
        except OSError as error:
            raise MalbeotError(f"cannot write {path}: {error.strerror}") from None
