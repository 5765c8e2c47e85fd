"""What the recogniser's benchmark computes from an utterance's events, and the samples it is computed on."""

import numpy as np
import pytest
from livekit.agents.stt import SpeechEventType

from bench.ears.call import Event, Turn
from bench.ears.figures import (
    by_character,
    first_words_s,
    flicker,
    gaps_s,
    preflight,
    ratio,
    share,
    transcripts,
    word_errors,
)
from bench.ears.sound import LEAD_S, RATE, TAIL_S, Utterance, joined, loudness, sound, trimmed
from support.recording import Samples

START, INTERIM = SpeechEventType.START_OF_SPEECH, SpeechEventType.INTERIM_TRANSCRIPT
PREFLIGHT, FINAL = SpeechEventType.PREFLIGHT_TRANSCRIPT, SpeechEventType.FINAL_TRANSCRIPT


def events(*said: tuple[float, SpeechEventType, str]) -> list[Event]:
    return [Event(100 + at, type_, text) for at, type_, text in said]


def turn(*said: tuple[float, SpeechEventType, str]) -> Turn:
    """Speech from 0 to 3 s, flushed at 3.2 s."""
    return Turn(began_at=100, ended_at=103, flushed_at=103.2, events=events(*said))


# Word flicker


def test_words_that_stay_do_not_flicker() -> None:
    said = events((1, START, ""), (1, INTERIM, "Open"), (2, PREFLIGHT, "open the"), (3, FINAL, "Open the door."))
    assert flicker(said) == (0, 2)


def test_a_word_changes_vanishes_or_is_changed_by_the_final() -> None:
    assert flicker(events((1, INTERIM, "open a"), (2, INTERIM, "open the"))) == (1, 3)
    assert flicker(events((1, INTERIM, "open the door"), (2, INTERIM, "open"))) == (2, 3)
    assert flicker(events((1, INTERIM, "open a door"), (2, FINAL, "open the door"))) == (1, 3)
    assert flicker(events((1, INTERIM, "thank you"), (2, FINAL, ""))) == (2, 2)


def test_a_word_that_goes_and_comes_back_has_changed_twice() -> None:
    assert flicker(events((1, INTERIM, "a"), (2, INTERIM, "the"), (3, INTERIM, "a"), (4, FINAL, "a"))) == (2, 2)


def test_a_word_put_in_changes_all_behind_it() -> None:
    assert flicker(events((1, INTERIM, "open door"), (2, FINAL, "open the door"))) == (1, 2)
    assert flicker(events((1, INTERIM, "the door please"), (2, FINAL, "open the door please"))) == (3, 3)


def test_what_is_final_stays_and_what_follows_has_places_behind_it() -> None:
    said = events((1, INTERIM, "yes"), (2, FINAL, "Yes."), (3, INTERIM, "I do"), (4, FINAL, "I did."))
    assert flicker(said) == (1, 3)


def test_without_interim_words_nothing_can_flicker() -> None:
    assert flicker(events((1, START, ""), (2, FINAL, "Yes."))) == (0, 0)


# First words and gaps


def test_the_first_words_may_be_of_any_kind_but_not_empty() -> None:
    assert first_words_s(turn((0.2, START, ""), (0.4, INTERIM, ""), (0.9, INTERIM, "a"))) == pytest.approx(0.9)
    assert first_words_s(turn((3.3, FINAL, "a"))) == pytest.approx(3.3)
    assert first_words_s(turn((0.2, START, ""), (3.3, FINAL, ""))) is None
    assert transcripts(events((1, START, ""), (2, FINAL, ""))) == []


def test_gaps_run_from_the_first_words_to_the_last_speech_sample() -> None:
    said = turn((0.5, INTERIM, "a"), (1.0, INTERIM, "a b"), (2.0, PREFLIGHT, "a b c"), (3.3, FINAL, "a b c"))
    assert gaps_s(said, []) == pytest.approx([0.5, 1.0, 1.0])


def test_pauses_are_no_gaps() -> None:
    said = turn((0.5, INTERIM, "a"), (1.0, INTERIM, "a b"), (2.0, INTERIM, "a b c"))
    assert gaps_s(said, [(0.8, 1.2), (2.5, 2.9)]) == pytest.approx([0.3, 0.8, 0.6])


def test_events_at_once_count_as_one() -> None:
    said = turn((0.5, INTERIM, "a"), (0.51, PREFLIGHT, "a"), (2.0, INTERIM, "a b"))
    assert gaps_s(said, []) == pytest.approx([1.5, 1.0])


def test_without_words_during_speech_there_are_no_gaps() -> None:
    assert gaps_s(turn((3.1, PREFLIGHT, "a"), (3.3, FINAL, "a")), []) == []


# Preflight


def test_a_preflight_counts_after_the_end_and_in_time() -> None:
    assert preflight(turn((3.25, PREFLIGHT, "Yes"), (3.3, FINAL, "Yes."))) == (0.25, True)
    assert preflight(turn((3.25, PREFLIGHT, "Yes"), (3.3, FINAL, "Guess."))) == (0.25, False)
    assert preflight(turn((2.9, PREFLIGHT, "Yes"), (3.3, FINAL, "Yes."))) is None
    assert preflight(turn((3.4, PREFLIGHT, "Yes"), (3.5, FINAL, "Yes."))) is None
    assert preflight(turn((3.3, FINAL, "Yes."), (3.31, PREFLIGHT, "Yes"))) is None


def test_the_last_preflight_counts_with_what_was_final_before_it() -> None:
    said = turn((1, FINAL, "Yes,"), (3.1, PREFLIGHT, "I didn't"), (3.25, PREFLIGHT, "I did"), (3.3, FINAL, "I did."))
    assert preflight(said) == (0.25, True)


# The answer to a flush


def test_the_answer_is_the_final_with_words_after_the_flush() -> None:
    assert turn((3.25, FINAL, ""), (3.3, FINAL, "Yes.")).answered_at == pytest.approx(103.3)
    assert turn((3.1, FINAL, "Yes."), (3.25, FINAL, "")).answered_at == pytest.approx(103.25)
    assert turn((3.1, FINAL, "Yes.")).answered_at is None
    assert turn((3.1, FINAL, "Yes,"), (3.3, FINAL, "please.")).text == "Yes, please."


# Accuracy


def test_word_errors_are_counted_over_all_pairs() -> None:
    assert word_errors([("One, two.", "one two"), ("Three four", "three")]) == pytest.approx(25)
    assert word_errors([("a b", "")]) == pytest.approx(100)
    assert word_errors([]) is None
    assert by_character("조금만 생각.") == "조 금 만 생 각"


def test_shares_and_ratios_of_nothing_are_not_known() -> None:
    assert share([True, False, True, True]) == 0.75
    assert share([]) is None
    assert ratio(1.0, 4.0) == 0.25
    assert ratio(1.0, 0.0) is None
    assert ratio(None, 4.0) is None


# Samples


def voice(seconds: float, rms: float = 3000) -> Samples:
    at = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(np.sin(2 * np.pi * 200 * at) * rms * np.sqrt(2)).astype(np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


def test_an_utterance_is_cut_to_its_speech() -> None:
    assert len(trimmed(np.concatenate([silence(0.3), voice(1.0), silence(0.5)]))) == RATE
    assert len(trimmed(np.concatenate([voice(1.0), voice(0.5, rms=120)]))) == RATE, "a recording's own noise"
    with pytest.raises(ValueError, match="no speech"):
        trimmed(silence(1.0))


def test_only_long_pauses_are_pauses() -> None:
    samples = np.concatenate([joined([voice(0.5), voice(0.5)], 0.2), joined([silence(0), voice(0.5)], 0.4)])
    assert Utterance("", "", "en", samples).pauses == [pytest.approx((1.2, 1.6))]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("snr_db", [20.0, 10.0])
def test_noise_lies_over_everything_at_its_level(seed: int, snr_db: float) -> None:
    utterance = Utterance("", "", "en", joined([voice(1.0), voice(1.0)], 0.5))
    clean, noisy = sound(utterance), sound(utterance, snr_db=snr_db, seed=seed)
    assert (clean.first, clean.end) == (round(LEAD_S * RATE), round((LEAD_S + 2.5) * RATE))
    assert len(noisy.samples) == round((LEAD_S + 2.5 + TAIL_S) * RATE)
    assert not clean.samples[: clean.first].any()
    lead = noisy.samples[noisy.end :].astype(np.float64)
    level = float(np.sqrt(np.square(lead).mean()))
    assert 20 * np.log10(loudness(utterance.samples) / level) == pytest.approx(snr_db, abs=1)
    np.testing.assert_array_equal(noisy.samples, sound(utterance, snr_db=snr_db, seed=seed).samples)


def test_behind_its_end_a_sound_is_silent() -> None:
    sent = sound(Utterance("", "", "en", voice(1.0)))
    assert len(sent.frame(10**6)) == len(sent.frame(0)) == 320
    assert not sent.frame(10**6).any()
    np.testing.assert_array_equal(sent.frame(30), sent.samples[30 * 320 : 31 * 320])
