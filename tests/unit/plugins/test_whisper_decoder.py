"""Which of the model's tokens were spoken: all up to the timestamp that closes the speech."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.whisper.engine.decoder import _Entry, _silence_s, spoken_tokens
from livekit.plugins.whisper.protocol import SAMPLE_RATE, Kind, Question


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
