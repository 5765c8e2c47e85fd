"""Audio gets the noise of a room before a model judges it."""

import numpy as np
import pytest
from livekit import rtc

from livekit.plugins.turns.ending.room import LEVEL_DBFS, Room


def frame(samples: np.ndarray, *, rate: int, channels: int = 1) -> rtc.AudioFrame:
    return rtc.AudioFrame(samples.astype(np.int16).tobytes(), rate, channels, len(samples) // channels)


@pytest.mark.parametrize("rate", [16000, 24000, 48000])
def test_digital_silence_becomes_a_rooms(rate: int) -> None:
    room = Room()
    quiet = [room.under(frame(np.zeros(rate // 50), rate=rate)) for _ in range(150)]
    heard = np.concatenate([np.frombuffer(piece.data, np.int16) for piece in quiet]).astype(float)
    assert {(piece.sample_rate, piece.samples_per_channel) for piece in quiet} == {(rate, rate // 50)}
    assert 20 * np.log10(np.sqrt(np.mean(heard**2)) / 32768) == pytest.approx(LEVEL_DBFS, abs=1.0)


def test_speech_stays_what_it_is_and_the_frame_too() -> None:
    loud = np.repeat([32767, -32768], 160)
    before = frame(loud, rate=16000, channels=2)
    after = Room().under(before)
    assert np.array_equal(np.frombuffer(before.data, np.int16), loud)
    changed = np.frombuffer(after.data, np.int16).astype(int) - loud
    assert after.num_channels == 2
    assert 0 < np.abs(changed).max() < 200


def test_an_empty_frame_stays_empty() -> None:
    assert Room().under(frame(np.zeros(0), rate=16000)).samples_per_channel == 0
