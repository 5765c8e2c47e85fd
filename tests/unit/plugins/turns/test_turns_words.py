"""The words tell whether a turn is over, in utterances that tuning has seen and in those it has not."""

import csv
import hashlib
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.turns import Asked, finished, what_was_asked


class Utterance(NamedTuple):
    label: str
    asked: str
    text: str


def utterances(language: str, *, held_out: bool) -> list[Utterance]:
    """One half of our own utterances. The rules were tuned on what is not held out."""
    with (Path(__file__).parent / f"{language}.tsv").open(encoding="utf-8", newline="") as file:
        rows = [Utterance(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return [row for row in rows if hashlib.sha256(row.text.encode()).digest()[0] % 2 == held_out]


def share_right(language: str, code: str, *, held_out: bool) -> float:
    rows = utterances(language, held_out=held_out)
    right = [(finished(r.text, code, what_was_asked(r.asked, code)) >= 0.5) == (r.label == "whole") for r in rows]
    return sum(right) / len(right)


def test_the_material_is_half_cut_and_half_whole() -> None:
    for language, count in (("korean", 300), ("english", 200)):
        rows = utterances(language, held_out=False) + utterances(language, held_out=True)
        assert len(rows) == len({row.text for row in rows}) == count
        assert sum(row.label == "whole" for row in rows) == sum(row.label == "cut" for row in rows)


@pytest.mark.parametrize(("language", "code"), [("korean", "ko"), ("english", "en")])
def test_the_half_that_the_rules_were_tuned_on(language: str, code: str) -> None:
    assert share_right(language, code, held_out=False) >= 0.98


@pytest.mark.parametrize(("language", "code", "least"), [("korean", "ko", 0.97), ("english", "en", 0.98)])
def test_the_half_that_tuning_never_saw(language: str, code: str, least: float) -> None:
    assert share_right(language, code, held_out=True) >= least


WHOLE = [
    ("ko", Asked.NONE, "점심 먹었어요"),
    ("ko", Asked.NONE, "그게 무슨 말이야"),
    ("ko", Asked.NONE, "갔지 뭐"),
    ("ko", Asked.NONE, "나는 벌써 먹었다니까"),
    ("ko", Asked.NONE, "이제 자야지"),
    ("ko", Asked.YES_NO, "어"),
    ("ko", Asked.FACT, "시장에"),
    ("ko", Asked.NUMBER, "일흔아홉"),
    ("ko", Asked.DATE, "다음 주 화요일"),
    ("ko", Asked.NAME, "이영희"),
    ("ko", Asked.REASON, "비가 와서"),
    ("ko", Asked.PHONE, "공일공 이이삼삼 사사오오"),
    ("en", Asked.NONE, "I had a lovely day"),
    ("en", Asked.NONE, "What are you looking at?"),
    ("en", Asked.NONE, "Not really."),
    ("en", Asked.YES_NO, "I did"),
    ("en", Asked.DATE, "At seven."),
    ("en", Asked.DATE, "In May"),
    ("en", Asked.FACT, "My sister"),
    ("en", Asked.PHONE, "five five five double two one four"),
    ("en", Asked.DATE, "When the shops close."),
    ("en", Asked.YES_NO, "Yes, a parcel."),
    ("en", Asked.NUMBER, "Two hundred, I'd say."),
    ("en", Asked.OPEN, "Rather lonely, to be honest."),
    ("en", Asked.OPEN, "I stayed at home. because the lift was broken."),
    ("en", Asked.FACT, "On the table, please."),
    ("en", Asked.NONE, "My mother taught me."),
    ("en", Asked.FACT, "I can't decide, what would you have?"),
    ("en", Asked.NONE, "I am a bit, yes."),
    ("en", Asked.FACT, "Stamps, but there's nobody left to swap with."),
    ("en", Asked.OPEN, "She won't use the walker they gave her."),
    ("en", Asked.FACT, "It's Mrs. Patel at number 42."),
    ("en", Asked.YES_NO, "That would be lovely."),
    ("en", Asked.OPEN, "Oh, a lovely dancer."),
    ("en", Asked.FACT, "A hedgehog that comes by."),
    ("en", Asked.FACT, "I didn't like him and I told him so."),
    ("en", Asked.YES_NO, "Let me sit down. And then we'll see."),
    ("en", Asked.PHONE, "555, then 2139."),
    ("en", Asked.NONE, "I forgot my room number."),
]
CUT = [
    ("ko", Asked.NONE, "점심을 먹고"),
    ("ko", Asked.NONE, "내가 말이야"),
    ("ko", Asked.NONE, "점심 먹었어요 그리고"),
    ("ko", Asked.NONE, "우리 아들은."),
    ("ko", Asked.NONE, "비가 와서"),
    ("ko", Asked.NONE, "어"),
    ("ko", Asked.NAME, "김"),
    ("ko", Asked.DATE, "오전"),
    ("ko", Asked.PHONE, "공일공 이이삼삼"),
    ("ko", Asked.OPEN, "아침에 일어나서"),
    ("en", Asked.NONE, "I had a lovely day and"),
    ("en", Asked.NONE, "I used to work at the."),
    ("en", Asked.NONE, "If it rains"),
    ("en", Asked.NONE, "It was, you know"),
    ("en", Asked.NONE, "It costs more than"),
    ("en", Asked.DATE, "The fourth of"),
    ("en", Asked.PHONE, "five five five"),
    ("en", Asked.DIGITS, "Seven seven one."),
    ("en", Asked.FACT, "If it stays dry."),
    ("en", Asked.NUMBER, "Let me check."),
    ("en", Asked.OPEN, "Well, to be honest."),
    ("en", Asked.OPEN, "I went to the, as I said."),
    ("en", Asked.FACT, "It's Mrs. Patel at number"),
    ("en", Asked.FACT, "Runner beans, a few..."),
    ("en", Asked.OPEN, "We had slates in a big..."),
    ("en", Asked.OPEN, "My sister called, and they gave her"),
    ("en", Asked.OPEN, "On Sunday they gave me"),
    ("en", Asked.OPEN, "This morning he told me"),
    ("en", Asked.OPEN, "At the hospital they gave her"),
    ("en", Asked.OPEN, "And the doctor he told me"),
    ("en", Asked.NONE, "I want to go with"),
    ("en", Asked.NONE, "I need someone to help with"),
    ("en", Asked.NONE, "I think it's something to do with"),
    ("en", Asked.NONE, "My friend used to work at."),
    ("en", Asked.NONE, "Some people like to talk about."),
    ("en", Asked.NONE, "At the end of the road you'll see"),
    ("en", Asked.NONE, "That will never"),
    ("en", Asked.PHONE, "555, then 21"),
    ("en", Asked.FACT, "My number is 42"),
    ("ko", Asked.DIGITS, "일이삼"),
]


@pytest.mark.parametrize(("language", "asked", "text"), WHOLE)
def test_over(language: str, asked: Asked, text: str) -> None:
    assert finished(text, language, asked) > 0.5


@pytest.mark.parametrize(("language", "asked", "text"), CUT)
def test_not_over(language: str, asked: Asked, text: str) -> None:
    assert finished(text, language, asked) < 0.5


def test_a_full_stop_weighs_less_than_the_words() -> None:
    for language, cut, whole in (("ko", "시장에 가려고", "시장에 가요"), ("en", "I went to", "I went home")):
        assert finished(f"{cut}.", language) < 0.5 < finished(whole, language)


@pytest.mark.parametrize("text", ["", "  ", "…", "?!"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_nothing_said_says_nothing(text: str, language: str) -> None:
    assert finished(text, language) == 0.5


@pytest.mark.parametrize("language", ["", "fr", "ja-JP", "zz"])
def test_an_unknown_language_says_nothing(language: str) -> None:
    assert finished("Oui, je", language) == 0.5


@pytest.mark.parametrize(("code", "like"), [("ko-KR", "ko"), ("EN_us", "en")])
def test_a_region_changes_nothing(code: str, like: str) -> None:
    assert finished("and 그리고", code) == finished("and 그리고", like)


kinds = st.sampled_from(Asked)
languages = st.sampled_from(["ko", "en"])
korean = "우리 딸이 병원에 갔는데 그래서 네 아니요 음 먹었어요 공일공 일이삼사 세 시 예쁜"
english = "I the went to and um May 5 010-2345, home. you know?"
spoken = st.lists(st.sampled_from([*korean.split(), *english.split()]), max_size=40).map(" ".join)


@given(text=st.one_of(st.text(max_size=200), spoken), language=languages, asked=kinds)
def test_any_text_gives_a_probability(text: str, language: str, asked: Asked) -> None:
    assert 0.0 <= finished(text, language, asked) <= 1.0


@given(words=spoken, gap=st.text(alphabet=" \t\n", min_size=1, max_size=3), language=languages, asked=kinds)
def test_spacing_and_case_do_not_matter(words: str, gap: str, language: str, asked: Asked) -> None:
    changed = gap + gap.join(words.split()).swapcase() + gap
    assert finished(changed, language, asked) == finished(words, language, asked)


@given(text=st.text(max_size=200), language=st.one_of(languages, st.text(max_size=8)))
def test_whatever_the_agent_said_some_kind_was_asked(text: str, language: str) -> None:
    assert what_was_asked(text, language) in Asked
