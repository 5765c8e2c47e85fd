"""Where in the audio somebody speaks, by Silero's voice activity model as livekit-agents ships it."""

from dataclasses import dataclass

import numpy as np
from livekit.local_inference import VAD, VAD_WINDOW_SAMPLES

from .protocol import SAMPLE_RATE, Samples

VOICED = 0.5
"""A window at or above this probability is speech: Silero's own threshold. When a speaker stops, it falls
below that in the second or third window (measured on Piper: 0.08 s after the last sample)."""

WINDOW_S = VAD_WINDOW_SAMPLES / SAMPLE_RATE


@dataclass(frozen=True)
class Window:
    """32 ms of a call."""

    end: int
    """Samples from the beginning of the call to its end."""
    probability: float
    """That somebody speaks in it."""

    @property
    def begin(self) -> int:
        return self.end - VAD_WINDOW_SAMPLES

    @property
    def voiced(self) -> bool:
        return self.probability >= VOICED


class VoiceActivity:
    """The model's state of one call. A window takes 0.05 ms."""

    def __init__(self, *, begin: int = 0) -> None:
        """`begin` is the position of the first sample."""
        self._model = VAD()
        self._rest: Samples = np.zeros(0, np.int16)
        self._end = begin

    def push(self, samples: Samples) -> list[Window]:
        """The windows that these samples complete."""
        samples = np.concatenate([self._rest, samples])
        windows = []
        whole = len(samples) // VAD_WINDOW_SAMPLES * VAD_WINDOW_SAMPLES
        for begin in range(0, whole, VAD_WINDOW_SAMPLES):
            self._end += VAD_WINDOW_SAMPLES
            probability = self._model.predict(samples[begin : begin + VAD_WINDOW_SAMPLES])
            windows.append(Window(self._end, probability))
        self._rest = samples[whole:]
        return windows


@dataclass(frozen=True)
class Evidence:
    """How sure it is that somebody spoke in a stretch of audio."""

    voiced_s: float
    """Seconds of voiced windows."""
    probability: float
    """Mean of theirs."""

    @classmethod
    def of(cls, windows: list[Window]) -> "Evidence":
        voiced = [window.probability for window in windows if window.voiced]
        return cls(len(voiced) * WINDOW_S, float(np.mean(voiced)) if voiced else 0.0)
