"""Long speech, and speech that the engine cannot answer for long: all of it is asked about, once, in order."""

import string
from itertools import pairwise

import numpy as np
import pytest
from unit.plugins.test_whisper_hearing import END, FINAL, SOUND, START, USAGE, WINDOW, Call, windows

from livekit.plugins.whisper.hearing import Hearing, Said
from livekit.plugins.whisper.protocol import SAMPLE_RATE, Heard, Kind, Word
from livekit.plugins.whisper.segment import LONGEST_S, Ask
from livekit.plugins.whisper.voice import Window


def pieces(call: Call) -> list[int]:
    """Where the audio that became final piece by piece begins and ends, as LiveKit is told of it."""
    edges = [call.asked[0].begin]
    for said in call.told:
        if said.type is USAGE and not said.dropped:
            edges.append(edges[-1] + round(said.audio_s * SAMPLE_RATE))
    return edges


@pytest.mark.parametrize("patience", [0, 20])
def test_a_monologue_of_ten_minutes_becomes_final_piece_by_piece(patience: int) -> None:
    call = Call(patience=lambda: patience)
    call.speak(windows(600))
    call.pause(windows(1.2))
    edges = pieces(call)
    assert sorted({ask.begin for ask in call.asked}) == edges[:-1], "each piece begins where the former ended"
    assert all(begin < end <= begin + LONGEST_S * SAMPLE_RATE for begin, end in pairwise(edges))
    assert edges[-1] >= 600 * SAMPLE_RATE // WINDOW * WINDOW
    assert call.most_buffered < 25 * SAMPLE_RATE
    assert call.order == [START, *[FINAL] * (len(edges) - 1), END]
    assert " ".join(call.texts(FINAL)) == call.text()


def test_noise_for_minutes_is_let_go() -> None:
    call = Call(deaf=True)
    call.speak(windows(120))
    call.pause(windows(1.2))
    assert call.most_buffered < 25 * SAMPLE_RATE
    assert call.order == [START, END]


class Unsure(Call):
    """The engine hears every word with another first letter each time."""

    def heard(self, ask: Ask) -> tuple[Word, ...]:
        letter = string.ascii_letters[len(self.asked) % 52]
        return tuple(word.model_copy(update={"text": f" {letter}{word.text[2:]}"}) for word in super().heard(ask))


def test_what_is_never_agreed_on_becomes_final_when_there_is_no_more_room() -> None:
    call = Unsure()
    call.speak(windows(60))
    call.pause(windows(1.2))
    edges = pieces(call)
    assert sorted({ask.begin for ask in call.asked}) == edges[:-1]
    assert call.most_buffered < 25 * SAMPLE_RATE
    said = " ".join(call.texts(FINAL)).split()
    assert [word[1:] for word in said] == [word[1:] for word in call.text().split()]


def test_speech_in_snatches_becomes_final_too() -> None:
    """Who pauses after every half second is asked about in pauses alone."""
    call = Call()
    for _ in range(80):
        call.speak(15)
        call.pause(2)
    assert call.most_buffered < 25 * SAMPLE_RATE
    call.flush()
    assert " ".join(call.texts(FINAL)) == call.text()


@pytest.mark.parametrize("flushed", [True, False])
def test_what_is_too_long_for_one_question_is_asked_once(flushed: bool) -> None:
    """The engine was away for 50 s: nothing is asked twice while an answer is awaited."""
    call = Call(patience=lambda: None)
    call.speak(windows(50))
    call.waiting.clear()
    call.hearing.start_again()
    call.asked.clear()
    call.flush() if flushed else call.pause(1)
    call.pause(10)
    questions = [(ask.kind, ask.begin, ask.end) for ask in call.asked]
    assert len(questions) == len(set(questions))


def test_long_turns_that_wait_for_the_engine_are_told_in_order() -> None:
    call = Call(patience=lambda: None)
    for seconds in (2, 40, 2):
        call.speak(windows(seconds))
        call.flush()
    call.waiting.clear()
    call.hearing.start_again()
    call.go_on()
    while call.waiting:
        call.answer(call.waiting[-1][1])  # the latest first
    assert " ".join(call.texts(FINAL)) == call.text()
    assert [said for said in call.order if said is not FINAL] == [START, END] * 3


def test_an_engine_that_died_is_asked_everything_anew() -> None:
    call = Call(patience=lambda: None)
    call.pause(10)
    call.speak(windows(0.8))
    call.flush()
    call.speak(windows(0.8))
    call.flush()
    call.speak(windows(0.8))
    former = [ask for ask in call.asked if ask.kind is Kind.FINAL]
    call.asked.clear()
    call.waiting.clear()
    call.hearing.start_again()
    call.go_on()
    anew = [(ask.kind, ask.begin, ask.end) for ask in call.asked]
    assert anew == [(ask.kind, ask.begin, ask.end) for ask in former]
    for ask in list(call.asked):
        call.answer(ask)
    assert call.asked[-1].kind is Kind.INTERIM
    call.answer(call.asked[-1])
    call.flush()
    call.answer(call.asked[-1])
    assert [ask.begin for ask in call.asked if ask.kind is Kind.FINAL][1:] == [
        ask.end for ask in call.asked if ask.kind is Kind.FINAL
    ][:-1]
    assert call.texts(FINAL) == [call.text(ask.begin, ask.end) for ask in call.asked if ask.kind is Kind.FINAL]
    assert " ".join(call.texts(FINAL)) == call.text()


def test_a_final_that_is_asked_again_later_has_no_more_audio() -> None:
    """The engine was busy meanwhile, and the next turn has begun: its sound belongs to that."""
    call = Call(patience=lambda: None)
    call.speak(windows(0.4))
    at = len(call.voiced) * WINDOW
    call.flush()
    call.hearing.withdraw(call.asked[0])
    call.speak(windows(0.4))
    assert [(ask.kind, ask.end) for ask in call.asked] == [(Kind.FINAL, at)] * 2


def test_an_interim_answered_late_does_not_make_the_final_question_worthless() -> None:
    """That would double the wait at the end of a long turn."""
    call = Call()
    call.speak(windows(11.9))
    call.patience = lambda: None
    call.speak(windows(0.6))
    call.flush()
    interim, final = (ask for _, ask in call.waiting)
    assert (interim.kind, interim.word_times, final.kind) == (Kind.INTERIM, True, Kind.FINAL)
    call.answer(interim)
    call.answer(final)
    assert call.asked[-1] is final
    assert " ".join(call.texts(FINAL)) == call.text()


def test_an_interim_that_was_replaced_is_asked_again_with_more() -> None:
    call = Call(patience=lambda: None)
    call.speak(windows(0.5))
    call.hearing.withdraw(call.asked[0])
    call.speak(windows(0.7))
    assert [ask.kind for ask in call.asked] == [Kind.INTERIM] * 2
    assert call.asked[1].end > call.asked[0].end


@pytest.mark.parametrize("at_once", [160, 512, 4000, 10**6])
def test_it_makes_no_difference_how_the_audio_is_cut(at_once: int) -> None:
    """Two turns of a second with two seconds of silence behind each."""
    voiced = [True] * 31 + [False] * 63 + [True] * 31 + [False] * 63
    marks = [Window((n + 1) * WINDOW, 0.98 if mark else 0.02) for n, mark in enumerate(voiced)]
    hearing, asked, told = Hearing(endpoint_s=1.0), list[Ask](), list[Said]()
    for begin in range(0, len(voiced) * WINDOW, at_once):
        end = min(begin + at_once, len(voiced) * WINDOW)
        told += hearing.push(SOUND[begin:end], [mark for mark in marks if begin < mark.end <= end])
        while asks := hearing.due():
            for ask in asks:
                assert np.array_equal(ask.samples, SOUND[ask.begin : ask.end])
                asked += [ask] if ask.kind is not Kind.INTERIM else []
                told += hearing.answer(ask, Heard(language="en"))
    assert [said.type for said in told if said.type is not USAGE] == [START, END] * 2
    speech = [(0, 31 * WINDOW), (94 * WINDOW, 125 * WINDOW)]
    assert [ask.speech_end for ask in asked] == [end for _, end in speech]
    assert all(ask.begin <= begin and ask.end >= end for ask, (begin, end) in zip(asked, speech, strict=True))


def test_of_a_monologue_that_is_heard_doubtfully_nothing_is_lost() -> None:
    call = Call()
    call.voice, call.no_speech = 0.9, 0.5
    call.speak(windows(60))
    call.pause(windows(1.2))
    assert " ".join(call.texts(FINAL)) == call.text()


def test_what_was_given_up_is_not_told_when_the_answer_comes_after_all() -> None:
    call = Call(patience=lambda: None)
    call.speak(windows(30))
    call.flush()
    (_, late) = call.waiting[-1]
    assert late.kind is Kind.FINAL
    call.pause(windows(130))
    assert call.order == [START, FINAL, END], "who flushed is not kept waiting"
    call.answer(late)
    assert call.order == [START, FINAL, END]
    assert call.texts(FINAL) == [""]
