"""LiveKit's audio as Whisper wants it: mono int16 at 16 kHz."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import rtc

from livekit.plugins.whisper.audio import mono, to_samples


def tone(rate: int, *, hz: float = 440.0, seconds: float = 1.0) -> np.ndarray[Any, Any]:
    return (np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate) * 16384).astype(np.int16)


def frame(samples: np.ndarray[Any, Any], rate: int, channels: int = 1) -> rtc.AudioFrame:
    return rtc.AudioFrame(samples.tobytes(), rate, channels, len(samples) // channels)


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 44100, 48000])
def test_any_rate_keeps_length_pitch_and_loudness(rate: int) -> None:
    samples = to_samples(frame(tone(rate), rate))
    assert samples.dtype == np.int16
    assert abs(len(samples) - 16000) <= 160
    middle = samples[2000:14000].astype(np.float64) / 32768
    assert np.abs(np.fft.rfft(middle)).argmax() * 16000 / len(middle) == pytest.approx(440, abs=2)
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.02)


def test_channels_are_mixed() -> None:
    left, right = tone(16000), np.zeros(16000, np.int16)
    samples = to_samples(frame(np.stack([left, right], axis=1).reshape(-1), 16000, 2))
    np.testing.assert_allclose(samples, left / 2, atol=1)


@given(st.lists(st.tuples(*[st.integers(-32_768, 32_767)] * 2), max_size=20))
def test_no_channel_can_be_too_loud_for_the_mix(pairs: list[tuple[int, int]]) -> None:
    both = np.array(pairs, np.int16).reshape(-1)
    mixed = mono(frame(both, 16000, 2))
    assert mixed.dtype == np.int16
    np.testing.assert_allclose(mixed, [(left + right) / 2 for left, right in pairs], atol=1)


def test_one_channel_is_left_alone() -> None:
    whole = tone(16000)
    np.testing.assert_array_equal(mono(frame(whole, 16000)), whole)
    np.testing.assert_array_equal(to_samples(frame(whole, 16000)), whole)


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
