"""A number given digit by digit is over when it is as long as such numbers are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.turns import Asked, finished


@pytest.mark.parametrize(
    ("language", "number"),
    [
        ("ko", "공일공 일이삼사 오육칠팔"),
        ("ko", "공일공에 삼둘하나공에 구구팔팔이요"),
        ("ko", "010-2345-6789"),
        ("ko", "공이 칠팔오 삼이일공"),
        ("ko", "02 785 3210번이에요"),
        ("ko", "일오팔팔에 공공일공"),
        ("en", "five five five one two three four"),
        ("en", "one five five five two two two three three three three"),
        ("en", "020 7946 0958"),
        ("en", "oh two oh seven nine four six oh nine five eight"),
        ("en", "555-1234"),
    ],
)
def test_whole(language: str, number: str) -> None:
    assert finished(number, language, Asked.PHONE) > 0.5


@pytest.mark.parametrize(
    ("language", "number"),
    [
        ("ko", "공"),
        ("ko", "공일공"),
        ("ko", "공일공 일이삼사"),
        ("ko", "공일공 일이삼사 오육칠"),
        ("ko", "공일공 일이삼사에"),
        ("ko", "공삼일에"),
        ("ko", "785"),
        ("en", "five"),
        ("en", "five five five"),
        ("en", "five five five one two"),
        ("en", "020 7946"),
        ("en", "555-12"),
    ],
)
def test_cut_short(language: str, number: str) -> None:
    assert finished(number, language, Asked.PHONE) < 0.5


@given(st.lists(st.integers(0, 9), min_size=8, max_size=8), st.integers(0, 8))
def test_every_beginning_of_a_mobile_number_is_cut(digits: list[int], count: int) -> None:
    spoken = "공일공" + "".join("공일이삼사오육칠팔구"[digit] for digit in digits[:count])
    assert (finished(spoken, "ko", Asked.PHONE) > 0.5) == (count == 8)


def test_an_amount_is_no_telephone_number() -> None:
    assert finished("82", "ko", Asked.NUMBER) > 0.5
    assert finished("83", "en", Asked.NUMBER) > 0.5
