"""Which of the model's tokens were spoken, how far they reach, and what becomes of speech behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.whisper.engine.decoder import Decoder, _Entry, _silence_s, heard_to_s, spoken_tokens
from livekit.plugins.whisper.protocol import SAMPLE_RATE, Heard, Kind, Question, Word


@dataclass(frozen=True)
class Numbers:
    """What a tokenizer of Whisper says of its special tokens: text, then the end and others, then timestamps."""

    eot: int = 1000
    timestamp_begin: int = 1100


NUMBERS = Numbers()
END = NUMBERS.eot


def at(seconds: float) -> int:
    return NUMBERS.timestamp_begin + round(seconds / 0.02)


@pytest.mark.parametrize(
    ("ids", "speech_end_s", "spoken", "end_s"),
    [
        pytest.param([at(0), 1, 2, 3, at(1.5), at(1.5), 1, 2, 3, at(3), END], 1.5, [1, 2, 3], 1.5, id="a loop behind"),
        pytest.param([at(0), 1, at(1.2), at(1.2), 1, END], 1.5, [1], 1.2, id="closed a little before the end"),
        pytest.param([at(0), 1, at(1.0), at(1.0), 2, at(2.0), END], 2.0, [1, 2], 2.0, id="a sentence ends within"),
        pytest.param([at(0), 1, at(1.0), at(1.6), 2, at(2.4), at(2.4), 3], 2.0, [1, 2], 2.4, id="a pause within"),
        pytest.param([at(0), 1, 2, 3, END], 1.0, [1, 2, 3], 1.0, id="never closed"),
        pytest.param([1, 2, 3], 1.0, [1, 2, 3], 1.0, id="no timestamps"),
        pytest.param([at(0), 1, at(0.3), at(0.3), 1], 0.2, [1], 0.3, id="one short word"),
        pytest.param([at(0.8), 1, at(1.4), at(1.4), 1], 1.0, [1], 1.4, id="opened late"),
        pytest.param([1, 1050, END, 2], 1.0, [1, 2], 1.0, id="other special tokens"),
        pytest.param([at(0), 1, at(1.0), END], 3.0, [1], 1.0, id="stopped early"),
        pytest.param([at(0), 1, at(1.0), 2, END], 3.0, [1, 2], 3.0, id="stopped early and never closed"),
    ],
)
def test_examples(ids: list[int], speech_end_s: float, spoken: list[int], end_s: float) -> None:
    assert spoken_tokens(ids, speech_end_s, NUMBERS) == (spoken, pytest.approx(end_s))


@pytest.mark.parametrize("ids", [[], [END], [at(0), at(1), END]])
def test_nothing_was_said(ids: list[int]) -> None:
    assert spoken_tokens(ids, 1.0, NUMBERS)[0] == []


text = st.lists(st.integers(0, END - 1), min_size=1, max_size=8)


@given(st.lists(text, min_size=1, max_size=4), text, st.floats(0, 2))
def test_sentences_are_kept_and_a_loop_behind_them_is_cut(
    sentences: list[list[int]], loop: list[int], late_s: float
) -> None:
    """Each sentence takes a second; the model closes the last one up to 2 s too late, and goes on."""
    ids: list[int] = []
    for second, sentence in enumerate(sentences):
        last = second == len(sentences) - 1
        ids += [at(second), *sentence, at(second + 1 + (late_s if last else 0))]
    ids += [at(len(sentences) + late_s), *loop, at(len(sentences) + late_s + 1), END]
    expected = [token for sentence in sentences for token in sentence]
    spoken, end_s = spoken_tokens(ids, float(len(sentences)), NUMBERS)
    assert spoken == expected
    assert end_s == pytest.approx(len(sentences) + late_s, abs=0.02)


@given(text, st.floats(0, 30))
def test_text_without_timestamps_is_whole(tokens: list[int], speech_end_s: float) -> None:
    assert spoken_tokens([*tokens, END], speech_end_s, NUMBERS) == (tokens, speech_end_s)


@given(st.lists(st.integers(0, 2600), max_size=30), st.floats(0, 30))
def test_whatever_the_model_writes_it_is_a_beginning_of_its_text(ids: list[int], speech_end_s: float) -> None:
    spoken, _ = spoken_tokens(ids, speech_end_s, NUMBERS)
    assert [token for token in ids if token < END][: len(spoken)] == spoken


@pytest.mark.parametrize("kind", Kind)
def test_little_audio_gets_the_most_silence_so_that_it_is_not_said_twice(kind: Kind) -> None:
    def silence_s(audio_s: float) -> float:
        samples = np.zeros(round(audio_s * SAMPLE_RATE), np.int16)
        return _silence_s(_Entry(0, Question(call="a", kind=kind, speech_end_s=audio_s), samples))

    assert silence_s(0.6) >= 3.0
    assert (silence_s(2.0) < silence_s(0.6)) == (kind is not Kind.FINAL)


def word(text: str, end_s: float | None) -> Word:
    return Word(text=text, start_s=None if end_s is None else end_s - 0.3, end_s=end_s)


@pytest.mark.parametrize(
    ("last_s", "said_s", "heard_s"),
    [(6.5, 15.7, 6.5), (15.2, 15.7, 15.7), (14.0, 15.7, 15.7), (None, 15.7, 15.7), (6.5, 6.6, 6.5), (15.2, 7.0, 7.0)],
    ids=["skipped", "to the end", "a long last vowel", "no times", "both", "the model stopped"],
)
def test_words_reach_as_far_as_their_times_where_much_speech_lies_behind(
    last_s: float | None, said_s: float, heard_s: float
) -> None:
    assert heard_to_s([word(" home.", last_s)], said_s, 15.7) == heard_s


class ScriptedDecoder(Decoder):
    """Whoever asks for the rest of a recording gets this, and it is noted how much that was."""

    def __init__(self, rest: Heard) -> None:
        super().__init__(SimpleNamespace(model=None, feature_extractor=None, supported_languages=()))
        self.rest = rest
        self.asked_s: list[float] = []

    def _recognise_alike(self, group: Sequence[_Entry]) -> list[Heard]:
        self.asked_s += [len(entry.samples) / SAMPLE_RATE for entry in group]
        return [self.rest]


@pytest.mark.parametrize(
    ("no_speech", "text"), [(0.1, " home. Again."), (0.9, " home.")], ids=["speech is added", "noise is not"]
)
def test_what_lies_behind_the_words_is_recognised_apart(no_speech: float, text: str) -> None:
    decoder = ScriptedDecoder(Heard(words=(word(" Again.", 1.0),), language="en", no_speech=no_speech))
    question = Question(call="a", kind=Kind.FINAL, speech_end_s=10.0)
    heard = decoder._continued(
        _Entry(0, question, np.zeros(10 * SAMPLE_RATE, np.int16)),
        Heard(words=(word(" home.", 4.0),), language="en"),
        4.0,
    )
    assert decoder.asked_s == [6.0]
    assert "".join(word.text for word in heard.words) == text
    assert [word.end_s for word in heard.words][1:] == ([5.0] if "Again" in text else [])
