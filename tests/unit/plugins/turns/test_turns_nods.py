"""Nods come in pauses of long tellings, apart from each other; thoughts before late answers, never twice running."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.turns.company.nods import MANNER, Nods, ends_clause
from livekit.plugins.turns.company.thought import Thought

ROUNDING_S = 1e-6


def told(*stretches: tuple[float, float]) -> Nods:
    """Somebody who has spoken from … to …, and pauses."""
    nods = Nods()
    for begin, end in stretches:
        nods.spoke(begin)
        nods.paused(end)
    return nods


def test_a_nod_fits_a_quarter_of_a_second_into_a_pause_of_a_long_telling() -> None:
    nods = told((0, 4), (4.5, 8))
    assert nods.look_at(8.1) == 8.25
    assert not nods.fits(8.2, over=0.2, border=True)
    assert nods.fits(8.3, over=0.2, border=True)
    assert not nods.fits(8.3, over=0.2, border=False), "inside a clause"
    assert not nods.fits(8.3, over=0.7, border=True), "the turn is about to be called"
    assert nods.look_at(9.3) is None, "too late"


def test_pauses_are_not_told() -> None:
    assert told((0, 3), (10, 12)).look_at(12) is None


def test_the_next_nod_keeps_its_distance() -> None:
    nods = told((0, 8))
    nods.nodded(8.3)
    nods.spoke(9)
    nods.paused(14)
    assert nods.look_at(14.2) is None
    nods.spoke(14.5)
    nods.paused(15)
    assert nods.fits(15.3, over=0.2, border=True)


def test_a_turn_that_was_called_is_told_from_its_beginning() -> None:
    nods = told((0, 8))
    nods.turn_over()
    assert nods.look_at(8.3) is None
    nods.spoke(9)
    nods.paused(14)
    assert nods.look_at(14.3) is None


def test_nobody_nods_into_speech() -> None:
    nods = told((0, 8))
    nods.spoke(8.2)
    assert nods.look_at(8.4) is None
    assert not nods.fits(8.4, over=0.0, border=True)


@given(
    st.lists(st.tuples(st.floats(0.1, 9), st.floats(0.05, 3), st.booleans()), max_size=40),
    st.floats(0, 1),
)
def test_nods_are_apart_and_only_in_pauses(stretches: list[tuple[float, float, bool]], over: float) -> None:
    nods, t, nodded, told_s = Nods(), 0.0, [-100.0], 0.0
    for speech_s, pause_s, called in stretches:
        nods.spoke(t)
        nods.paused(t + speech_s)
        told_s += speech_s
        for step in range(int(pause_s / 0.1)):
            now = t + speech_s + 0.1 * step
            if nods.fits(now, over=over, border=True):
                assert over < MANNER.over_below
                assert told_s >= MANNER.told_s - ROUNDING_S
                assert now - nodded[-1] >= MANNER.apart_s - ROUNDING_S
                into_pause_s = now - (t + speech_s)
                assert MANNER.pause_s - ROUNDING_S <= into_pause_s <= MANNER.late_s + ROUNDING_S
                nods.nodded(now)
                nodded.append(now)
        t += speech_s + pause_s
        if called:
            nods.turn_over()
            told_s = 0.0


@pytest.mark.parametrize(
    ("language", "text", "border"),
    [
        ("ko", "어제 손자가 왔는데", True),
        ("ko", "김치를 담갔고요", True),
        ("ko", "아침에 일찍 일어나서 밥을 먹고", True),
        ("ko", "시장에 가서", True),
        ("ko", "시장에 갔다 왔어요.", True),
        ("ko", "그래서 우리 집 앞에", False),
        ("en", "When I was a little girl,", True),
        ("en", "I went to the shop", True),
        ("en", "I went to the shop, and", True),
        ("en", "and I went to the", False),
        ("en", "", False),
    ],
)
def test_clauses_end_where_people_nod(language: str, text: str, border: bool) -> None:
    assert ends_clause(text, language) is border


def test_a_thought_is_due_so_long_after_the_turn_was_called() -> None:
    thought = Thought(["Let me see.", "Well."])
    assert thought.due_at() is None
    thought.called(10)
    thought.called(10.5)  # told again: the same answer is awaited
    assert thought.due_at() == 11.2
    thought.over()
    assert thought.due_at() is None


@pytest.mark.parametrize(
    ("spoke_at", "due_at"), [(9.75, 10.95), (9.0, 10.5), (7.5, 10.5), (2.0, 11.2), (None, 11.2)], ids=str
)
def test_it_counts_from_the_last_word_and_lets_an_answer_that_is_ready_begin(
    spoke_at: float | None, due_at: float
) -> None:
    thought = Thought(["Let me see.", "Well."])
    thought.called(10, spoke_at=spoke_at)
    assert thought.due_at() == due_at


def test_a_thought_that_was_not_heard_is_none() -> None:
    thought = Thought(["Let me see.", "Well."])
    thought.called(10)
    word = thought.next()
    thought.said(heard=False)
    assert thought.due_at() == 11.2
    assert thought.next() == word
    thought.said(heard=False)
    thought.over()
    thought.called(20)
    assert thought.due_at() == 21.2, "the answer before had none"


@given(st.lists(st.tuples(st.booleans(), st.floats(0.1, 5)), min_size=1, max_size=40), st.randoms())
def test_no_two_answers_running_have_a_thought_and_no_two_thoughts_running_are_alike(
    answers: list[tuple[bool, float]], rng: random.Random
) -> None:
    thought = Thought(["Let me see.", "Well.", "Hmm."], rng=rng)
    t, before, last = 0.0, False, ""
    for late, after_s in answers:
        t += after_s
        thought.called(t)
        assert (thought.due_at() is None) is before
        before = late and thought.due_at() is not None
        if before:
            word = thought.next()
            thought.said(heard=True)
            assert word != last
            assert thought.due_at() is None, "one is enough"
            last = word
        thought.over()
