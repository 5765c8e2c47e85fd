"""What nobody said is dropped, and what people say stays."""

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.whisper.agreement import plain
from livekit.plugins.whisper.guards import Drop, judge
from livekit.plugins.whisper.protocol import Heard, Word
from livekit.plugins.whisper.voice import Evidence

PHANTOMS = tomllib.loads((files("livekit.plugins.whisper") / "phantoms.toml").read_text(encoding="utf-8"))
PHRASES = [(language, phrase) for language, kinds in PHANTOMS.items() for phrase in kinds["whole"] + kinds["parts"]]
KOREAN = (
    "오늘 날씨가 정말 좋네요 내일은 비가 온다고 했는데 우산을 챙겨야 할까요 "
    "점심에 김치찌개를 먹었고 저녁에는 친구를 만나서 영화를 보려고"
)
ENGLISH = (
    "the train to Busan leaves at nine so we should be early "
    "because there was a long queue last time and my sister lost her ticket"
)


def drop(
    text: str,
    language: str = "ko",
    *,
    voiced_s: float,
    probability: float,
    logprob: float,
    no_speech: float = 0.1,
    prompt: str = "",
) -> Drop | None:
    heard = Heard(words=(Word(text=text),), language=language, logprob=logprob, no_speech=no_speech)
    return judge(heard, Evidence(voiced_s, probability), prompt=prompt)


def squeezed(phrase: str) -> str:
    return "".join(plain(word) for word in phrase.split())


def test_each_reason() -> None:
    assert drop("오늘 뭐 해?", voiced_s=0.064, probability=0.99, logprob=-0.1) is Drop.NO_VOICE
    assert drop("오늘 뭐 해?", voiced_s=1.0, probability=0.6, logprob=-1.2, no_speech=0.9) is Drop.NO_SPEECH
    assert drop("오늘 뭐 해?", voiced_s=1.0, probability=0.99, logprob=-2.5, no_speech=0.0) is Drop.NO_SPEECH
    assert drop("시청해 주셔서 감사합니다.", voiced_s=1.5, probability=0.7, logprob=-0.3) is Drop.PHANTOM
    assert drop("그래서 어제 " * 12, voiced_s=20.0, probability=0.99, logprob=-0.1) is Drop.LOOP
    assert drop(KOREAN, voiced_s=0.5, probability=0.99, logprob=-0.1) is Drop.RATE


def test_one_sign_of_silence_alone_is_none() -> None:
    assert drop("오늘 뭐 해?", voiced_s=1.0, probability=0.99, logprob=-0.1, no_speech=0.9) is None
    assert drop("오늘 뭐 해?", voiced_s=1.0, probability=0.97, logprob=-1.0, no_speech=0.1) is None
    assert drop("오늘 뭐 해?", voiced_s=1.0, probability=0.75, logprob=-0.3, no_speech=0.1) is None


@pytest.mark.parametrize(
    ("text", "probability", "no_speech", "dropped"),
    [
        ("Okay.", 0.88, 0.1, None),
        ("Okay, dear.", 0.88, 0.1, Drop.NO_SPEECH),
        ("Okay.", 0.8, 0.1, Drop.NO_SPEECH),
        ("Okay.", 0.88, 0.3, Drop.NO_SPEECH),
    ],
)
def test_a_word_by_itself_may_be_less_sure_where_the_voice_is_one(
    text: str, probability: float, no_speech: float, dropped: Drop | None
) -> None:
    assert drop(text, "en", voiced_s=0.45, probability=probability, logprob=-1.1, no_speech=no_speech) is dropped


def test_no_words_are_always_believed() -> None:
    assert judge(Heard(language="ko", logprob=-3.0, no_speech=1.0), Evidence(0.0, 0.0)) is None


@pytest.mark.parametrize("text", ["♪", "♪♪♪", "...", " …", "- -"])
def test_without_a_letter_nothing_was_said(text: str) -> None:
    assert drop(text, voiced_s=0.4, probability=0.6, logprob=-0.4) is Drop.PHANTOM


def test_the_file_has_both_languages_and_nothing_twice() -> None:
    assert {"ko", "en"} <= set(PHANTOMS)
    for kinds in PHANTOMS.values():
        assert set(kinds) == {"whole", "parts"}
    compared = [squeezed(phrase) for _, phrase in PHRASES]
    assert all(compared)
    assert sorted({phrase for phrase in compared if compared.count(phrase) > 1}) == []


def test_phantoms_are_dropped_where_evidence_is_weak() -> None:
    for language, phrase in PHRASES:
        for written in (phrase, f" {phrase.upper()}!", phrase.replace(" ", "")):
            weak = drop(written, language, voiced_s=3.0, probability=0.78, logprob=-0.5)
            assert weak is Drop.PHANTOM, written
            assert drop(written, language, voiced_s=3.0, probability=0.97, logprob=-0.7, no_speech=0.8), written


def test_phantoms_are_kept_where_they_were_surely_said() -> None:
    for language, phrase in PHRASES:
        assert drop(phrase, language, voiced_s=3.0, probability=0.95, logprob=-0.3) is None, phrase


def test_parts_count_wherever_they_are_and_wholes_do_not() -> None:
    weak = {"voiced_s": 4.0, "probability": 0.7, "logprob": -0.5}
    assert drop("지금까지 MBC 뉴스 김민수였습니다.", **weak) is Drop.PHANTOM
    assert drop("Subtitles by the Amara.org community", "en", **weak) is Drop.PHANTOM
    assert drop("도와주셔서 감사합니다", **weak) is None
    assert drop("Thank you, I will take the second one.", "en", **weak) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("네", "ko"), ("네.", "ko"), ("응", "ko"), ("아니요", "ko"), ("감사합니다", "ko"), ("안녕", "ko"),
        ("Yes.", "en"), ("No.", "en"), ("Thank you.", "en"), ("Bye.", "en"), ("Okay.", "en"),
    ],
)  # fmt: skip
@given(
    voiced_s=st.floats(0.2, 0.6),
    probability=st.floats(0.9, 1.0),
    logprob=st.floats(-0.55, -0.2),
    no_speech=st.floats(0, 0.6),
)
def test_short_answers_survive(
    text: str, language: str, voiced_s: float, probability: float, logprob: float, no_speech: float
) -> None:
    evidence = {"voiced_s": voiced_s, "probability": probability, "logprob": logprob, "no_speech": no_speech}
    assert drop(text, language, **evidence) is None


@given(
    st.sampled_from([("ko", KOREAN.split(), 7.0), ("en", sorted(set(ENGLISH.split())), 16.0)]),
    st.data(),
    st.floats(0.95, 1.0),
    st.floats(-0.3, 0.0),
    st.floats(0, 0.6),
)
def test_what_was_surely_said_is_never_dropped(
    spoken: tuple[str, list[str], float], data: st.DataObject, probability: float, logprob: float, no_speech: float
) -> None:
    language, vocabulary, letters_a_second = spoken
    words = data.draw(st.lists(st.sampled_from(vocabulary), min_size=1, unique=True))
    words = [word + data.draw(st.sampled_from(["", "", "", ",", ".", "?"])) for word in words]
    voiced_s = max(0.2, sum(map(len, words)) / letters_a_second)
    evidence = {"voiced_s": voiced_s, "probability": probability, "logprob": logprob, "no_speech": no_speech}
    assert drop(" ".join(words), language, **evidence) is None


@pytest.mark.parametrize(
    "text",
    [
        "네, 네, 네, 네",
        "아니 아니 아니 아니 아니",
        "빨리 빨리 빨리",
        "여보세요? 여보세요? 여보세요?",
        "아 그래 아 그래 아 그래",
        "하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉 열",
        "공일공 일이삼사 오육칠팔",
    ],
)
def test_people_repeat_themselves(text: str) -> None:
    assert drop(text, voiced_s=3.0, probability=0.95, logprob=-0.3) is None


@given(st.lists(st.sampled_from(KOREAN.split()), min_size=2, max_size=4, unique=True), st.integers(4, 12))
def test_a_phrase_four_times_over_is_a_loop(phrase: list[str], times: int) -> None:
    text = " ".join(["자", *phrase * times])
    assert drop(text, voiced_s=60.0, probability=1.0, logprob=0.0) is Drop.LOOP
    assert drop(" ".join(phrase * 2), voiced_s=60.0, probability=1.0, logprob=0.0) is None


@pytest.mark.parametrize(
    ("text", "language", "voiced_s"),
    [
        (ENGLISH, "en", 6.0),
        (KOREAN, "ko", 7.5),
        ("Machine learning이 뭐야?", "ko", 1.2),
        ("넷플릭스 premium subscription 취소해 줘", "ko", 2.0),
        ("Hello, how are you doing today?", "ko", 1.3),
    ],
)
def test_fast_speech_survives_in_letters_of_either_language(text: str, language: str, voiced_s: float) -> None:
    assert drop(text, language, voiced_s=voiced_s, probability=0.95, logprob=-0.3) is None


@pytest.mark.parametrize("text", [ENGLISH, KOREAN])
def test_a_sentence_does_not_fit_into_a_cough(text: str) -> None:
    assert drop(text, voiced_s=0.3, probability=0.99, logprob=-0.1) is Drop.RATE


def test_a_prompt_that_comes_back_was_not_said() -> None:
    prompt = "미나, 말벗 안녕하세요. 커피를 드릴까요, 아니면 차를 드릴까요? 오늘 날씨가 참 좋네요."
    weak = {"voiced_s": 3.0, "probability": 0.78, "logprob": -0.5}
    assert drop("커피를 드릴까요 아니면 차를 드릴까요", prompt=prompt, **weak) is Drop.PHANTOM
    assert drop("커피를 주시고 차도 주세요", prompt=prompt, **weak) is None


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("네", "오늘 날씨가 참 좋네요."),
        ("아니", "커피를 드릴까요, 아니면 차를 드릴까요?"),
        ("커피", "커피를 드릴까요, 차를 드릴까요?"),
        ("Coffee.", "Would you like tea or coffee?"),
        ("No.", "Do you know the time?"),
    ],
)
def test_who_answers_with_a_word_of_the_question_is_heard(text: str, prompt: str) -> None:
    """A word is no echo, and half a word even less."""
    assert drop(text, voiced_s=0.4, probability=0.8, logprob=-0.4, prompt=prompt) is None


@pytest.mark.parametrize(
    ("text", "voice", "dropped"),
    [
        ("No, no, no.", 0.8, Drop.LOOP),
        ("No, no, no.", 0.9, None),
        ("And the the the the the", 0.9, Drop.LOOP),
        ("네, 네, 네, 네, 네.", 0.97, None),
    ],
)
def test_one_word_over_and_over_is_a_loop_where_the_voice_is_doubtful(
    text: str, voice: float, dropped: Drop | None
) -> None:
    words = tuple(Word(text=f" {word}") for word in text.split())
    heard = Heard(words=words, language="en", logprob=-0.2, no_speech=0.1)
    assert judge(heard, Evidence(3.0, voice)) is dropped


def test_a_sound_that_brought_unlikely_words_before_has_to_be_surer() -> None:
    heard = Heard(words=(Word(text=" You are not a good man."),), language="en", logprob=-1.0, no_speech=0.3)
    assert judge(heard, Evidence(3.0, 0.94), doubts=1) is None
    assert judge(heard, Evidence(3.0, 0.94), doubts=2) is Drop.NO_SPEECH
    assert judge(heard, Evidence(3.0, 0.98), doubts=9) is None
    assert judge(heard.model_copy(update={"logprob": -0.3}), Evidence(3.0, 0.94), doubts=9) is None
