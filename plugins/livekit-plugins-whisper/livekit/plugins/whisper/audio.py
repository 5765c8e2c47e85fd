"""LiveKit's audio as Whisper wants it."""

import numpy as np
from livekit import rtc
from livekit.agents.utils import AudioBuffer

from .protocol import SAMPLE_RATE, Samples


def mono(frame: rtc.AudioFrame) -> Samples:
    """A frame's samples, its channels mixed into one."""
    samples: Samples = np.frombuffer(frame.data, np.int16)
    if frame.num_channels > 1:
        samples = samples.reshape(-1, frame.num_channels).mean(axis=1).astype(np.int16)
    return samples


def downmixed(frame: rtc.AudioFrame) -> rtc.AudioFrame:
    """The frame with one channel."""
    if frame.num_channels == 1:
        return frame
    return rtc.AudioFrame(mono(frame).tobytes(), frame.sample_rate, 1, frame.samples_per_channel)


def to_samples(buffer: AudioBuffer) -> Samples:
    """Joins the frames, mixes their channels into one and resamples.

    Raises:
        ValueError: the frames differ in rate or number of channels.
    """
    if isinstance(buffer, list) and not buffer:
        return np.zeros(0, np.int16)
    frame = rtc.combine_audio_frames(buffer)
    return _resampled(mono(frame), frame.sample_rate)


def _resampled(samples: Samples, rate: int) -> Samples:
    if not len(samples) or rate == SAMPLE_RATE:
        return samples
    resampler = rtc.AudioResampler(rate, SAMPLE_RATE, quality=rtc.AudioResamplerQuality.HIGH)
    frame = rtc.AudioFrame(data=samples.tobytes(), sample_rate=rate, num_channels=1, samples_per_channel=len(samples))
    pieces = [*resampler.push(frame), *resampler.flush()]
    return np.concatenate([np.frombuffer(piece.data, np.int16) for piece in pieces] or [samples[:0]])
