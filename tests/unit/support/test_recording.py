"""What counts as voice, and when it was heard."""

import numpy as np
import pytest

from support.recording import VOICE_RMS, WINDOW_S, Recording, Samples, end_of_speech

RATE = 16000
WINDOW = round(RATE * WINDOW_S)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


def voice(seconds: float, rms: float = 2000) -> Samples:
    time = np.arange(round(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * 200 * time) * rms * np.sqrt(2)).astype(np.int16)


def heard(*parts: Samples, frame: int = WINDOW, start: float = 100.0) -> Recording:
    """The parts in frames of `frame` samples, each arriving when its last sample has been spoken."""
    recording = Recording(RATE)
    samples = np.concatenate(parts)
    for begin in range(0, len(samples), frame):
        piece = samples[begin : begin + frame]
        recording.add(piece, start + (begin + len(piece)) / RATE)
    return recording


def test_silence_and_a_noise_below_the_threshold_are_no_voice() -> None:
    recording = heard(silence(0.5), voice(0.5, rms=VOICE_RMS * 0.8), silence(0.5))
    assert recording.first_voice_after(0) is None
    assert recording.last_voice is None
    assert recording.silent_since(100.2) == 100.2


def test_a_click_is_no_voice() -> None:
    click = np.full(WINDOW // 2, 20000, np.int16)
    assert heard(silence(0.5), click, silence(0.5)).last_voice is None


@pytest.mark.parametrize("frame", [WINDOW, 2 * WINDOW, 5 * WINDOW])
def test_voice_is_dated_by_the_arrival_of_its_first_and_last_windows(frame: int) -> None:
    recording = heard(silence(1.0), voice(0.5), silence(1.0), frame=frame)
    late = frame / RATE
    first, last = recording.first_voice_after(100.0), recording.last_voice
    assert first is not None
    assert last is not None
    assert 101.0 <= first <= 101.0 + late + 1e-6
    assert 101.5 - 1e-6 <= last <= 101.5 + late
    assert recording.silent_since(0) == last


def test_first_voice_after_a_time_skips_what_was_heard_before_it() -> None:
    recording = heard(silence(0.5), voice(0.5), silence(1.0), voice(0.5))
    assert recording.first_voice_after(101.1) == pytest.approx(102.0, abs=2 * WINDOW_S)
    assert recording.first_voice_after(100.7) == pytest.approx(100.7, abs=2 * WINDOW_S), "voice that was there before"
    assert recording.first_voice_after(103.0) is None


def test_silence_begins_with_the_last_voice_or_when_it_is_asked_for() -> None:
    recording = heard(voice(0.5), silence(1.0))
    assert recording.silent_since(0) == pytest.approx(100.5, abs=WINDOW_S)
    assert recording.silent_since(101.0) == 101.0
    speaking = heard(silence(0.5), voice(1.0))
    assert speaking.silent_since(0) == pytest.approx(101.5, abs=WINDOW_S), "while there is voice it is now"


def test_samples_are_those_that_arrived_in_between() -> None:
    recording = heard(voice(0.5, rms=500), voice(0.5, rms=3000))
    part = recording.samples(100.5 + WINDOW_S, 100.9)
    assert len(part) == pytest.approx(0.4 * RATE, abs=2 * WINDOW)
    assert np.sqrt(np.square(part.astype(float)).mean()) == pytest.approx(3000, rel=0.05)
    assert len(recording.samples(200, 300)) == 0


def test_frames_of_any_length_lose_no_sample() -> None:
    samples = np.arange(10 * WINDOW, dtype=np.int16)
    recording = heard(samples, frame=37)
    np.testing.assert_array_equal(recording.samples(0, 1000), samples)
    assert recording.duration_s == pytest.approx(10 * WINDOW_S)


def test_the_end_of_speech_leaves_trailing_silence_out() -> None:
    samples = np.concatenate([silence(0.2), voice(0.5), silence(0.3), voice(0.5), silence(0.8)])
    assert end_of_speech(samples, RATE) == pytest.approx(1.5 * RATE, abs=WINDOW)
    with pytest.raises(ValueError, match="no speech"):
        end_of_speech(silence(1.0), RATE)
