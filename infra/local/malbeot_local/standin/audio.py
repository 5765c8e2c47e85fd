"""Samples and bytes: one output rate, the WAV header, silence."""

import io
import wave

import numpy as np
import numpy.typing as npt
import soxr  # type: ignore[import-untyped]

OUTPUT_RATE = 32000
"""Hz. What GPT-SoVITS v1, v2 and v2Pro give. The engines' own 22050 Hz would be honest in a WAV header, but `raw` has
none, and a client may rightly hold a rate that no GPT-SoVITS model has for a failure."""

FAILURE_RATE = 16000
"""Hz. GPT-SoVITS answers what it could not speak with one second of zeros at this rate."""

Samples = npt.NDArray[np.int16]
Waveform = npt.NDArray[np.float32]


def to_output(waveform: Waveform, rate: int) -> Samples:
    """Mono float samples in [-1, 1] at `rate` Hz as int16 at OUTPUT_RATE."""
    if rate != OUTPUT_RATE:
        waveform = soxr.resample(waveform, rate, OUTPUT_RATE)
    return (np.clip(waveform, -1.0, 1.0) * 32767).astype(np.int16)


def silence(duration_s: float, rate: int = OUTPUT_RATE) -> Samples:
    return np.zeros(max(0, int(duration_s * rate)), dtype=np.int16)


def wav(samples: Samples, rate: int = OUTPUT_RATE) -> bytes:
    """A complete WAV file, mono int16. Of no samples: the 44-byte header with data size 0 that opens a stream."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


STREAM_HEADER = wav(silence(0))
