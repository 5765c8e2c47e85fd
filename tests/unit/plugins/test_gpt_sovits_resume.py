"""A sentence goes on where it broke off: nothing behind that place is lost, nothing well before it comes twice."""

import random
import time
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.gpt_sovits.resume import SEARCH_S, Resumption

RATE = 2000
"""Low, so that a tenth of a second is two hundred samples."""
SEARCH = round(SEARCH_S * RATE)
Samples = npt.NDArray[np.int16]


def noise(count: int, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).integers(4000, 16000, count, dtype=np.int16)


def resumed(samples: Samples, heard_s: float, places: list[int] | None = None, *, rate: int = RATE) -> Samples:
    resumption = Resumption(heard_s, rate)
    bounds = [0, *sorted(places or []), len(samples)]
    out = b"".join(resumption.feed(samples[a:b].tobytes()) for a, b in pairwise(bounds))
    return np.frombuffer(out + resumption.finish(), np.int16)


renderings = st.builds(noise, st.integers(0, 3 * RATE), st.integers(0, 9))
heard = st.floats(0.0, 2.0)
cuts = st.lists(st.integers(0, 3 * RATE), max_size=8)


@given(renderings, cuts)
def test_where_nothing_was_heard_all_is_given(samples: Samples, places: list[int]) -> None:
    assert np.array_equal(resumed(samples, 0.0, [min(place, len(samples)) for place in places]), samples)


@given(renderings, heard, cuts)
def test_piece_boundaries_do_not_matter(samples: Samples, heard_s: float, places: list[int]) -> None:
    places = [min(place, len(samples)) for place in places]
    assert np.array_equal(resumed(samples, heard_s, places), resumed(samples, heard_s))


@given(renderings, st.floats(0.001, 2.0))
def test_what_lies_behind_the_place_comes_out_unchanged(samples: Samples, heard_s: float) -> None:
    behind = samples[round(heard_s * RATE) + SEARCH :]
    given_on = resumed(samples, heard_s)
    assert len(behind) == 0 or np.array_equal(given_on[-len(behind) :], behind)


@given(renderings, st.floats(0.001, 2.0))
def test_no_more_than_the_search_is_said_twice_or_left_out(samples: Samples, heard_s: float) -> None:
    left = len(samples) - round(heard_s * RATE)
    given_on = len(resumed(samples, heard_s))
    assert left - SEARCH <= given_on <= left + SEARCH if left > 0 else given_on == 0


@given(renderings, st.floats(0.0, 1.0))
def test_a_rendering_no_longer_than_what_was_heard_gives_nothing(samples: Samples, more_s: float) -> None:
    heard_s = len(samples) / RATE + more_s
    assert len(resumed(samples, heard_s)) == 0


@given(st.integers(-SEARCH + 40, SEARCH - 40), st.integers(0, 9))
def test_it_goes_on_in_the_gap_between_two_words(offset: int, seed: int) -> None:
    samples = noise(3 * RATE, seed)
    gap = RATE + offset
    samples[gap - 40 : gap + 40] = 30
    given_on = resumed(samples, 1.0)
    begin = len(samples) - len(given_on)
    assert gap - 40 <= begin <= gap + 40
    assert np.array_equal(given_on[80:], samples[begin + 80 :])


def test_of_gaps_alike_it_takes_the_nearest() -> None:
    samples = noise(3 * RATE)
    for at in (RATE - 300, RATE + 100, RATE + 300):
        samples[at - 40 : at + 40] = 0
    assert RATE + 60 <= len(samples) - len(resumed(samples, 1.0)) <= RATE + 140


def test_in_even_silence_it_goes_on_where_it_broke_off() -> None:
    samples = np.zeros(3 * RATE, np.int16)
    assert len(resumed(samples, 1.0)) == pytest.approx(2 * RATE, abs=2)
    assert len(resumed(samples, 0.05)) == pytest.approx(3 * RATE - 0.05 * RATE, abs=20)


def test_it_does_not_wait_for_more_than_it_searches() -> None:
    samples = noise(3 * RATE)
    resumption = Resumption(1.0, RATE)
    assert resumption.feed(samples[: RATE + SEARCH - 1].tobytes()) == b""
    assert resumption.feed(samples[RATE + SEARCH - 1 : RATE + SEARCH].tobytes())
    assert resumption.feed(samples[:7].tobytes()) == samples[:7].tobytes()


def test_it_begins_without_a_click() -> None:
    samples = np.full(3 * RATE, 12000, np.int16)
    samples[::2] *= -1
    begun = np.abs(resumed(samples, 1.0)[:10].astype(int))
    assert begun[0] == 0
    assert all(a < b for a, b in pairwise(begun))


def test_a_long_rendering_in_one_piece_does_not_hold_the_loop_up() -> None:
    samples = np.array(random.Random(5).choices(range(-9000, 9000), k=10 * 48000), np.int16)
    begun = time.perf_counter()
    resumed(samples, 5.0, rate=48000)
    assert time.perf_counter() - begun < 0.1
