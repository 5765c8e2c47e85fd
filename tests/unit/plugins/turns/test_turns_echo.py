"""Whether what is heard is the agent's own voice."""

import time

import numpy as np
import numpy.typing as npt
import pytest

from livekit.plugins.turns.overlap.echo import MOST_LAG_S, Echo, echoes

RATE = 16000
SAID = "I think the garden is lovely at this time of the year. Do you like roses?"


def murmur(seed: int, seconds: float) -> npt.NDArray[np.int16]:
    """Noise that swells and fades as syllables do."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    knots = np.arange(0, count + 1600, 1600)
    swell = np.interp(np.arange(count), knots, 10 ** rng.uniform(-2.5, 0, len(knots)))
    return (rng.standard_normal(count) * swell * 3000).astype(np.int16)


def likeness(played: npt.NDArray[np.int16], heard: npt.NDArray[np.int16], *, heard_at_s: float) -> float:
    echo = Echo()
    for begin in range(0, len(played), 800):
        echo.played(100 + begin / RATE, played[begin : begin + 800], RATE)
    for begin in range(0, len(heard) - 511, 512):
        echo.heard(100 + heard_at_s + begin / RATE, heard[begin : begin + 512], RATE)
    return echo.likeness()


@pytest.mark.parametrize("lag_s", [0.0, 0.08, 0.25, MOST_LAG_S - 0.03])
@pytest.mark.parametrize("loudness", [1.0, 0.1])
def test_the_agents_own_sound_is_known_at_any_lag_and_level(lag_s: float, loudness: float) -> None:
    played = murmur(1, 2.0)
    again = (played[RATE // 2 : RATE + RATE // 2] * loudness).astype(np.int16)
    assert likeness(played, again, heard_at_s=0.5 + lag_s) > 0.85


def test_somebody_else_is_not_taken_for_it() -> None:
    assert max(likeness(murmur(1, 2.0), murmur(seed, 1.0), heard_at_s=0.7) for seed in range(2, 12)) < 0.8


def test_too_little_sound_tells_nothing() -> None:
    played = murmur(1, 2.0)
    assert likeness(played, played[: RATE // 4], heard_at_s=0.1) == 0.0
    assert likeness(played, np.zeros(RATE, np.int16), heard_at_s=0.1) == 0.0
    assert Echo().likeness() == 0.0


def test_a_comparison_is_cheap() -> None:
    echo = Echo()
    echo.played(0.0, murmur(1, 2.0), RATE)
    echo.heard(0.5, murmur(2, 1.0), RATE)
    began_at = time.perf_counter()
    for _ in range(20):
        echo.likeness()
    assert (time.perf_counter() - began_at) / 20 < 0.01


@pytest.mark.parametrize(
    "heard",
    ["the garden is lovely", "Garden is lovely at this", "the gardens lovely at this time", "do you like roses"],
)
def test_the_agents_words_are_known_with_mistakes(heard: str) -> None:
    assert echoes(heard, SAID)


@pytest.mark.parametrize(
    "heard", ["I like roses very much", "roses", "stop please", "the weather is lovely", "", "no the garden is ugly"]
)
def test_answers_are_no_echo(heard: str) -> None:
    assert not echoes(heard, SAID)
