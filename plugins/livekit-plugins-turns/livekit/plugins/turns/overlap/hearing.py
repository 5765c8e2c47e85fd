"""The caller's sound as it is judged: at one rate, and against their usual level."""

import math

import numpy as np
from livekit import rtc

from .dips import Samples

RATE = 16000
"""Hz."""
_USUAL_SHARE, _PAUSE_DB = 0.05, 15.0
"""How the usual level follows that of a frame, a second or so behind; pauses leave it alone."""


class At16k:
    """Makes frames of one rate, whichever, mono samples at `RATE`."""

    def __init__(self) -> None:
        self._resampler: rtc.AudioResampler | None = None

    def samples(self, frame: rtc.AudioFrame) -> Samples:
        mono = np.frombuffer(frame.data, np.int16).reshape(-1, frame.num_channels)[:, 0]
        if frame.sample_rate == RATE:
            return mono
        if self._resampler is None:
            self._resampler = rtc.AudioResampler(frame.sample_rate, RATE, quality=rtc.AudioResamplerQuality.QUICK)
        got = self._resampler.push(rtc.AudioFrame(mono.tobytes(), frame.sample_rate, 1, len(mono)))
        return np.concatenate([np.frombuffer(piece.data, np.int16) for piece in got] or [np.zeros(0, np.int16)])


class UsualLevel:
    """How loud the caller is when they speak by themselves."""

    def __init__(self) -> None:
        self.db: float | None = None
        """Of full scale; None while they were not heard."""

    def learn(self, samples: Samples) -> None:
        """`samples` are of their own turn."""
        heard_db = level_db(samples)
        usual_db = heard_db if self.db is None else self.db
        if heard_db > usual_db - _PAUSE_DB:
            power = (1 - _USUAL_SHARE) * 10 ** (usual_db / 10) + _USUAL_SHARE * 10 ** (heard_db / 10)
            self.db = 10 * math.log10(power)


def level_db(samples: Samples) -> float:
    power = float(np.square(samples.astype(np.float64) / 32768).mean()) if len(samples) else 0.0
    return 10 * math.log10(max(power, 10**-9.6))
