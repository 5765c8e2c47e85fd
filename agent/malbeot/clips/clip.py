"""A piece of speech that is there already."""

import wave
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from livekit import rtc

_FRAME_S = 0.1


@dataclass(frozen=True)
class Clip:
    """Mono speech: `samples` is int16 of shape (n,), `rate` in samples a second."""

    samples: npt.NDArray[np.int16]
    rate: int

    @classmethod
    def of(cls, frames: Iterable[rtc.AudioFrame]) -> Self:
        """One clip of mono frames at one rate. Raises `ValueError` where there are none."""
        frames = list(frames)
        if not frames:
            raise ValueError("no frames")
        return cls(np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames]), frames[0].sample_rate)

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a WAV file. Raises `OSError`, `EOFError`, `wave.Error` or `ValueError`."""
        with wave.open(str(path)) as file:
            return cls(np.frombuffer(file.readframes(file.getnframes()), np.int16), file.getframerate())

    def write(self, path: Path) -> None:
        """As a WAV file."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes(self.samples.tobytes())

    def frames(self) -> Iterator[rtc.AudioFrame]:
        """The clip as LiveKit takes it, a tenth of a second a frame."""
        step = int(self.rate * _FRAME_S)
        for start in range(0, len(self.samples), step):
            part = self.samples[start : start + step]
            yield rtc.AudioFrame(part.tobytes(), self.rate, 1, len(part))


def chime() -> Clip:
    """Two soft falling notes of 0.35 s: what is left to hear when nothing can speak."""
    rate, length_s = 24000, 0.35
    time = np.arange(int(rate * length_s)) / rate
    notes = [np.sin(2 * np.pi * pitch * time) * np.exp(-6 * time) for pitch in (660.0, 523.25)]
    return Clip((np.concatenate(notes) * 8000).astype(np.int16), rate)
