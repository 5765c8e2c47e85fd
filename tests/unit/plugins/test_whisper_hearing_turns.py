"""How a turn ends: flushed or by silence, with words or without, and what comes too late."""

from unit.plugins.test_whisper_hearing import END, FINAL, INTERIM, PREFLIGHT, START, WINDOW, Call, windows

from livekit.plugins.whisper.hearing import Said
from livekit.plugins.whisper.protocol import SAMPLE_RATE, Kind


def test_a_flush_waits_for_a_preflight_that_is_on_its_way() -> None:
    call = Call(patience=lambda: None)
    call.speak(windows(0.4))
    call.pause(2)
    call.flush()
    assert call.order == [START]
    assert call.hearing.unfinished
    call.answer(call.asked[0])
    assert [ask.kind for ask in call.asked] == [Kind.PREFLIGHT]
    assert call.order == [START, FINAL, END]
    assert not call.hearing.unfinished


def test_a_flush_while_somebody_speaks_parts_the_audio_there() -> None:
    call = Call()
    call.speak(windows(1.0))
    at = len(call.voiced) * WINDOW
    call.flush()
    assert (call.asked[-1].kind, call.asked[-1].end) == (Kind.FINAL, at)
    assert call.texts(FINAL) == [call.text(0, at)]
    call.speak(windows(1.0))
    call.pause(windows(1.2))
    assert call.order == [START, FINAL, END, START, FINAL, END]
    assert call.texts(FINAL) == [call.text(0, at), call.text(at)]
    assert call.asked[-1].begin == at


def test_a_flush_in_silence_is_answered_at_once_by_an_empty_final() -> None:
    call = Call()
    call.pause(30)
    call.flush()
    call.flush()
    assert call.told == [Said(FINAL), Said(FINAL)]
    assert call.asked == []


def test_two_flushes_of_one_turn_are_answered_by_one_final() -> None:
    call = Call(patience=lambda: None)
    call.speak(windows(0.4))
    call.flush()
    call.pause(3)
    call.flush()
    call.answer(call.asked[0])
    assert call.order == [START, FINAL, END]
    assert len(call.asked) == 1


def test_silence_ends_a_turn_by_itself() -> None:
    call = Call(endpoint_s=0.6)
    call.speak(30)
    call.pause(windows(0.6) - 1)
    assert call.order == [START]
    call.pause(2)
    assert call.order == [START, FINAL, END]
    assert call.told[-2].end_s == 30 * WINDOW / SAMPLE_RATE
    call.flush()
    assert call.order[3:] == [FINAL]


def test_a_noise_without_words_ends_without_a_final() -> None:
    call = Call(deaf=True)
    call.speak(30)
    call.pause(windows(1.2))
    assert call.order == [START, END]
    assert call.texts(INTERIM, PREFLIGHT) == []


def test_who_flushes_a_noise_gets_an_empty_final() -> None:
    call = Call(deaf=True)
    call.speak(30)
    call.flush()
    assert call.order == [START, FINAL, END]
    assert call.texts(FINAL) == [""]


def test_who_flushes_while_a_noise_is_being_judged_gets_an_empty_final() -> None:
    call = Call(deaf=True, patience=lambda: None)
    call.speak(10)
    call.pause(windows(1.2))
    call.flush()
    assert call.order == [START]
    call.answer(call.asked[-1])
    assert call.order == [START, FINAL, END]


def test_an_older_answer_that_comes_late_changes_nothing() -> None:
    call = Call(patience=lambda: None)
    call.speak(windows(0.5))
    call.pause(1)
    interim, preflight = call.asked
    call.answer(preflight)
    told = list(call.told)
    call.answer(interim)
    assert call.told == told
    call.pause(3)
    call.flush()
    assert call.texts(FINAL) == [call.text()]


def test_an_answer_after_the_turn_changes_nothing() -> None:
    call = Call(patience=lambda: None)
    call.speak(windows(0.5))
    call.flush()
    interim, final = call.asked
    call.answer(final)
    assert call.order == [START, FINAL, END]
    told = list(call.told)
    call.answer(interim)
    call.answer(final)
    assert call.told == told


def test_an_interim_over_all_that_was_said_is_not_told_after_the_final() -> None:
    call = Call()
    call.speak(windows(11.9))
    call.patience = lambda: None
    while not call.waiting:
        call.speak(1)
    call.flush()
    interim, final = (ask for _, ask in call.waiting)
    assert (interim.word_times, interim.end) == (True, final.end)
    call.answer(final)
    call.answer(interim)
    assert call.order == [START, FINAL, END]
    assert call.texts(FINAL) == [call.text()]


def test_the_next_turn_starts_when_the_former_has_ended() -> None:
    call = Call(patience=lambda: None)
    call.speak(windows(0.4))
    call.flush()
    call.speak(windows(0.4))
    assert call.order == [START], "its final is still awaited"
    call.answer(call.asked[0])
    assert call.order == [START, FINAL, END, START]
    call.flush()
    call.answer(call.asked[-1])
    assert call.order == [START, FINAL, END, START, FINAL, END]
    assert call.texts(FINAL) == [call.text(0, call.asked[0].end), call.text(call.asked[0].end)]
