"""What the benchmark of turns computes from pauses, and the turns that it says."""

import csv
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.agents.vad import VADEvent, VADEventType

from bench.turns import curve, strategies
from bench.turns.evidence import Heard, Pause
from bench.turns.fit import logistic, told_apart
from bench.turns.material import FOLDER, HESITATION_S, _pauses_s
from bench.turns.scoring import Point, best, frontier, score
from bench.turns.silences import told
from bench.turns.strategies import fixed, livekit, ours, smart_turn
from livekit.plugins.turns import Asked, Costs, Pace

END = Pause(
    audio=0.8,
    audio_s=0.3,
    smart=0.9,
    smart_s=0.28,
    words=0.9,
    words_s=0.25,
    interim=None,
    asked=Asked.NONE,
    ended_s=0.256,
    resumed_s=None,
    late_s=0.1,
    text="I slept well.",
    interim_text="",
    length=3,
)
WITHIN = replace(END, audio=0.4, smart=0.1, words=0.05, resumed_s=1.0, late_s=0.0, text="I slept and")


def turn(*pauses: Pause) -> Heard:
    return Heard("a turn", "en", "How did you sleep?", "I slept and slept well.", pauses)


# Strategies


def test_no_turn_is_called_before_its_words_or_the_end_of_speech() -> None:
    late = replace(END, words_s=0.6)
    for strategy in (fixed(0.1), livekit(0.36), smart_turn(), ours(Costs())):
        assert strategy(late, Pace()) >= 0.6
    assert fixed(0.1)(END, Pace()) == 0.256
    assert fixed(0.8)(END, Pace()) == 0.8


def test_livekit_waits_longer_below_its_threshold() -> None:
    assert livekit(0.36)(END, Pace()) == 0.3
    assert livekit(0.9)(END, Pace()) == 2.5
    assert livekit(0.9, max_s=1.0)(END, Pace()) == 1.0


def test_smart_turn_is_called_at_once_or_when_its_silence_is_over() -> None:
    assert smart_turn()(END, Pace()) == 0.28
    assert smart_turn()(WITHIN, Pace()) == pytest.approx(3.2)
    assert smart_turn(0.95, stop_s=1.0)(END, Pace()) == pytest.approx(1.2)


def test_ours_waits_for_the_audio_model_and_longer_where_the_words_break_off() -> None:
    strategy = ours(Costs())
    assert strategy(END, Pace()) >= END.audio_s
    assert strategy(WITHIN, Pace()) > strategy(END, Pace())


def test_ours_judges_anew_when_the_words_come() -> None:
    late = replace(WITHIN, words_s=0.35, interim=None)
    known = replace(WITHIN, words_s=0.2)
    assert ours(Costs())(late, Pace()) == pytest.approx(ours(Costs())(known, Pace()))


# Scoring


def test_a_turn_called_in_any_pause_within_it_is_cut_in_once() -> None:
    point = score("fixed", [turn(WITHIN, WITHIN, END), turn(END)], fixed(0.5))
    assert point.cut_in == 0.5
    assert point.median_s == pytest.approx(0.6), "the wait counts from the true end, 0.1 s before the VAD's"
    assert score("fixed", [turn(WITHIN, END)], fixed(1.0)).cut_in == 0, "speech came again at that moment"


def test_ours_learns_from_the_pauses_before() -> None:
    unsure = replace(END, words=0.6, audio=0.75)
    slow = turn(*[replace(WITHIN, resumed_s=2.0)] * 8, unsure)
    quick = turn(*[replace(WITHIN, resumed_s=0.3)] * 8, unsure)
    strategy = ours(Costs())
    assert score("", [slow], strategy).median_s > score("", [quick], strategy).median_s


def paces(*pauses: Pause, called_s: float) -> list[Pace]:
    """What was known of the pace at each pause, where every turn is called after `called_s`."""
    known: list[Pace] = []

    def watched(pause: Pause, pace: Pace) -> float:
        known.append(pace)
        return called_s

    score("", [turn(*pauses, END)], watched)
    return known


def test_a_pause_is_learnt_as_in_a_call() -> None:
    pause = replace(WITHIN, resumed_s=1.8)
    before, after = paces(pause, called_s=2.0)
    assert after == before.learnt(1.8, within_s=2.0)
    before, after = paces(pause, called_s=0.9)
    assert after == before.learnt(1.8, within_s=1.8), "it was cut short, and the agent interrupted at once"
    before, after = paces(pause, called_s=0.7)
    assert after == before, "the agent has spoken for longer than a second"
    before, after = paces(replace(pause, text=""), called_s=2.0)
    assert after == before, "a noise"


POINTS = st.lists(st.builds(Point, st.just("a"), st.floats(0, 1), st.floats(0.2, 3), st.floats(0.2, 3)), max_size=20)


@given(POINTS, st.floats(0, 1))
def test_the_best_has_the_lowest_median_of_those_that_cut_in_no_more(points: list[Point], cut_in: float) -> None:
    allowed = [point.median_s for point in points if point.cut_in <= cut_in]
    found = best(points, cut_in)
    assert (found.median_s if found else None) == min(allowed, default=None)


@given(POINTS)
def test_on_the_frontier_fewer_cut_ins_cost_more_waiting(points: list[Point]) -> None:
    kept = frontier(points)
    assert all(one.median_s > two.median_s and one.cut_in <= two.cut_in for one, two in pairwise(kept))
    assert bool(kept) == bool(points)


def test_the_bars_compare_at_the_fewest_cut_ins_of_a_default() -> None:
    fast, slow = Point("fast", 0.4, 0.4, 1.0), Point("slow", 0.1, 1.3, 1.4)
    mine = Point("ours", 0.02, 0.6, 2.0)
    curves = curve.Curves({"other": [Point("x", 0.02, 2.0, 2.1)], curve.OURS: [mine]}, [fast, slow], mine)
    ratios = [bar.value for bar in curve.bars(curves) if bar.name.endswith("ratio")]
    assert curves.best_default == slow
    assert ratios == [pytest.approx(0.6 / 1.3), pytest.approx(0.3)]


# Silences


def event(type_: VADEventType, at_s: float, **given: float) -> VADEvent:
    values = {"speech_duration": 0.0, "silence_duration": 0.0, **given}
    return VADEvent(type=type_, samples_index=round(at_s * 16000), timestamp=at_s, **values)  # type: ignore[arg-type]


def test_silences_are_read_as_livekit_reads_them() -> None:
    start, done, end = VADEventType.START_OF_SPEECH, VADEventType.INFERENCE_DONE, VADEventType.END_OF_SPEECH
    found = told(
        [
            event(done, 0.9, raw_accumulated_silence=0.9),
            event(start, 1.0, speech_duration=0.1),
            event(done, 2.0, raw_accumulated_silence=0.2),
            event(done, 2.1, raw_accumulated_speech=0.1),
            event(done, 3.2, raw_accumulated_silence=0.2),
            event(done, 3.23, raw_accumulated_silence=0.23),
            event(end, 3.25, silence_duration=0.25),
            event(start, 4.0, speech_duration=0.1),
            event(end, 5.25, silence_duration=0.25),
        ]
    )
    assert [(one.began, one.asked, one.ended, one.resumed) for one in found] == [
        (48000, 51200, 52000, 64000),
        (80000, 84000, 84000, None),
    ]
    assert found[1].stretches == ((14400, 48000), (62400, 80000))


# Fitting


def test_the_fit_finds_the_weights_that_made_the_data() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(4000, 2))
    over = (rng.random(4000) < 1 / (1 + np.exp(-(0.5 + features @ [1.5, -0.7])))).astype(float)
    assert logistic(features, over) == pytest.approx([0.5, 1.5, -0.7], abs=0.15)


def test_what_is_told_apart_wholly_halfway_and_not() -> None:
    over = np.array([1.0, 1.0, 0.0, 0.0])
    assert told_apart(np.array([3.0, 2.0, 1.0, 0.0]), over) == 1.0
    assert told_apart(np.array([1.0, 1.0, 1.0, 1.0]), over) == 0.5
    assert told_apart(np.array([0.0, 1.0, 2.0, 3.0]), over) == 0.0


# Material


def texts(table: str) -> list[str]:
    with (FOLDER / table).open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def test_two_hundred_turns_each_half_with_hesitations_and_none_in_both() -> None:
    said, tuning = texts("said.tsv"), texts("tuning.tsv")
    for table in (said, tuning):
        assert len(table) == len(set(table)) == 200
        assert sum("|" in text for text in table) == 100
        assert not any("  " in text.replace("|", "") or text.strip("|") != text for text in table)
    assert not {text.replace("|", "") for text in said} & {text.replace("|", "") for text in tuning}


@given(st.text(alphabet="ab |", max_size=40))
def test_a_hesitation_is_the_texts_own_and_within_its_bounds(text: str) -> None:
    pauses_s = _pauses_s(text)
    assert pauses_s == _pauses_s(text)
    assert len(pauses_s) == text.count("|")
    assert all(HESITATION_S[0] <= pause_s <= HESITATION_S[1] for pause_s in pauses_s)


def test_the_defaults_of_livekit_are_the_installed_ones() -> None:
    from livekit.agents.inference.eot.languages import LOCAL_LANGUAGES
    from livekit.agents.voice.turn import _STREAMING_ENDPOINTING_DEFAULTS

    assert {code: LOCAL_LANGUAGES[code] for code in ("en", "ko")} == strategies.LIVEKIT_THRESHOLD
    assert _STREAMING_ENDPOINTING_DEFAULTS["min_delay"] == strategies.LIVEKIT_MIN_S
    assert _STREAMING_ENDPOINTING_DEFAULTS["max_delay"] == strategies.LIVEKIT_MAX_S
