"""Words before their time: the first of an interruption, and those that are stable while somebody still speaks."""

from itertools import pairwise

from unit.plugins.test_whisper_hearing import FINAL, INTERIM, PREFLIGHT, WINDOW, Call, windows

from livekit.plugins.whisper.protocol import SAMPLE_RATE, Kind


def since_onset_s(call: Call) -> list[float]:
    """When each interim question went out."""
    onset = call.voiced.index(True) * WINDOW
    return [(ask.end - onset) / SAMPLE_RATE for ask in call.asked if ask.kind is Kind.INTERIM]


def test_who_is_in_a_hurry_is_told_the_first_words_earlier() -> None:
    patient, hurried = Call(), Call()
    hurried.hearing.hurried = True
    for call in (patient, hurried):
        call.speak(windows(3.0))
    early, usual = since_onset_s(hurried), since_onset_s(patient)
    assert early[0] <= 0.35 < 0.4 <= usual[0]
    assert [at for at in early if at < 1.0] == early[:3], "three in the first second"
    assert all(later - at >= 0.55 for at, later in pairwise(early[3:])), "then as often as for others"
    assert hurried.texts(INTERIM)[0] == hurried.text().split()[0], "an only word too"


def test_a_hurry_begins_and_ends_in_the_middle_of_an_utterance() -> None:
    call = Call()
    call.speak(windows(0.2))
    call.hearing.hurried = True
    call.speak(windows(0.2))
    assert len(call.asked) == 1
    call.hearing.hurried = False
    call.speak(windows(0.4))
    assert len(call.asked) == 1
    call.speak(windows(0.3))
    assert len(call.asked) == 2


def test_each_transcript_says_which_of_its_words_are_stable() -> None:
    call = Call()
    call.speak(windows(3.0))
    call.pause(8)
    call.flush()
    interims = [said for said in call.told if said.type is INTERIM]
    assert interims[0].stable == "", "nothing to agree with yet"
    for before, interim in pairwise(interims):
        assert interim.text.startswith(interim.stable)
        assert interim.stable.startswith(before.text), "what was shown was heard again"
    assert interims[1].stable != interims[1].text, "its newest word has been heard only once"
    assert [said.stable for said in call.told if said.type in (PREFLIGHT, FINAL)] == [call.text()] * 2


def test_what_was_kept_behind_a_pause_is_stable() -> None:
    call = Call()
    call.speak(windows(3.0))
    call.pause(windows(0.4))
    before = call.text()
    call.speak(windows(0.6))
    interims = [said for said in call.told if said.type is INTERIM]
    assert interims[-1].stable.startswith(before)
