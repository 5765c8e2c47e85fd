"""The faint noise of a room under audio that has none."""

import numpy as np
import numpy.typing as npt
from livekit import rtc

LEVEL_DBFS = -60.0
_LOOP_S = 2.0
_LOWEST_HZ = 20.0


class Room:
    """Lays pink noise of -60 dBFS over audio, for a model that has learnt from rooms.

    Senders that suppress noise give digital silence in pauses, and LiveKit's v1-mini takes that for a speaker who goes
    on: eight whole questions in Piper's voice get a median of 0.56 from it in digital silence, 0.82 with this noise and
    0.82 in a room of -55 dBFS, where this one more makes no difference.
    """

    def __init__(self) -> None:
        self._noise: npt.NDArray[np.int16] = np.zeros(0, np.int16)
        self._rate = self._at = 0

    def under(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        """A copy of `frame`, of whatever rate and number of channels, with the noise."""
        if frame.sample_rate != self._rate:
            self._rate, self._noise = frame.sample_rate, _pink(frame.sample_rate)
        wanted = self._at + np.arange(frame.samples_per_channel)
        noise = np.repeat(self._noise.take(wanted, mode="wrap"), frame.num_channels)
        self._at = int(wanted[-1] + 1) % len(self._noise) if len(wanted) else self._at
        samples = np.clip(np.frombuffer(frame.data, np.int16).astype(np.int32) + noise, -32768, 32767)
        return rtc.AudioFrame(
            samples.astype(np.int16).tobytes(), frame.sample_rate, frame.num_channels, frame.samples_per_channel
        )


def _pink(rate: int) -> npt.NDArray[np.int16]:
    """A loop of noise whose power falls with frequency."""
    size = round(_LOOP_S * rate)
    hz = np.fft.rfftfreq(size, 1 / rate)
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(size)) / np.sqrt(np.maximum(hz, _LOWEST_HZ))
    noise = np.fft.irfft(spectrum, size)
    scaled = noise / np.sqrt(np.mean(noise**2)) * 32768 * 10 ** (LEVEL_DBFS / 20)
    return np.asarray(np.round(scaled), np.int16)
