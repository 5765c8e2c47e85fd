"""How somebody pauses is learnt from the pauses after which they went on."""

import json
import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.turns import Pace

paces = st.builds(
    Pace,
    median_s=st.floats(0.3, 1.2),
    spread=st.floats(0.4, 1.2),
    weight=st.floats(1.0, 30.0),
)
pauses = st.floats(0.2, 5.0)


def talking(median_s: float, *, called_after_s: float, pauses: int = 80, spread: float = 0.6) -> list[float]:
    """The pauses that can be learnt of somebody whose longer ones are taken for ends of turns."""
    dice = random.Random(1)
    lasted = [dice.lognormvariate(math.log(median_s), spread) for _ in range(pauses)]
    return [pause for pause in lasted if 0.25 < pause < called_after_s]


def learnt(pace: Pace, heard: list[float], *, within_s: float = math.inf) -> Pace:
    for pause in heard:
        pace = pace.learnt(pause, within_s=within_s)
    return pace


def test_before_anything_is_heard_it_is_that_of_older_callers() -> None:
    assert Pace().outlasts(2.5) == pytest.approx(0.05, abs=0.002)
    assert Pace().outlasts(0.2) == pytest.approx(0.95, abs=0.002)


@given(paces, st.floats(0, 10), st.floats(0, 10))
def test_fewer_pauses_outlast_a_longer_time(pace: Pace, one: float, other: float) -> None:
    shorter, longer = sorted((one, other))
    assert 1.0 == pace.outlasts(0) >= pace.outlasts(shorter) >= pace.outlasts(longer) >= 0


@given(paces, pauses, pauses)
def test_a_longer_pause_makes_a_slower_pace(pace: Pace, one: float, other: float) -> None:
    shorter, longer = sorted((one, other))
    assert pace.learnt(shorter).median_s <= pace.learnt(longer).median_s + 1e-9


@given(paces, st.lists(st.tuples(pauses, pauses), max_size=60))
def test_whatever_is_heard_leaves_a_pace(pace: Pace, heard: list[tuple[float, float]]) -> None:
    for pause, within in heard:
        pace = pace.learnt(pause, within_s=within)
    assert Pace.from_json(json.loads(json.dumps(pace.as_json()))) == pace


@pytest.mark.parametrize("median_s", [0.45, 0.7, 1.0])
def test_it_finds_the_person(median_s: float) -> None:
    pace = learnt(Pace(), talking(median_s, called_after_s=math.inf))
    assert pace.median_s == pytest.approx(median_s, rel=0.2)


def test_it_follows_somebody_who_grows_slower() -> None:
    quick = learnt(Pace(), talking(0.4, called_after_s=math.inf))
    assert learnt(quick, talking(1.0, called_after_s=math.inf, pauses=40)).median_s > 0.8


@pytest.mark.parametrize("called_after_s", [0.6, 0.9, 1.5])
def test_pauses_that_are_never_seen_do_not_make_a_slow_speaker_quick(called_after_s: float) -> None:
    heard = talking(1.0, called_after_s=called_after_s)
    taken_as_all = learnt(Pace(), heard)
    pace = learnt(Pace(), heard, within_s=called_after_s)
    assert taken_as_all.median_s < pace.median_s < 1.1
    assert pace.median_s > 0.9 * Pace().median_s


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "0.7",
        {},
        {"median_s": 0.7, "spread": 0.7},
        {"median_s": 0.7, "spread": 0.7, "weight": 6, "name": 1},
        {"median_s": "0.7", "spread": 0.7, "weight": 6},
        {"median_s": True, "spread": 0.7, "weight": 6},
        {"median_s": math.nan, "spread": 0.7, "weight": 6},
        {"median_s": 0.0, "spread": 0.7, "weight": 6},
        {"median_s": 0.7, "spread": -1.0, "weight": 6},
        {"median_s": 0.7, "spread": 0.7, "weight": math.inf},
        {"median_s": 10**400, "spread": 0.7, "weight": 6},
    ],
)
def test_what_is_no_pace_is_said_to_be_none(data: Any) -> None:
    with pytest.raises(ValueError, match="a pace"):
        Pace.from_json(data)


@given(paces, st.floats(0.001, 0.999))
def test_a_share_of_the_pauses_outlasts_the_length_that_it_is_said_to(pace: Pace, share: float) -> None:
    assert pace.outlasts(pace.outlasted_by(share)) == pytest.approx(share)
    assert pace.outlasted_by(1.0) == 0.0
    assert pace.outlasted_by(0.0) == math.inf
