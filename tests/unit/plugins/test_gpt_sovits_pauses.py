"""Between two clauses lies the intended silence, and no sound is lost for it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.gpt_sovits.pauses import HELD_S, LEAD_S, SILENCE_PEAK, PauseShaper

RATE = 1000
"""Low, so that a hundred samples are a tenth of a second."""


def pcm(*values: int) -> bytes:
    return np.array(values, "<i2").tobytes()


def run(values: list[int], *, first: bool, places: list[int] | None = None) -> list[int]:
    shaper = PauseShaper(RATE, first=first)
    bounds = [0, *sorted(places or []), len(values)]
    out = b"".join(shaper.feed(pcm(*values[a:b])) for a, b in pairwise(bounds))
    return [int(value) for value in np.frombuffer(out, "<i2")]


def silence(seconds: float, level: int = 0) -> list[int]:
    return [level] * round(seconds * RATE)


SOUND = [5000, -5000] * 50


def test_silence_before_a_later_clause_is_cut_to_the_lead() -> None:
    rising = list(range(SILENCE_PEAK))
    assert run(rising + SOUND, first=False) == rising[-round(LEAD_S * RATE) :] + SOUND
    assert run(silence(LEAD_S / 2, 9) + SOUND, first=False) == silence(LEAD_S / 2, 9) + SOUND


def test_a_first_clause_is_given_on_as_it_comes() -> None:
    shaper = PauseShaper(RATE, first=True)
    for piece in (pcm(*silence(2.0)), pcm(*SOUND)):
        assert shaper.feed(piece) == piece


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("own_s", [0.0, 0.2, 0.9, 30.0])
def test_a_clause_ends_with_its_sound(own_s: float, first: bool) -> None:
    assert run(SOUND + silence(own_s, 7), first=first) == SOUND


def test_sound_is_given_without_delay_and_silence_with_the_next_sound() -> None:
    shaper = PauseShaper(RATE, first=False)
    assert shaper.feed(pcm(*SOUND)) == pcm(*SOUND)
    assert shaper.feed(pcm(*silence(0.2))) == b""
    assert shaper.feed(pcm(0, *SOUND)) == pcm(*silence(0.2), 0, *SOUND)


def test_quiet_consonants_are_sound() -> None:
    consonant = [SILENCE_PEAK, 0, -SILENCE_PEAK] * 20
    assert run(consonant + SOUND + consonant, first=False) == consonant + SOUND + consonant


def test_silence_within_a_clause_is_bounded() -> None:
    assert run(SOUND + silence(60) + SOUND, first=False) == SOUND + silence(HELD_S) + SOUND


@pytest.mark.parametrize("first", [True, False])
def test_only_a_first_clause_without_sound_is_heard(first: bool) -> None:
    assert run(silence(1.5), first=first) == (silence(1.5) if first else [])


def test_the_loudest_sample_below_zero_is_sound() -> None:
    assert run([-32768], first=False) == [-32768]


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError):
        PauseShaper(RATE, first=False).feed(b"\0\0\0")


# Runs of silence around the bounds, between sounds.
quiet = st.integers(-SILENCE_PEAK + 1, SILENCE_PEAK - 1)
loud = st.integers(SILENCE_PEAK, 32767) | st.integers(-32768, -SILENCE_PEAK)
runs = st.tuples(quiet | loud, st.sampled_from([1, 2, 19, 20, 21, 300, 999, 1000, 1001, 1500])).map(
    lambda r: [r[0]] * r[1]
)
signals = st.lists(runs, max_size=8).map(lambda parts: [value for part in parts for value in part])


def is_loud(value: int) -> bool:
    return abs(value) >= SILENCE_PEAK


@given(signals, st.booleans(), st.data())
def test_piece_boundaries_do_not_matter(signal: list[int], first: bool, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(signal)), max_size=6))
    assert run(signal, first=first, places=places) == run(signal, first=first)


@given(signals, st.booleans())
def test_only_silence_is_removed(signal: list[int], first: bool) -> None:
    shaped = run(signal, first=first)
    assert [value for value in shaped if is_loud(value)] == [value for value in signal if is_loud(value)]
    rest = iter(signal)
    assert all(value in rest for value in shaped), "what comes out came in, in this order"


@given(signals)
def test_what_is_held_back_is_bounded(signal: list[int]) -> None:
    shaper = PauseShaper(RATE, first=False)
    came = given_on = 0
    for at in range(0, len(signal), 100):
        came += len(signal[at : at + 100])
        given_on += len(shaper.feed(pcm(*signal[at : at + 100]))) // 2
        assert len(shaper._held) <= 2 * HELD_S * RATE
    assert given_on <= came
