"""LiveKit's audio as Whisper wants it: mono, 16 kHz, from -1 to 1."""

from typing import Any

import numpy as np
import pytest
from livekit import rtc

from livekit.plugins.whisper.audio import to_samples


def tone(rate: int, *, hz: float = 440.0, seconds: float = 1.0) -> np.ndarray[Any, Any]:
    return (np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate) * 16384).astype(np.int16)


def frame(samples: np.ndarray[Any, Any], rate: int, channels: int = 1) -> rtc.AudioFrame:
    return rtc.AudioFrame(samples.tobytes(), rate, channels, len(samples) // channels)


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 44100, 48000])
def test_any_rate_keeps_length_pitch_and_loudness(rate: int) -> None:
    samples = to_samples(frame(tone(rate), rate))
    assert samples.dtype == np.float32
    assert abs(len(samples) - 16000) <= 160
    middle = samples[2000:14000]
    assert np.abs(np.fft.rfft(middle)).argmax() * 16000 / len(middle) == pytest.approx(440, abs=2)
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.02)


def test_channels_are_mixed() -> None:
    left, right = tone(16000), np.zeros(16000, np.int16)
    samples = to_samples(frame(np.stack([left, right], axis=1).reshape(-1), 16000, 2))
    np.testing.assert_allclose(samples, left / 65536, atol=1e-4)


def test_pieces_are_joined() -> None:
    whole = tone(16000)
    pieces = [frame(whole[at : at + 160], 16000) for at in range(0, len(whole), 160)]
    np.testing.assert_array_equal(to_samples(pieces), to_samples(frame(whole, 16000)))


@pytest.mark.parametrize("rate", [16000, 48000])
def test_nothing_is_nothing(rate: int) -> None:
    assert to_samples([]).shape == (0,)
    assert to_samples(frame(np.zeros(0, np.int16), rate)).shape == (0,)


def test_mixed_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="Sample rate mismatch"):
        to_samples([frame(tone(16000), 16000), frame(tone(48000), 48000)])
