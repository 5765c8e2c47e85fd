"""Any speech, any flushes, any engine: turns are told in order and whole, and nothing is asked in vain."""

from itertools import cycle, pairwise
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.plugins.test_whisper_hearing import END, FINAL, START, USAGE, Call, windows, word

from livekit.plugins.whisper.protocol import SAMPLE_RATE, Kind
from livekit.plugins.whisper.segment import Ask

ENDPOINT_S = 0.96
NUMBERS = {word(number): number for number in range(10_000)}

Step = tuple[Literal["voice", "silence", "flush", "the engine dies"], int]
"""What happens, and for how many windows."""

runs = st.integers(1, 6) | st.integers(1, 60)
steps = st.one_of(
    st.tuples(st.just("voice"), runs),
    st.tuples(st.just("voice"), runs | st.integers(350, 800)),
    st.tuples(st.just("silence"), runs),
    st.tuples(st.sampled_from(["flush", "flush", "the engine dies"]), st.just(0)),
)
stories: st.SearchStrategy[list[Step]] = st.lists(steps, max_size=10)  # type: ignore[assignment]
engines = st.tuples(
    st.lists(st.integers(0, 12) | st.integers(0, 80), min_size=1, max_size=6), st.lists(st.booleans(), max_size=6)
)
"""After how many windows each question is answered, in turn, and whether it is: a busy engine does not."""
some = settings(max_examples=100, deadline=None)


class RandomCall(Call):
    """Plays a story, and then waits until everything is answered."""

    def __init__(self, story: list[Step], engine: tuple[list[int], list[bool]]) -> None:
        patience = cycle(engine[0])
        super().__init__(endpoint_s=ENDPOINT_S, patience=lambda: next(patience))
        self.answers = cycle([*engine[1], True])
        self.flushed_at: list[int] = []
        self.told_at_flush: list[int] = []
        self.outstanding: list[list[Ask]] = []
        for what, count in story:
            if what == "flush":
                self.flushed_at.append(len(self.voiced))
                self.told_at_flush.append(len(self.told))
                self.flush()
            elif what == "the engine dies":
                self.waiting.clear()
                self.hearing.start_again()
                self.go_on()
            else:
                self.speak(count, voiced=what == "voice")
        self.pause(windows(ENDPOINT_S) + 1)
        for _ in range(3000):
            if self.hearing.unfinished:
                self.pause(1)

    def answer(self, ask: Ask, *, go_on: bool = True) -> None:
        if next(self.answers):
            super().answer(ask, go_on=go_on)
        else:
            self.waiting = [entry for entry in self.waiting if entry[1] is not ask]
            self.hearing.withdraw(ask)

    def go_on(self) -> None:
        super().go_on()
        self.outstanding.append([ask for _, ask in self.waiting])

    def turns(self) -> list[tuple[int, int]]:
        """From the first voiced window to behind the last, as the voice and the flushes alone make them."""
        found: list[tuple[int, int]] = []
        onset, run, last = None, 0, 0
        for n, voiced in enumerate(self.voiced):
            if onset is not None and (n in self.flushed_at or n - last >= windows(ENDPOINT_S)):
                found.append((onset, last))
                onset, run = None, 0
            run = run + 1 if voiced else 0
            if onset is None and run == 3:
                onset = n - 2
            last = n + 1 if voiced else last
        return found


@some
@given(stories, engines)
def test_a_turn_starts_when_the_former_has_ended(story: list[Step], engine: tuple[list[int], list[bool]]) -> None:
    call = RandomCall(story, engine)
    assert not call.hearing.unfinished
    assert [said for said in call.order if said is not FINAL] == [START, END] * len(call.turns())
    speaking = False
    for said in call.told:
        if said.type in (START, END):
            speaking = said.type is START
        assert speaking or not said.text, "words come within a turn"


@some
@given(stories, engines)
def test_who_flushes_is_told_a_final(story: list[Step], engine: tuple[list[int], list[bool]]) -> None:
    call = RandomCall(story, engine)
    for told in call.told_at_flush:
        assert any(said.type is FINAL for said in call.told[told:])


@some
@given(stories, engines)
def test_every_word_of_a_turn_is_told_once_and_in_order(
    story: list[Step], engine: tuple[list[int], list[bool]]
) -> None:
    call = RandomCall(story, engine)
    told = [NUMBERS[text] for text in " ".join(call.texts(FINAL)).split()]
    assert all(earlier < later for earlier, later in pairwise(told))
    spoken = {
        number
        for onset, last in call.turns()
        for number in call.said(0, len(call.voiced) * 512)
        if onset <= number * 5 < last
    }
    assert spoken <= set(told)


@some
@given(stories, engines)
def test_nothing_is_asked_twice_at_once(story: list[Step], engine: tuple[list[int], list[bool]]) -> None:
    call = RandomCall(story, engine)
    for asks in call.outstanding:
        interims = [id(ask.segment) for ask in asks if ask.kind is Kind.INTERIM]
        assert len(interims) == len(set(interims)), "one interim question of a turn at a time"
        questions = [(ask.kind, ask.begin, ask.end) for ask in asks]
        assert len(questions) == len(set(questions))


@some
@given(stories, engines)
def test_what_is_final_is_let_go(story: list[Step], engine: tuple[list[int], list[bool]]) -> None:
    call = RandomCall(story, engine)
    call.pause(windows(2.0))
    assert len(call.hearing._audio) / 2 <= 1.2 * SAMPLE_RATE
    usage_s = sum(said.audio_s for said in call.told if said.type is USAGE)
    assert usage_s <= len(call.voiced) * 512 / SAMPLE_RATE
