"""The wait before a turn is called is the one that is expected to cost least."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.turns import LONGEST_S, SHORTEST_S, Costs, Pace, wait_s

paces = st.builds(Pace, median_s=st.floats(0.3, 1.2), spread=st.floats(0.4, 1.2))
all_costs = st.builds(Costs, cut_in=st.floats(0.5, 30.0), late=st.floats(0.1, 5.0))
probabilities = st.floats(0.0, 1.0)


def cost(wait: float, probability: float, pace: Pace, costs: Costs) -> float:
    outlasts = pace.outlasts(wait)
    return probability * costs.lateness(outlasts) + (1 - probability) * costs.cut_in * outlasts


@given(probabilities, paces, all_costs, st.floats(0.05, 1.0), st.floats(0.0, 3.0))
def test_it_keeps_to_its_bounds(probability: float, pace: Pace, costs: Costs, shortest_s: float, span_s: float) -> None:
    wait = wait_s(probability, pace, costs, shortest_s=shortest_s, longest_s=shortest_s + span_s)
    assert shortest_s <= wait <= shortest_s + span_s


@given(probabilities, paces, all_costs, st.floats(SHORTEST_S, LONGEST_S))
def test_no_other_wait_is_expected_to_cost_less(probability: float, pace: Pace, costs: Costs, other: float) -> None:
    wait = wait_s(probability, pace, costs)
    assert cost(wait, probability, pace, costs) <= cost(other, probability, pace, costs) + 1e-6


@given(probabilities, probabilities, paces, all_costs)
def test_the_likelier_the_end_the_shorter(one: float, other: float, pace: Pace, costs: Costs) -> None:
    less, more = sorted((one, other))
    assert wait_s(more, pace, costs) <= wait_s(less, pace, costs)


@given(probabilities, paces, all_costs, st.floats(1.0, 10.0))
def test_the_worse_cutting_in_the_longer(probability: float, pace: Pace, costs: Costs, times: float) -> None:
    worse = replace(costs, cut_in=costs.cut_in * times)
    assert wait_s(probability, pace, worse) >= wait_s(probability, pace, costs)


@given(probabilities, paces, all_costs, st.floats(0.5, 2.0))
def test_only_the_ratio_of_the_costs_counts(probability: float, pace: Pace, costs: Costs, times: float) -> None:
    both = Costs(cut_in=costs.cut_in * times, late=costs.late * times)
    expected = cost(wait_s(probability, pace, costs), probability, pace, costs)
    assert cost(wait_s(probability, pace, both), probability, pace, costs) == pytest.approx(expected)


@given(probabilities, all_costs, st.floats(0.3, 1.2), st.floats(0.3, 1.2), st.floats(0.4, 1.2))
def test_who_pauses_longer_is_waited_for_longer(
    probability: float, costs: Costs, one: float, other: float, spread: float
) -> None:
    quick, slow = (wait_s(probability, Pace(median_s=median, spread=spread), costs) for median in sorted((one, other)))
    assert quick <= slow + 1e-9


@given(all_costs, paces)
def test_four_of_five_pauses_long_is_what_a_late_answer_is_priced_at(costs: Costs, pace: Pace) -> None:
    longer = pace.outlasted_by(0.2)
    assert costs.lateness(pace.outlasts(longer)) == pytest.approx(costs.late, rel=0.02)
    assert costs.lateness(1.0) == 0.0
    assert costs.lateness(0.0) == 1.5 * costs.late


@given(paces)
def test_a_certain_end_is_called_after_the_shortest_wait(pace: Pace) -> None:
    assert wait_s(1.0, pace) == wait_s(0.97, pace) == SHORTEST_S == 0.15


def test_who_is_plainly_in_the_middle_gets_the_longest_wait() -> None:
    assert wait_s(0.0, Pace()) == wait_s(0.05, Pace()) == LONGEST_S == 2.5


def test_doubt_gets_a_wait_between() -> None:
    assert 1.0 < wait_s(0.6, Pace()) < 2.0


@pytest.mark.parametrize("costs", [{"cut_in": 0.0}, {"late": 0.0}, {"late": -1.0}, {"cut_in": float("nan")}])
def test_what_costs_nothing_is_no_cost(costs: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Costs(**costs)


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (1.0, 0.5), (-1.0, -0.5)])
def test_bounds_that_are_none(bounds: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="shortest"):
        wait_s(0.5, Pace(), shortest_s=bounds[0], longest_s=bounds[1])


@pytest.mark.parametrize("median_s", [0.45, 0.7, 1.1])
def test_waits_that_are_learnt_from_pauses_that_they_cut_short_still_find_the_person(median_s: float) -> None:
    dice, pace, cut_in = random.Random(3), Pace(), 0
    for _ in range(300):
        pause = dice.lognormvariate(math.log(median_s), 0.6)
        wait = wait_s(dice.betavariate(1.2, 2.5), pace)
        if pause >= wait:
            cut_in += 1
        elif pause > 0.25:
            pace = pace.learnt(pause, within_s=wait)
    assert pace.median_s == pytest.approx(median_s, rel=0.2)
    assert cut_in < 75
