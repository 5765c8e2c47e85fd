"""Samples and bytes: resampling, the WAV header, silence, and where a stream is cut into pieces."""

import io
import wave
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import soxr  # type: ignore[import-untyped]

OUTPUT_RATE_HZ = 32000
"""What `say` writes: the rate of GPT-SoVITS v1, v2 and v2Pro. The engines' own 22050 Hz would be honest in a WAV
header, but `raw` has none, and a client may rightly hold a rate that no GPT-SoVITS model has for a failure."""

FAILURE_RATE_HZ = 16000
"""GPT-SoVITS answers what it could not speak with one second of zeros at this rate."""

TOKEN_S = 0.04
"""Sound in one semantic token, of which GPT-SoVITS makes 25 a second."""

Samples = npt.NDArray[np.int16]
Waveform = npt.NDArray[np.float32]


def to_samples(waveform: Waveform, source_hz: int, rate_hz: int) -> Samples:
    """Mono float samples in [-1, 1] at `source_hz` as int16 at `rate_hz`."""
    if source_hz != rate_hz:
        waveform = soxr.resample(waveform, source_hz, rate_hz)
    return (np.clip(waveform, -1.0, 1.0) * 32767).astype(np.int16)


def silence(duration_s: float, rate_hz: int) -> Samples:
    """Raises ValueError or OverflowError for what is no length."""
    return np.zeros(int(duration_s * rate_hz), dtype=np.int16)


def joined(pieces: Iterable[Samples]) -> Samples:
    return np.concatenate([np.zeros(0, dtype=np.int16), *pieces])


def wav(samples: Samples, rate_hz: int) -> bytes:
    """A complete WAV file, mono int16. Of no samples: the 44-byte header with data size 0 that opens a stream."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def stream_pieces(sound: Samples, *, token: float, first: int, least: int, at_pauses: bool) -> Iterator[Samples]:
    """One sentence as a stream gives it. `token` is samples in a token; `first` and `least` count tokens.

    After the first piece all have `least` tokens (mode 3), or are cut at the quietest token of as many that follow
    (`at_pauses`, mode 2). The last has what is left.
    """
    step = max(1, round(token))
    start, tokens = 0, first
    while len(sound) - start > tokens * step:
        end = start + tokens * step
        if at_pauses:
            ahead = sound[end : end + least * step]
            whole = len(ahead) // step * step
            if whole:
                loudness = np.abs(ahead[:whole].astype(np.int32)).reshape(-1, step).sum(axis=1)
                end += (int(loudness.argmin()) + 1) * step
        yield sound[start:end]
        start, tokens = end, least
    if start < len(sound):
        yield sound[start:]
