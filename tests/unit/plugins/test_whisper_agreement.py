"""What two hypotheses say alike is stable, whatever their case and punctuation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.whisper.agreement import Agreement, common_prefix, plain

words = st.lists(st.sampled_from([" one", " two", " Three", " four.", " 다섯", " 여섯,"]), max_size=12)


@pytest.mark.parametrize(
    ("first", "second", "length"),
    [([], [], 0), (["a"], [], 0), (["a", "b"], ["a", "c"], 1), (["a"], ["a", "b"], 1), (["b", "a"], ["c", "a"], 0)],
)
def test_common_prefix_examples(first: list[str], second: list[str], length: int) -> None:
    assert common_prefix(first, second) == length


@given(words, words)
def test_a_common_prefix_is_common_and_the_longest(first: list[str], second: list[str]) -> None:
    length = common_prefix(first, second)
    assert length == common_prefix(second, first)
    assert first[:length] == second[:length]
    assert first[length : length + 1] != second[length : length + 1] or length == len(first) == len(second)


@pytest.mark.parametrize(
    ("one", "other"),
    [(" Hello", "hello,"), ("네.", "네?"), (" “Yes”", "YES!"), ("It's", "it's"), ("아니요…", " 아니요")],
)
def test_case_and_punctuation_change_as_a_sentence_grows(one: str, other: str) -> None:
    assert plain(one) == plain(other) != ""


def test_what_is_said_otherwise_is_another_word() -> None:
    assert plain("it's") != plain("its")
    assert plain("네") != plain("내")


@given(st.lists(words, min_size=1, max_size=5))
def test_what_is_agreed_and_shown_stays_within_the_hypotheses(hypotheses: list[list[str]]) -> None:
    agreement = Agreement()
    before: list[str] = []
    for hypothesis in hypotheses:
        agreement.add(hypothesis)
        assert agreement.agreed <= min(len(before), len(hypothesis))
        assert agreement.agreed <= agreement.shown() <= len(hypothesis)
        assert agreement.shown() <= max(agreement.agreed, len(hypothesis) - 1), "the last word is not certain"
        agreed = [plain(word) for word in hypothesis[: agreement.agreed]]
        assert agreed == [plain(word) for word in before[: agreement.agreed]]
        before = hypothesis


@given(words)
def test_equal_hypotheses_agree_wholly(hypothesis: list[str]) -> None:
    agreement = Agreement()
    agreement.add(hypothesis)
    assert agreement.agreed == 0
    agreement.add([f" {word.strip().upper()}!" for word in hypothesis])
    assert agreement.agreed == agreement.shown() == len(hypothesis)


@given(words, words)
def test_something_of_the_first_hypothesis_is_shown(first: list[str], second: list[str]) -> None:
    agreement = Agreement()
    agreement.add(first)
    assert (agreement.shown() > 0) == (len(first) > 1)
    agreement.add(first + second)
    assert agreement.shown() >= len(first), "what was agreed on"


def test_a_hypothesis_that_loses_its_beginning_agrees_on_nothing() -> None:
    agreement = Agreement()
    agreement.add(["one", "two", "three"])
    agreement.add(["one", "two", "three", "four"])
    assert (agreement.agreed, agreement.shown()) == (3, 3)
    agreement.add(["two", "three", "four"])
    assert agreement.agreed == 0
    assert agreement.shown() < 3
    agreement.add([])
    assert (agreement.agreed, agreement.shown()) == (0, 0)
