"""Which words are only listening."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.turns.words.data import table
from livekit.plugins.turns.words.interjections import Reading, reading

LISTENING = {
    "ko": (
        "네",
        "네.",
        "네에",
        "네네네",
        "네, 네",
        "응 응",
        "응.",
        "음…",
        "그래요?",
        "아이고!",
        "아네 그렇군요",
        "ㅋㅋㅋ",
        "하하하",
    ),
    "en": (
        "Mm-hmm.",
        "Uh-huh.",
        "uh huh",
        "Hmm.",
        "Mmmm",
        "Oh.",
        "Right.",
        "right, right",
        "Yeahhh",
        "Oh, really?",
        "Haha!",
    ),
}
WORDS = {
    "ko": ("어머니가 오셨어요", "오늘은 비가 와요", "음식이 없어요", "예약했어요", "네가 했잖아"),
    "en": ("My son is here", "I don't know him", "Good morning to you", "Right here", "You know"),
}
ORDERS = {
    "ko": ("네 그런데", "아니", "잠깐만요", "그래요, 근데", "그만"),
    "en": ("right, but", "Wait", "no", "Hold on", "Yeah, but what", "Stop."),
}


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language in LISTENING for text in LISTENING[language]]
)
def test_words_of_listening_are_known_stretched_repeated_and_marked(language: str, text: str) -> None:
    assert reading(text, language) is Reading.LISTENING


@pytest.mark.parametrize(("language", "text"), [(language, text) for language in WORDS for text in WORDS[language]])
def test_words_that_begin_like_listening_are_words(language: str, text: str) -> None:
    assert reading(text, language) is Reading.WORDS


@pytest.mark.parametrize(("language", "text"), [(language, text) for language in ORDERS for text in ORDERS[language]])
def test_what_goes_on_or_orders_claims_the_turn(language: str, text: str) -> None:
    assert reading(text, language) is Reading.ORDER


@pytest.mark.parametrize(("language", "text"), [("ko", "아이"), ("ko", "으"), ("en", "mm h"), ("en", "oh rea")])
def test_a_beginning_may_still_become_listening(language: str, text: str) -> None:
    assert reading(text, language) is Reading.BEGINNING


@pytest.mark.parametrize("text", ["", " . ", "[laughter]", "(기침)", "*coughs*", "♪ la ♪", "…"])
def test_described_sounds_are_nothing(text: str) -> None:
    assert reading(text, "en") is Reading.NOTHING


def test_of_another_language_every_word_counts() -> None:
    assert reading("oui", "fr") is Reading.WORDS


@given(st.data(), st.sampled_from(["ko", "en"]))
def test_words_of_listening_strung_together_are_listening(data: st.DataObject, language: str) -> None:
    phrase = st.sampled_from(table("interjections")[language]["listening"])
    phrases = data.draw(st.lists(phrase, min_size=1, max_size=5))
    mark = data.draw(st.sampled_from([" ", ", ", ". ", "… "]))
    assert reading(mark.join(phrases), language) is Reading.LISTENING


@given(st.text(max_size=40), st.sampled_from(["ko", "en", "", "de"]))
def test_any_text_is_read(text: str, language: str) -> None:
    assert reading(text, language) in Reading
