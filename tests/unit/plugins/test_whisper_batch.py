"""A recording of any length is cut into pieces that hold all speech and that the engine takes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livekit.plugins.whisper import batch
from livekit.plugins.whisper.batch import Piece, pieces
from livekit.plugins.whisper.protocol import MAX_AUDIO_S, SAMPLE_RATE, Samples
from livekit.plugins.whisper.voice import Evidence, Window

WINDOW = 512
LONGEST_S = 24.7
AROUND = round(0.3 * SAMPLE_RATE)


class Scripted:
    """A voice activity model that takes a window for speech as far as its first sample is loud."""

    def push(self, samples: Samples) -> list[Window]:
        assert len(samples) % WINDOW == 0
        loud = samples[::WINDOW].astype(np.float64) / 32_767
        return [Window((n + 1) * WINDOW, float(probability)) for n, probability in enumerate(loud)]


@pytest.fixture(autouse=True, scope="module")
def scripted_voice() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "VoiceActivity", Scripted)
        yield


def recording(*runs: tuple[float, float], rest: int = 0) -> Samples:
    """Seconds at a probability of speech each, and so many samples more."""
    loud = np.concatenate([np.full(round(s * SAMPLE_RATE / WINDOW), share) for s, share in runs] or [np.zeros(0)])
    samples = np.repeat((loud * 32_767).astype(np.int16), WINDOW)
    return np.concatenate([samples, np.full(rest, samples[-1] if len(samples) else 0, np.int16)])


def voiced_windows(samples: Samples) -> list[Window]:
    padded = np.concatenate([samples, np.zeros(-len(samples) % WINDOW, np.int16)])
    return [window for window in Scripted().push(padded) if window.voiced]


def end(piece: Piece) -> int:
    return piece.begin + len(piece.samples)


@pytest.mark.parametrize("samples", [recording(), recording((0.5, 0.0)), recording((60, 0.3)), recording(rest=100)])
def test_silence_has_no_pieces(samples: Samples) -> None:
    assert pieces(samples) == []


def test_a_sentence_is_one_piece_with_a_little_silence_around() -> None:
    samples = recording((2, 0.1), (3, 0.9), (2, 0.1))
    (piece,) = pieces(samples)
    first, *_, last = voiced_windows(samples)
    assert (piece.begin, end(piece)) == (first.begin - AROUND, last.end + AROUND)
    assert piece.speech_end_s == pytest.approx((last.end - piece.begin) / SAMPLE_RATE)
    assert piece.evidence.voiced_s == pytest.approx(3.0, abs=0.05)
    assert piece.evidence.probability == pytest.approx(0.9, abs=0.01)


def test_speech_to_the_edges_of_a_recording() -> None:
    samples = recording((2, 0.9), rest=100)
    (piece,) = pieces(samples)
    assert (piece.begin, end(piece)) == (0, len(samples))


def test_a_cut_lies_in_the_quietest_place_of_the_second_half() -> None:
    samples = recording((15, 0.9), (0.4, 0.1), (4, 0.9), (0.4, 0.2), (10, 0.9))
    first, second = pieces(samples)
    assert first.speech_end_s == pytest.approx(15, abs=0.05)
    assert 15.0 <= second.begin / SAMPLE_RATE <= 15.41


def test_a_cut_lies_in_a_pause_and_not_in_a_stop_within_a_word() -> None:
    samples = recording((13, 0.9), (0.05, 0.0), (4, 0.9), (0.5, 0.1), (4, 0.9), (0.05, 0.0), (10, 0.9))
    first, second = pieces(samples)
    assert first.speech_end_s == pytest.approx(17.05, abs=0.05)
    assert 17.05 <= second.begin / SAMPLE_RATE <= 17.6


def test_speech_without_a_pause_is_cut_where_it_is_quietest() -> None:
    samples = recording((14, 0.9), (0.2, 0.6), (20, 0.9))
    first, second = pieces(samples)
    assert second.begin / SAMPLE_RATE == pytest.approx(14.1, abs=0.15)
    assert len(first.samples) == second.begin - first.begin


def test_a_long_silence_is_left_out() -> None:
    samples = recording((3, 0.9), (60, 0.0), (3, 0.9))
    found = pieces(samples)
    assert sum(len(piece.samples) for piece in found) <= 8 * SAMPLE_RATE


runs = st.tuples(st.floats(0.05, 40), st.sampled_from([0.0, 0.2, 0.45, 0.55, 0.8, 0.99]))


@settings(max_examples=40, deadline=None)
@given(st.lists(runs, max_size=8), st.integers(0, WINDOW - 1))
def test_the_pieces_hold_all_speech_and_the_engine_takes_them(script: list[tuple[float, float]], rest: int) -> None:
    samples = recording(*script, rest=rest)
    found = pieces(samples)
    for piece in found:
        assert 0 < len(piece.samples) <= LONGEST_S * SAMPLE_RATE <= MAX_AUDIO_S * SAMPLE_RATE
        assert np.array_equal(piece.samples, samples[piece.begin : end(piece)])
        assert 0 < piece.speech_end_s <= LONGEST_S
        assert piece.evidence.voiced_s > 0
    spoken = voiced_windows(samples)
    for window in spoken:
        assert any(piece.begin <= window.begin and min(window.end, len(samples)) <= end(piece) for piece in found)
    assert sum(piece.evidence.voiced_s for piece in found) == pytest.approx(Evidence.of(spoken).voiced_s)


@settings(max_examples=40, deadline=None)
@given(st.lists(runs, max_size=8))
def test_nothing_is_in_two_pieces(script: list[tuple[float, float]]) -> None:
    assert all(end(earlier) <= later.begin for earlier, later in pairwise(pieces(recording(*script))))
