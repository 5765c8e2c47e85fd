"""LiveKit's audio as Whisper wants it."""

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents.utils import AudioBuffer

SAMPLE_RATE = 16_000
"""Hz of Whisper's input."""

Samples = npt.NDArray[np.float32]
"""Mono samples at `SAMPLE_RATE`, shape (n,), from -1 to 1."""


def to_samples(buffer: AudioBuffer) -> Samples:
    """Joins the frames, mixes their channels into one and resamples.

    Raises:
        ValueError: the frames differ in rate or number of channels.
    """
    if isinstance(buffer, list) and not buffer:
        return np.zeros(0, np.float32)
    frame = rtc.combine_audio_frames(buffer)
    mono = np.frombuffer(frame.data, np.int16)
    if frame.num_channels > 1:
        mono = mono.reshape(-1, frame.num_channels).mean(axis=1).astype(np.int16)
    if frame.sample_rate != SAMPLE_RATE:
        mono = _resampled(mono, frame.sample_rate)
    return mono.astype(np.float32) / np.float32(32768)


def _resampled(mono: npt.NDArray[np.int16], rate: int) -> npt.NDArray[np.int16]:
    if not len(mono):
        return mono
    resampler = rtc.AudioResampler(rate, SAMPLE_RATE, quality=rtc.AudioResamplerQuality.HIGH)
    frame = rtc.AudioFrame(data=mono.tobytes(), sample_rate=rate, num_channels=1, samples_per_channel=len(mono))
    pieces = [*resampler.push(frame), *resampler.flush()]
    return np.concatenate([np.frombuffer(piece.data, np.int16) for piece in pieces] or [mono[:0]])
