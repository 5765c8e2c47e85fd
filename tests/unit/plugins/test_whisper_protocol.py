"""A question arrives as it was sent, and what is no question is told from one."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.whisper.protocol import (
    MAX_AUDIO_S,
    SAMPLE_RATE,
    BadQuestion,
    Heard,
    Kind,
    Question,
    Samples,
    Word,
    pack,
    unpack,
)

questions = st.builds(
    Question,
    call=st.text(max_size=100),
    kind=st.sampled_from(Kind),
    language=st.none() | st.sampled_from(["ko", "en", "yue"]),
    prompt=st.text(max_size=200),
    speech_end_s=st.floats(0, 28),
    word_times=st.booleans(),
)
sounds = st.binary(max_size=400).map(lambda data: np.frombuffer(data[: len(data) // 2 * 2], np.int16))
ANY = Question(call="a", kind=Kind.FINAL, speech_end_s=1.0)


def body(document: bytes, samples: bytes = b"") -> bytes:
    return struct.pack(">I", len(document)) + document + samples


@given(questions, sounds)
def test_a_question_arrives_as_it_was_sent(question: Question, samples: Samples) -> None:
    arrived, heard = unpack(pack(question, samples))
    # Speech ends within the audio, whatever is said of it.
    end_s = min(question.speech_end_s, len(samples) / 16000)
    assert arrived == question.model_copy(update={"speech_end_s": end_s})
    assert heard.dtype == np.int16
    np.testing.assert_array_equal(heard, samples)


@given(questions, sounds, st.integers(0, 1000))
def test_a_body_that_breaks_off_is_refused_or_has_lost_whole_samples(
    question: Question, samples: Samples, keep: int
) -> None:
    whole = pack(question, samples)
    broken = whole[:keep]
    lost = len(whole) - len(broken)
    if lost % 2 or lost > len(samples) * 2:
        with pytest.raises(BadQuestion):
            unpack(broken)
    else:
        np.testing.assert_array_equal(unpack(broken)[1], samples[: len(samples) - lost // 2])


def refused(data: bytes) -> str:
    """The line with which it is refused; what is taken must be a question."""
    try:
        unpack(data)
    except BadQuestion as error:
        return str(error)
    return ""


@given(st.binary(max_size=300))
def test_garbage_is_refused_in_one_line(data: bytes) -> None:
    line = refused(data)
    assert line
    assert "\n" not in line


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
fields = st.sampled_from(["call", "kind", "language", "prompt", "speech_end_s", "word_times"]) | st.text(max_size=8)


@given(st.dictionaries(fields, values, max_size=7))
def test_a_document_of_another_form_is_refused(document: dict[str, object]) -> None:
    refused(body(json.dumps(document).encode()))


@pytest.mark.parametrize("field", ["tempera\nture", "k" * 60_000, ""])
def test_a_field_that_nobody_knows_is_refused_in_one_short_line(field: str) -> None:
    line = refused(body(json.dumps({**ANY.model_dump(), field: 1}).encode()))
    assert 0 < len(line) < 500
    assert "\n" not in line


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"kind": 3}, "kind"),
        ({"kind": "final"}, "kind"),
        ({"call": "a" * 101}, "call"),
        ({"prompt": "a" * 2001}, "prompt"),
        ({"language": "indonesian"}, "language"),
        ({"speech_end_s": -0.1}, "speech_end_s"),
        ({"speech_end_s": None}, "speech_end_s"),
        ({"temperature": 1}, "temperature"),
    ],
)
def test_the_line_names_the_field(document: dict[str, object], field: str) -> None:
    line = refused(body(json.dumps({**ANY.model_dump(), **document}).encode()))
    assert line.startswith(f"{field}: ")
    assert len(line) < 200


def test_a_length_beyond_the_body() -> None:
    assert "shorter" in refused(b"\0\0\0")
    assert refused(b"\xff\xff\xff\xff" + b"{}")
    assert refused(body(b"")).startswith("the document: ")


def test_too_much_audio_is_refused() -> None:
    most = int(MAX_AUDIO_S * SAMPLE_RATE)
    assert len(unpack(pack(ANY, np.zeros(most, np.int16)))[1]) == most
    with pytest.raises(BadQuestion, match=r"28\.0 s of audio are more than 28 s"):
        unpack(pack(ANY, np.zeros(most + 1, np.int16)))


@given(st.lists(st.text(max_size=8), max_size=6), st.floats(-10, 0), st.floats(0, 1))
def test_an_answer_arrives_as_it_was_sent(texts: list[str], logprob: float, no_speech: float) -> None:
    words = tuple(Word(text=text, start_s=number * 0.1, end_s=None) for number, text in enumerate(texts))
    heard = Heard(words=words, language="ko", logprob=logprob, no_speech=no_speech)
    assert Heard.model_validate_json(heard.model_dump_json()) == heard
    assert heard.text == "".join(texts).strip()
