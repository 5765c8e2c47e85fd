"""One call: what the engine is asked and what LiveKit is told while somebody speaks, and when they pause."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from livekit.agents.stt import SpeechEventType

from livekit.plugins.whisper.hearing import Hearing
from livekit.plugins.whisper.protocol import SAMPLE_RATE, Heard, Kind, Word
from livekit.plugins.whisper.said import Said
from livekit.plugins.whisper.segment import LONG_S, LONGEST_S, Ask
from livekit.plugins.whisper.voice import Window

WINDOW = 512
START, END, USAGE = SpeechEventType.START_OF_SPEECH, SpeechEventType.END_OF_SPEECH, SpeechEventType.RECOGNITION_USAGE
INTERIM, PREFLIGHT = SpeechEventType.INTERIM_TRANSCRIPT, SpeechEventType.PREFLIGHT_TRANSCRIPT
FINAL = SpeechEventType.FINAL_TRANSCRIPT
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SOUND = ((np.arange(11 * 60 * SAMPLE_RATE, dtype=np.uint64) * np.uint64(2_654_435_761)) >> np.uint64(16)).astype(
    np.int16
)
"""The samples of a call: hardly two places sound alike."""


def word(number: int) -> str:
    """Four letters, other ones for every number."""
    number = number * 123_457 % 26**4
    return "".join(LETTERS[number // 26**place % 26] for place in range(4))


def windows(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE / WINDOW)


class Call:
    """A call with a scripted voice, and an engine that hears a word where five windows in a row are voiced.

    The engine answers a question `patience()` windows later; None leaves it to the test.
    """

    def __init__(
        self, *, endpoint_s: float = 1.0, patience: Callable[[], int | None] = lambda: 0, deaf: bool = False
    ) -> None:
        self.hearing = Hearing(endpoint_s=endpoint_s)
        self.voiced: list[bool] = []
        self.told: list[Said] = []
        self.asked: list[Ask] = []
        self.waiting: list[tuple[int | None, Ask]] = []
        self.patience = patience
        self.deaf = deaf
        self.voice = 0.98
        """How sure the voice activity model is of it."""
        self.no_speech = 0.0
        self.most_buffered = 0

    def speak(self, count: int, *, voiced: bool = True) -> None:
        for _ in range(count):
            begin = len(self.voiced) * WINDOW
            self.voiced.append(voiced)
            window = Window(begin + WINDOW, self.voice if voiced else 0.02)
            self.told += self.hearing.push(SOUND[begin : begin + WINDOW], [window])
            self.go_on()

    def pause(self, count: int) -> None:
        self.speak(count, voiced=False)

    def flush(self) -> None:
        self.told += self.hearing.flush()
        self.go_on()

    def go_on(self) -> None:
        """Asks what is due and gives the answers whose time has come, as the stream does whenever something comes."""
        while True:
            for ask in self.hearing.due():
                assert ask.duration_s <= LONGEST_S
                assert np.array_equal(ask.samples, SOUND[ask.begin : ask.end]), "another sound than was pushed"
                self.asked.append(ask)
                patience = self.patience()
                self.waiting.append((None if patience is None else len(self.voiced) + patience, ask))
            self.most_buffered = max(self.most_buffered, len(self.hearing._audio) // 2)
            ready = [ask for at, ask in self.waiting if at is not None and at <= len(self.voiced)]
            if not ready:
                return
            self.answer(ready[0], go_on=False)

    def answer(self, ask: Ask, *, go_on: bool = True) -> None:
        self.waiting = [entry for entry in self.waiting if entry[1] is not ask]
        self.told += self.hearing.answer(
            ask, Heard(words=self.heard(ask), language="en", logprob=-0.2, no_speech=self.no_speech)
        )
        if go_on:
            self.go_on()

    def said(self, begin: int, end: int) -> list[int]:
        """The numbers of the words whose last window has its middle between two samples."""
        first, last = -(-(begin - WINDOW // 2) // WINDOW), -(-(end - WINDOW // 2) // WINDOW)
        numbers = range(-(-max(first, 4) // 5), -(-min(last, len(self.voiced)) // 5))
        return [number for number in numbers if all(self.voiced[number * 5 - 4 : number * 5 + 1])]

    def heard(self, ask: Ask) -> tuple[Word, ...]:
        def timed(number: int) -> Word:
            begin = number * 5 * WINDOW - ask.begin
            end_s = min(begin + WINDOW, ask.end - ask.begin) / SAMPLE_RATE
            return Word(text=f" {word(number)}", start_s=max(0, begin) / SAMPLE_RATE, end_s=end_s, probability=0.9)

        words = [] if self.deaf else self.said(ask.begin, ask.end)
        return tuple(timed(number) if ask.word_times else Word(text=f" {word(number)}") for number in words)

    def texts(self, *types: SpeechEventType) -> list[str]:
        return [said.text for said in self.told if said.type in types]

    @property
    def order(self) -> list[SpeechEventType]:
        """What was told of turns, without what is told while somebody speaks."""
        return [said.type for said in self.told if said.type in (START, FINAL, END)]

    def text(self, begin: int = 0, end: int = 10**9) -> str:
        """Everything that was said between two samples."""
        return " ".join(map(word, self.said(begin, end)))


def test_speech_starts_once_and_is_asked_about_at_a_cadence() -> None:
    call = Call()
    call.pause(20)
    call.speak(2)
    call.pause(3)
    assert call.told == []
    call.speak(windows(5.0))
    assert call.order == [START]
    assert call.told[0].start_s == 25 * WINDOW / SAMPLE_RATE
    assert {ask.kind for ask in call.asked} == {Kind.INTERIM}
    assert len({ask.begin for ask in call.asked}) == 1
    assert 0.2 <= (25 * WINDOW - call.asked[0].begin) / SAMPLE_RATE <= 0.4, "soft first sounds are heard with it"
    assert 0.4 <= (call.asked[0].end - 25 * WINDOW) / SAMPLE_RATE <= 0.5
    assert all(0.55 <= (later.end - ask.end) / SAMPLE_RATE <= 0.65 for ask, later in pairwise(call.asked))
    said = call.texts(INTERIM)
    assert len(said) == len(call.asked)
    assert all(call.text().startswith(text) for text in said)
    assert len(said[-1].split()) > len(call.said(0, call.asked[-2].end)), "at least what was heard twice"


def test_only_one_interim_is_asked_at_a_time() -> None:
    call = Call(patience=lambda: None)
    call.speak(windows(3.0))
    assert [ask.kind for ask in call.asked] == [Kind.INTERIM]
    call.answer(call.asked[0])
    assert [ask.kind for ask in call.asked] == [Kind.INTERIM] * 2
    assert call.asked[1].end == len(call.voiced) * WINDOW


def test_a_pause_is_asked_about_at_once_and_its_answer_is_the_final_one() -> None:
    call = Call()
    call.speak(windows(1.5))
    before = len(call.asked)
    call.pause(1)
    (preflight,) = call.asked[before:]
    assert (preflight.kind, preflight.speech_end, preflight.word_times) == (Kind.PREFLIGHT, 47 * WINDOW, True)
    assert call.texts(PREFLIGHT) == [], "a pause inside a word is as long"
    call.pause(8)
    assert call.texts(PREFLIGHT) == [call.text()]
    call.flush()
    assert call.asked[before:] == [preflight], "what is known is not asked again"
    assert call.order == [START, FINAL, END]
    assert call.texts(FINAL) == [call.text()]
    final = next(said for said in call.told if said.type is FINAL)
    assert final.words[0].start_s == 5 * WINDOW / SAMPLE_RATE
    assert final.confidence == pytest.approx(0.9)
    assert [said.audio_s for said in call.told if said.type is USAGE] == [preflight.duration_s]


def test_who_speaks_on_makes_the_preflight_worthless() -> None:
    call = Call(patience=lambda: None)
    call.speak(windows(0.4))
    call.pause(1)
    call.speak(3)
    call.answer(call.asked[0])
    assert call.texts(PREFLIGHT) == []
    call.flush()
    assert [ask.kind for ask in call.asked] == [Kind.PREFLIGHT, Kind.FINAL]
    call.answer(call.asked[1])
    assert call.texts(FINAL) == [call.text()]


def test_long_interims_come_with_the_times_of_their_words() -> None:
    call = Call()
    call.speak(windows(LONG_S + 1))
    assert [ask.word_times for ask in call.asked] == [ask.duration_s >= LONG_S for ask in call.asked]
    assert call.asked[-1].begin > 0, "and then their beginning becomes final"
