"""Silence held back until sound follows, and the least time a text takes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.gpt_sovits.plausible import TrailingZeros, shortest_speech_s

samples = st.lists(st.sampled_from([0, 0, 0, 1, -1, 256, -256, 32767]), max_size=40).map(
    lambda values: np.array(values, dtype="<i2").tobytes()
)


@given(pieces=st.lists(samples, max_size=12))
def test_nothing_is_lost_and_no_zero_goes_before_its_time(pieces: list[bytes]) -> None:
    zeros, given_out = TrailingZeros(), b""
    for at, piece in enumerate(pieces):
        out = zeros.feed(piece)
        assert len(out) % 2 == 0
        assert not out or out[-2:] != b"\0\0"
        given_out += out
        came = b"".join(pieces[: at + 1])
        assert came == given_out + bytes(zeros.held)
        assert zeros.held % 2 == 0
    assert given_out + zeros.rest() == b"".join(pieces)
    assert zeros.rest() == b""


def test_zeros_are_counted_and_not_kept() -> None:
    zeros = TrailingZeros()
    for _ in range(100):
        assert zeros.feed(bytes(32000)) == b""
    assert zeros.held == 3_200_000
    assert all(len(value) < 1000 for value in vars(zeros).values() if isinstance(value, bytes | bytearray))


# As people said them, in a hurry: about the shortest recordings there could be.
@pytest.mark.parametrize(
    ("text", "hurried_s"),
    [
        ("Yes.", 0.2),
        ("The kitchen light is still on, and your sister will visit us on Sunday afternoon.", 3.5),
        ("네.", 0.12),
        ("안녕하세요, 오늘은 어떻게 지내셨어요?", 1.8),
        ("今日は天気がいいですね。", 1.2),
        ("Nooooooooooooooo!", 0.4),
        ("2024", 0.9),
    ],
)
def test_no_hurried_speech_is_taken_for_an_early_end(text: str, hurried_s: float) -> None:
    assert 0 < shortest_speech_s(text) < hurried_s


def test_half_a_sentence_is_shorter_than_the_whole_can_be() -> None:
    text = "안녕하세요, 오늘은 어떻게 지내셨어요?"
    spoken_s = 16 / 4.5  # syllables, by syllables a second of calm Korean
    assert shortest_speech_s(text) > 0.35 * spoken_s


@given(text=st.text(max_size=60), more=st.text(max_size=20), factor=st.floats(0.5, 2.0))
def test_more_text_never_takes_less_and_faster_takes_less(text: str, more: str, factor: float) -> None:
    assert shortest_speech_s(text + more) >= shortest_speech_s(text)
    assert shortest_speech_s(text, factor) == pytest.approx(shortest_speech_s(text) / factor)


def test_what_is_not_spoken_takes_no_time() -> None:
    assert shortest_speech_s(" … — 😊 !?") == 0
