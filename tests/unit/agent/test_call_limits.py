"""When a call is told of its end, and when it ends."""

import math

from hypothesis import given
from hypothesis import strategies as st

from malbeot.turn_taking.call_limits import WARN_BEFORE_TURNS, LimitDue, LimitSchedule

Event = tuple[float, bool]


def schedule(*, minutes: float = 10, turns: int = 10, warn_before_minutes: float = 2) -> LimitSchedule:
    return LimitSchedule(began=100, minutes=minutes, turns=turns, warn_before_minutes=warn_before_minutes)


def test_a_call_is_told_once_and_ends_in_time() -> None:
    limits = schedule()
    assert limits.due(579.9) is None
    assert limits.next_at(100) == 580
    assert limits.due(580) is LimitDue.WARNING
    limits.warned(580)
    assert limits.due(699.9) is None
    assert limits.next_at(580) == 700
    assert limits.due(700) is LimitDue.GOODBYE
    assert limits.next_at(700) == math.inf


def test_turns_are_counted_and_told_before_the_last_ones() -> None:
    limits = schedule(turns=10)
    for _ in range(10 - WARN_BEFORE_TURNS - 1):
        limits.turn()
    assert limits.due(101) is None
    limits.turn()
    assert limits.due(101) is LimitDue.WARNING
    limits.warned(101)
    for _ in range(WARN_BEFORE_TURNS - 1):
        limits.turn()
        assert limits.due(101) is None
    limits.turn()
    assert limits.due(101) is LimitDue.GOODBYE


def test_the_least_number_of_turns_is_told_too() -> None:
    limits = schedule(turns=2)
    assert limits.due(101) is None
    limits.turn()
    assert limits.due(101) is LimitDue.WARNING


def test_who_was_told_of_the_last_turns_is_told_of_the_last_minutes_too() -> None:
    limits = schedule(minutes=10, turns=10, warn_before_minutes=2)
    for _ in range(10 - WARN_BEFORE_TURNS):
        limits.turn()
    limits.warned(101)
    assert limits.due(579.9) is None
    assert limits.due(580) is LimitDue.WARNING
    limits.warned(580)
    assert limits.due(699.9) is None


def test_who_was_told_of_the_last_minutes_is_told_of_the_last_turns_too() -> None:
    limits = schedule(minutes=10, turns=10, warn_before_minutes=2)
    limits.warned(580)
    for _ in range(10 - WARN_BEFORE_TURNS):
        limits.turn()
    assert limits.due(581) is LimitDue.WARNING
    limits.warned(581)
    assert limits.due(582) is None


def test_who_is_told_when_both_ends_are_near_is_told_once() -> None:
    limits = schedule(minutes=10, turns=10, warn_before_minutes=2)
    for _ in range(10 - WARN_BEFORE_TURNS):
        limits.turn()
    limits.warned(580)
    assert limits.due(581) is None


@given(
    minutes=st.floats(0.1, 1440),
    before=st.floats(0.01, 0.99),
    turns=st.integers(2, 500),
    pauses=st.lists(st.tuples(st.floats(0, 600), st.booleans()), max_size=200),
)
def test_whatever_happens_a_call_is_told_before_it_ends_and_never_ends_early(
    minutes: float, before: float, turns: int, pauses: list[Event]
) -> None:
    limits = LimitSchedule(began=0, minutes=minutes, turns=turns, warn_before_minutes=minutes * before)
    now, taken, told = 0.0, 0, 0
    for pause_s, speaks in pauses:
        # Nothing is slept through: whoever waits wakes up at `next_at`.
        now = min(now + pause_s, limits.next_at(now))
        if speaks:
            limits.turn()
            taken += 1
        match limits.due(now):
            case LimitDue.WARNING:
                limits.warned(now)
                told += 1
                assert limits.due(now) is None
            case LimitDue.GOODBYE:
                assert told >= 1
                assert now >= minutes * 60 or taken == turns
                return
            case None:
                assert now < minutes * 60
                assert taken < turns
                assert limits.next_at(now) > now
    assert told <= 2
