"""When nobody speaks: asked in time, never into anybody's speech, and the end comes last."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.turns.company.silence import BREATH_S, LINGER_S, SOUND_S, Schedule, Silence, SilenceDue
from livekit.plugins.turns.company.variants import Variants

USUAL = Schedule(goodbye_after_s=60)


def silent_from(t: float, schedule: Schedule = USUAL) -> Silence:
    """The agent has greeted and listens from `t` on."""
    silence = Silence(schedule)
    silence.companion_stopped(t)
    return silence


def lived_through(silence: Silence, until: float, *, saying_s: float = 2.0) -> list[tuple[float, SilenceDue]]:
    """What falls due until then, each said at once in `saying_s`."""
    found = []
    while (at := silence.next_at()) is not None and at <= until:
        due = silence.due(at)
        assert due is not None
        found.append((at, due))
        if due is SilenceDue.END:
            assert silence.next_at() is None
            break
        silence.asked(at + saying_s)
    return found


def sounds(silence: Silence, begin: float, end: float) -> None:
    silence.caller_sounds()
    silence.caller_stopped(end)
    assert begin < end


def test_the_usual_silence_is_asked_at_8_and_20_seconds_and_ends_at_a_minute() -> None:
    assert lived_through(silent_from(100), math.inf) == [
        (108, SilenceDue.ASK),
        (120, SilenceDue.ASK),
        (160, SilenceDue.GOODBYE),
        (162 + LINGER_S, SilenceDue.END),
    ]


def test_nothing_is_due_before_the_greeting() -> None:
    assert Silence(USUAL).next_at() is None


def test_a_call_without_an_end_is_asked_and_then_left_alone() -> None:
    assert lived_through(silent_from(0, Schedule((1.0,))), math.inf) == [(1, SilenceDue.ASK)]
    assert lived_through(silent_from(0, Schedule(())), math.inf) == []


def test_a_question_that_takes_long_is_not_followed_on_its_heels_by_the_next() -> None:
    found = lived_through(silent_from(0, Schedule((2.0, 3.0), 4.0)), math.inf, saying_s=10.0)
    assert [due for _, due in found] == [SilenceDue.ASK, SilenceDue.ASK, SilenceDue.GOODBYE, SilenceDue.END]
    assert [at for at, _ in found[:3]] == [2, 12 + BREATH_S, 12 + 2 * BREATH_S + 10]


def test_words_and_the_agent_begin_it_anew() -> None:
    silence = silent_from(0)
    assert lived_through(silence, 10) == [(8, SilenceDue.ASK)]
    silence.caller_said(15)
    assert lived_through(silence, 23) == [(23, SilenceDue.ASK)]
    silence.companion_spoke()
    assert silence.next_at() is None
    silence.companion_stopped(30)
    assert lived_through(silence, math.inf)[0] == (38, SilenceDue.ASK)


def test_a_sound_without_words_begins_nothing_anew() -> None:
    silence = silent_from(0)
    sounds(silence, 1, 4)
    assert lived_through(silence, 8) == [(8, SilenceDue.ASK)]
    sounds(silence, 11, 14)
    assert lived_through(silence, 60)[0] == (20, SilenceDue.ASK)


def test_nobody_is_asked_into_a_sound_nor_directly_behind_it() -> None:
    silence = silent_from(0)
    silence.caller_sounds()
    assert silence.due(8) is None
    silence.caller_stopped(9)
    assert silence.next_at() == 9 + BREATH_S
    silence.caller_said(9.8)  # its words
    assert silence.next_at() == 17.8


def test_a_sound_that_does_not_end_puts_it_off_only_so_long() -> None:
    silence = silent_from(0)
    silence.caller_sounds()
    assert lived_through(silence, math.inf) == [
        (8 + SOUND_S, SilenceDue.ASK),
        (20 + BREATH_S + SOUND_S, SilenceDue.ASK),
        (60 + SOUND_S, SilenceDue.GOODBYE),
        (62 + SOUND_S + LINGER_S + SOUND_S, SilenceDue.END),
    ]


def test_who_begins_to_speak_behind_the_goodbye_keeps_the_call_with_words_alone() -> None:
    silence = silent_from(0)
    lived_through(silence, 60)
    silence.caller_sounds()
    assert silence.due(62 + LINGER_S) is None
    silence.caller_stopped(64)
    assert silence.next_at() == 64 + BREATH_S
    silence.caller_said(65)
    assert silence.next_at() == 73
    lived_through(silence, 126)
    sounds(silence, 127.5, 130)
    assert lived_through(silence, math.inf) == [(130 + BREATH_S, SilenceDue.END)]


def test_what_cut_the_goodbye_off_has_a_breath_for_its_words() -> None:
    silence = silent_from(0, Schedule((), 5.0))
    assert silence.due(5) is SilenceDue.GOODBYE
    silence.asked(6, cut_off=True)
    assert silence.next_at() == 6 + BREATH_S


def test_hold_on_waits_for_words_not_for_sounds() -> None:
    silence = silent_from(0)
    silence.suspend(2)
    silence.companion_spoke()  # "Of course."
    silence.companion_stopped(4)
    sounds(silence, 38, 40)  # steps
    assert silence.next_at() == 302
    silence.caller_said(50)
    assert silence.next_at() == 58


def test_behind_the_limit_of_hold_on_it_asks_once_and_begins_anew() -> None:
    silence = silent_from(0)
    silence.suspend(0)
    found = lived_through(silence, math.inf)
    assert found == [
        (300, SilenceDue.ASK),
        (310, SilenceDue.ASK),
        (322, SilenceDue.ASK),
        (362, SilenceDue.GOODBYE),
        (365, SilenceDue.END),
    ]


@pytest.mark.parametrize("times", [((0.0,), 60), ((8.0, 8.0), 60), ((8.0, 20.0), 20), ((-1.0,), 60), ((math.nan,), 60)])
def test_times_that_do_not_rise_are_refused(times: tuple[tuple[float, ...], float]) -> None:
    with pytest.raises(ValueError, match="rise"):
        Schedule(*times)


EVENTS = ("companion_spoke", "companion_stopped", "caller_sounds", "caller_stopped", "caller_said", "suspend", "look")
ASKS = st.lists(st.floats(0.5, 20), max_size=4, unique=True).map(lambda times: tuple(sorted(times)))


@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.floats(0.01, 40)), max_size=60), ASKS, st.booleans())
def test_whatever_happens_nothing_is_due_while_the_agent_speaks_and_the_end_comes_last(
    events: list[tuple[str, float]], asks: tuple[float, ...], ends: bool
) -> None:
    schedule = Schedule(asks, 25.0 if ends else math.inf, hold_s=60.0)
    silence, t = Silence(schedule), 0.0
    companion, said_at, held_at, goodbye_at = True, 0.0, -math.inf, -math.inf
    for event, after in events:
        t += after
        if event == "look":
            due = silence.due(t)
            if due is None:
                continue
            assert not companion
            if due is SilenceDue.END:
                assert goodbye_at > said_at
                assert t - goodbye_at >= LINGER_S
                assert silence.next_at() is None
                said_at = t
                continue
            if due is SilenceDue.ASK:
                assert held_at == -math.inf or t - held_at >= 60.0
                if held_at > -math.inf:
                    said_at = t
                held_at = -math.inf
            else:
                assert ends
                assert t - said_at >= 25.0
                goodbye_at = t
            silence.asked(t)
            continue
        companion = {"companion_spoke": True, "companion_stopped": False}.get(event, companion)
        if event == "suspend":
            held_at = t
        elif event == "caller_said":
            held_at = -math.inf
        if event in ("companion_spoke", "caller_sounds"):
            getattr(silence, event)()
        else:
            getattr(silence, event)(t)
        if event not in ("companion_stopped", "caller_sounds", "caller_stopped"):
            said_at = t
    assert silence.next_at() is None or not companion


NOISES = st.lists(st.tuples(st.floats(0.05, 30), st.floats(0.05, 30)), max_size=80)
"""Seconds of quiet, and of sound behind it, by turns."""


def beside(
    noises: list[tuple[float, float]], silence: Silence, *, saying_s: float = 1.5
) -> list[tuple[float, SilenceDue]]:
    """What falls due beside them, each said in `saying_s`; behind the last of them it is quiet."""
    changes = []
    t = 0.0
    for quiet_s, sound_s in noises:
        changes += [(t + quiet_s, True), (t + quiet_s + sound_s, False)]
        t += quiet_s + sound_s
    found: list[tuple[float, SilenceDue]] = []
    said_at: float | None = None
    while True:
        at = silence.next_at() if said_at is None else said_at
        if changes and (at is None or changes[0][0] < at):
            change_at, sounding = changes.pop(0)
            if sounding:
                silence.caller_sounds()
            else:
                silence.caller_stopped(change_at)
        elif at is None:
            return found
        elif said_at is not None:
            silence.asked(said_at)
            said_at = None
        else:
            due = silence.due(at)
            assert due is not None
            found.append((at, due))
            said_at = None if due is SilenceDue.END else at + saying_s


@given(NOISES, ASKS)
def test_beside_a_television_it_is_asked_as_often_and_ends_at_most_so_much_later(
    noises: list[tuple[float, float]], asks: tuple[float, ...]
) -> None:
    schedule = Schedule(asks, 25.0)
    found, quiet = beside(noises, silent_from(0, schedule)), beside([], silent_from(0, schedule))
    assert [due for _, due in found] == [due for _, due in quiet]
    assert [due for _, due in found][-2:] == [SilenceDue.GOODBYE, SilenceDue.END]
    late = 0.0
    for (at, _), (quiet_at, _) in zip(found, quiet, strict=True):
        late += SOUND_S
        assert quiet_at <= at + 1e-9
        assert at <= quiet_at + late + 1e-9


@given(NOISES, st.floats(0.1, 30))
def test_nobody_is_asked_in_a_sound_or_a_breath_behind_it_while_that_may_put_it_off(
    noises: list[tuple[float, float]], ask_s: float
) -> None:
    ((at, _),) = beside(noises, silent_from(0, Schedule((ask_s,))))
    end = 0.0
    for quiet_s, sound_s in noises:
        begin, end = end + quiet_s, end + quiet_s + sound_s
        assert not begin < at < end + BREATH_S or at == ask_s + SOUND_S


@given(st.sets(st.text(min_size=1), min_size=2, max_size=5), st.randoms())
def test_no_variant_comes_twice_running(texts: set[str], rng: random.Random) -> None:
    variants = Variants(sorted(texts), rng=rng)
    given_ = [variants.next() for _ in range(20)]
    assert all(earlier != later for earlier, later in pairwise(given_))
    assert set(given_) <= texts


@pytest.mark.parametrize("texts", [[], ["one"], ["one", "one"]])
def test_one_variant_is_too_few(texts: list[str]) -> None:
    with pytest.raises(ValueError, match="two"):
        Variants(texts)
