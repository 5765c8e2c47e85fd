"""What a model thinks never reaches the voice, wherever its pieces are cut."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.ollama.thinking import ThinkFilter

TAGS = ("<think>", "</think>", "<thinking>", "</thinking>")


def spoken(pieces: list[str]) -> str:
    thinking = ThinkFilter()
    return "".join([*(thinking.push(piece) for piece in pieces), thinking.flush()])


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["Hello."], "Hello."),
        (["<think>a</think>Hello."], "Hello."),
        (["<th", "ink>a</", "think>\n\n", "Hel", "lo."], "Hello."),
        (["<thinking>a <think> b</thinking> Hello."], "Hello."),
        (["One <think>two</think> three"], "One  three"),
        (["<think>never closed", " at all"], ""),
        (["a </think> b"], "a  b"),
        (["1 < 2 <", " 3"], "1 < 2 < 3"),
        (["ends with <thi"], "ends with <thi"),
        (["", "\n", "안녕하세요"], "안녕하세요"),
    ],
)
def test_examples(pieces: list[str], expected: str) -> None:
    assert spoken(pieces) == expected


texts = st.lists(st.sampled_from([*TAGS, "<", ">", "thi", "nk", " ", "word", "네"]), max_size=12).map("".join)


@given(texts, st.lists(st.integers(0, 80), max_size=8))
def test_the_cuts_make_no_difference(text: str, cuts: list[int]) -> None:
    at = [0, *sorted(cuts), len(text)]
    assert spoken([text[a:b] for a, b in pairwise(at)]) == spoken([text])


@given(texts)
def test_it_is_what_a_regular_expression_would_leave(text: str) -> None:
    closed = r"<think(?:ing)?>.*?</think(?:ing)?>"
    expected = re.sub(f"{closed}|<think(?:ing)?>.*|</think(?:ing)?>", "", text, flags=re.DOTALL)
    assert spoken([text]) == expected.lstrip()


@given(texts)
def test_text_without_tags_is_untouched_but_for_leading_space(text: str) -> None:
    if not any(tag in text for tag in TAGS):
        assert spoken([text]) == text.lstrip()
