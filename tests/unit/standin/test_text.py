import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malbeot_local.standin.text import (
    SPLIT_METHODS,
    NothingToSayError,
    bounded,
    clean,
    sentences,
    spoken_language,
)


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("Hello, 민지", "auto", "ko"),
        ("Hello", "auto", "en"),
        ("2024", "auto", "en"),
        ("こんにちは世界", "auto", "ja"),
        ("你好", "auto", "zh"),
        ("你好", "auto_yue", "yue"),
        ("hello", "all_ko", "ko"),
        ("안녕", "en", "en"),
    ],
)
def test_spoken_language(text: str, language: str, spoken: str) -> None:
    assert spoken_language(text, language) == spoken


@pytest.mark.parametrize(
    ("text", "method", "expected"),
    [
        ("One two, three. Four five!", "cut0", ["One two, three. Four five!"]),
        ("One two, three four. Four five!", "cut5", ["One two,", " three four.", " Four five!"]),
        ("It costs 3.14 euros, not more", "cut5", ["It costs 3.14 euros,", " not more."]),
        ("Well. Then it goes. And on", "cut4", ["Well Then it goes.", " And on."]),
        ("Oh, then it goes on.", "cut5", ["Oh, then it goes on."]),
        ("Oh, then it goes on.", "cut0", [".Oh, then it goes on."]),
        ("It goes on. Oh.", "cut5", ["It goes on. Oh."]),
        ("Line one is here\nline two is here", "cut0", ["Line one is here.", "line two is here."]),
        ("a1. b2. c3. d4. e5. f6. g7. h8. i9.", "cut1", [".a1. b2. c3.", " d4. e5. f6. g7. h8. i9."]),
        (
            "word " * 12 + ". Next one. " + "word " * 12,
            "cut2",
            ["word " * 12 + ".", " Next one. " + "word " * 12 + "。"],
        ),
        ("네, 그럼요。산책을 갔어요。", "cut3", [".네, 그럼요.", "산책을 갔어요."]),
        ("Really?!...", "cut5", ["Really?"]),
        ("😊", "cut5", []),
        ("  ", "cut5", []),
        ("\n", "cut0", []),
    ],
)
def test_sentences(text: str, method: str, expected: list[str]) -> None:
    assert sentences(text, "en", method) == expected


def test_a_sentence_without_a_mark_gets_the_one_of_its_language() -> None:
    assert sentences("오늘은 비가 와요", "ko", "cut0") == ["오늘은 비가 와요。"]


@pytest.mark.parametrize("text", ["...", "?!", " ", "。"])
def test_punctuation_alone_is_an_error(text: str) -> None:
    with pytest.raises(NothingToSayError):
        sentences(text, "en", "cut5")


def test_a_sentence_over_the_models_limit_is_cut_at_its_marks() -> None:
    parts = sentences("some words and, " * 60 + "an end.", "en", "cut0")
    assert all(len(part) <= 510 for part in parts)
    assert "".join(parts) == "some words and, " * 60 + "an end."


@given(st.text(max_size=300), st.sampled_from(sorted(SPLIT_METHODS)), st.sampled_from(["en", "ko", "auto"]))
def test_no_cut_loses_or_reorders_a_word(text: str, method: str, language: str) -> None:
    try:
        parts = sentences(text, language, method)
    except NothingToSayError:
        parts = []

    def letters(text: str) -> str:
        return re.sub(r"\W", "", text)

    assert letters("".join(parts)) == letters(text)
    assert all(letters(part) for part in parts)


def test_bounded_prefers_sentence_ends_and_loses_nothing() -> None:
    text = "First sentence here. " * 30 + "word " * 100 + "x" * 450
    parts = bounded(text)
    assert all(len(part) <= 200 for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert parts[0].endswith("here.")


def test_clean_takes_out_phoneme_notation_and_control_characters() -> None:
    assert clean("Say [[h@l'oU]]\x00 now") == "Say  h@l'oU   now"
