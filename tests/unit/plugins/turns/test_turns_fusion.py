"""One probability from sound, words and how much was said."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.turns.ending.fusion import ANSWER, fused
from livekit.plugins.turns.words import words_said

probabilities = st.floats(0, 1)
maybe = st.none() | probabilities
lengths = st.none() | st.integers(0, 60)


@given(maybe, maybe, st.booleans(), lengths)
def test_it_is_a_probability_and_nothing_is_certain(
    audio: float | None, words: float | None, settled: bool, length: int | None
) -> None:
    assert 0.01 <= fused(audio, words, settled=settled, length=length) <= 0.99


def test_nothing_known_tells_nothing() -> None:
    assert fused(None, None) == 0.5


@given(probabilities, probabilities, probabilities, lengths)
def test_what_speaks_for_an_end_never_speaks_against_it(
    one: float, other: float, third: float, length: int | None
) -> None:
    less, more = sorted((one, other))
    assert fused(less, third, length=length) <= fused(more, third, length=length)
    assert fused(third, less, length=length) <= fused(third, more, length=length)


@given(probabilities, st.floats(0, ANSWER, exclude_max=True))
def test_who_has_said_little_goes_on_more_often(audio: float, words: float) -> None:
    said = [fused(audio, words, length=length) for length in (1, 2, 4, 7, 10, 40)]
    assert all(less <= more for less, more in pairwise(said))
    assert said[-2] == said[-1]


@given(probabilities, st.floats(ANSWER, 1), st.integers(1, 3))
def test_an_answer_may_be_short(audio: float, words: float, length: int) -> None:
    assert fused(audio, words, length=length) == fused(audio, words, length=4)


@pytest.mark.parametrize(
    ("text", "language", "length"),
    [("", "en", 0), ("Yes.", "en", 4), ("I went home", "en-GB", 3), ("555-2139.", "en", 7), ("네", "ko", None)],
)
def test_how_much_was_said(text: str, language: str, length: int | None) -> None:
    assert words_said(text, language) == length


@pytest.mark.parametrize("length", [None, 1, 40])
def test_words_that_are_not_all_there_do_not_count_where_the_sound_is_known(length: int | None) -> None:
    assert fused(0.6, 0.05, settled=False, length=length) == fused(0.6, None)
    assert fused(None, 0.05, settled=False, length=length) == fused(None, 0.05)
