"""What is said: the checked pairs, and what must hold whatever the text."""

import time
import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livekit.plugins.gpt_sovits.spoken import spoken

PAIRS = tomllib.loads((Path(__file__).parent / "spoken_pairs.toml").read_text("utf-8"))
LANGUAGES = ["ko", "all_ko", "en", "auto", "auto_yue", "ja", "zh", "all_zh", "yue"]
READ = ["ko", "en"]
"""Languages with rules of their own."""
MARKUP = set("*`#|~^\\()[]{}<>")

EMOJI = [(0x2190, 0x21FF), (0x2600, 0x27BF), (0x2B00, 0x2BFF), (0x1F000, 0x1FBFF), (0xE0000, 0xE007F), (0xFE0E, 0xFE0F)]

# Text as models write it, cut and joined at random: numbers, marks and words meet in every order.
# fmt: off
PIECES = [
    *"*_`~#>|[](){}!-–—=+/\\:;.,'\"&<%$€£₩¥°@^²½①Ⅲ０５٣\n ",
    "**", "__", "~~", "```", "](", "://", "http://", "www.", "naver.com", "a_b@c.kr", "&amp;", "<b>", "- ", "1. ", "> ",
    "0", "1", "2", "3", "10", "12", "20", "75", "119", "911", "2026", "1,250", "36.5", "010-", "1234", "3:30", "1/2",
    "시", "분", "살", "세", "명", "개", "번", "원", "만", "억", "월", "일", "년", "도", "층", "제", "을", "는", "이",
    "로", "가", "오후", "혈압", "전화", "웃음", "미소 지으며", "안녕", "에서", "버스", "ㅋㅋ", "（", "）", "·", "여",
    "km", "kg", "m", "°C", "mg/dL", "GB", "TV", "AI", "US", "B", "a", "NASA", "Wi-Fi", "vs.", "Dr.", "St.", "e.g.",
    "007", "No.", "st", "th", "pm", " p.m.", "s", "Nov", "May", "room ", "call ", "smiles", "laughs", "he", "and",
    "😊", "👨\u200d👩\u200d👧", "🇰🇷", "👍🏽", "1\ufe0f\u20e3", "❤\ufe0f", "→", "\u200d", "\ufe0f", "\u0301", "\u1112",
    "\u1161", "\ue000", "\ud800", "million",
]
# fmt: on
written = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=40)


def pairs(language: str) -> list[tuple[str, str]]:
    return [(pair["written"], pair["spoken"]) for pair in PAIRS[language]]


def is_emoji(character: str) -> bool:
    code = ord(character)
    return any(low <= code <= high for low, high in EMOJI) or unicodedata.category(character) in ("Cs", "Co")


@pytest.mark.parametrize(("text", "expected"), pairs("ko"))
def test_korean_is_read_as_a_speaker_from_seoul_reads_it(text: str, expected: str) -> None:
    assert spoken(text, "ko") == expected


@pytest.mark.parametrize(("text", "expected"), pairs("en"))
def test_english_is_read_as_its_speakers_read_it(text: str, expected: str) -> None:
    assert spoken(text, "en") == expected


@pytest.mark.parametrize(("text", "expected"), pairs("other"))
def test_other_languages_lose_their_markup_and_nothing_more(text: str, expected: str) -> None:
    assert spoken(text, "ja") == expected


def test_there_are_enough_pairs_and_none_twice() -> None:
    assert len(PAIRS["ko"]) >= 100
    assert len(PAIRS["en"]) >= 60
    for language in PAIRS:
        texts = [text for text, _ in pairs(language)]
        assert len(texts) == len(set(texts))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_pair_said_again_stays(language: str) -> None:
    for _, said in pairs(language):
        assert spoken(said, language) == said


def test_auto_follows_the_script() -> None:
    assert spoken("3시", "auto") == "세 시"
    assert spoken("3 dogs", "auto") == "three dogs"
    assert spoken("3時です", "auto") == "3時です"
    assert spoken("3시", "all_ko") == "세 시"


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "😊", "...", "***", "(웃음)", "*smiles*", "[laughs]", "```", "---", "~~"]
)
@pytest.mark.parametrize("language", READ)
def test_where_nothing_is_left_to_say_the_answer_is_empty(text: str, language: str) -> None:
    assert spoken(text, language) == ""


@settings(max_examples=400, deadline=None, derandomize=True)
@given(written, st.sampled_from(LANGUAGES))
def test_whatever_is_written_becomes_one_line_without_markup_or_emoji(text: str, language: str) -> None:
    said = spoken(text, language)
    assert not MARKUP & set(said)
    assert not any(is_emoji(character) for character in said)
    assert said == " ".join(said.split())


@settings(max_examples=800, deadline=None, derandomize=True)
@given(written, st.sampled_from(LANGUAGES))
def test_what_is_said_is_said_the_same_again(text: str, language: str) -> None:
    said = spoken(text, language)
    assert spoken(said, language) == said


@settings(max_examples=400, deadline=None, derandomize=True)
@given(written, st.sampled_from(READ))
def test_no_digit_and_only_stops_remain(text: str, language: str) -> None:
    said = spoken(text, language)
    assert not any(character.isdigit() for character in said)
    assert all(character in " .,!?…'-" or unicodedata.category(character)[0] in "LM" for character in said)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 10**18), st.sampled_from(["", "시", "개", "명", "원", "층", "살", "km", "%", "월"]))
def test_every_number_is_said_in_hangul(number: int, counter: str) -> None:
    said = spoken(f"{number}{counter}", "ko").replace(" ", "")
    assert said
    assert all("가" <= character <= "힣" for character in said)


RUNS = ["1", "1,", "(", "*", "[", "a.", "1/", "3:", "3~", "만", "3만 ", "-", "<", "`", "http://", "@a", "1-", ".", "$1"]


@pytest.mark.parametrize("language", ["ko", "en", "ja"])
@pytest.mark.parametrize("piece", RUNS)
def test_long_runs_of_one_thing_are_read_in_bounded_time(piece: str, language: str) -> None:
    started = time.perf_counter()
    spoken(piece * 2000, language)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("after", ["시", "월", ".50", "st", "/3", "만"])
@pytest.mark.parametrize("before", ["", "$", "제"])
def test_a_number_longer_than_python_converts_is_read_all_the_same(before: str, after: str) -> None:
    for language in READ:
        assert spoken(before + "9" * 4400 + after, language)


def test_a_sentence_is_ready_long_before_it_is_spoken() -> None:
    sentence = "어르신, 오늘은 11월 21일 오후 3시 30분이고 기온은 -5도라서 **따뜻하게** 입으시고 약 2알을 드세요."
    spoken(sentence, "ko")
    started = time.perf_counter()
    for _ in range(100):
        spoken(sentence, "ko")
    assert (time.perf_counter() - started) / 100 < 0.02
