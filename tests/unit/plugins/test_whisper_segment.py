"""Where a long piece is cut: behind what is stable, between two words, and never too early."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.whisper.protocol import SAMPLE_RATE, Heard, Kind, Word
from livekit.plugins.whisper.segment import LONG_S, LONGEST_S, Ask, Segment, where_to_cut
from livekit.plugins.whisper.voice import Window

NEWEST_S = 2.0
ALMOST_LONGEST_S = LONGEST_S - 0.2


def spoken(*words: tuple[str, float, float]) -> list[Word]:
    return [Word(text=text, start_s=start_s, end_s=end_s) for text, start_s, end_s in words]


def steady(count: int, *, every_s: float = 0.5, long_s: float = 0.4, sentence: int = 0) -> list[Word]:
    """Words at an even pace; every `sentence`th ends one."""
    return spoken(
        *(
            (f" w{n}." if sentence and n % sentence == sentence - 1 else f" w{n}", n * every_s, n * every_s + long_s)
            for n in range(count)
        )
    )


@st.composite
def hypotheses(draw: st.DrawFn) -> tuple[list[Word], int, float]:
    """Words in order within the audio, some of them agreed on."""
    duration_s = draw(st.floats(0.5, LONGEST_S) | st.floats(LONG_S, LONGEST_S) | st.just(LONGEST_S))
    count = draw(st.integers(0, 30))
    edges = sorted(draw(st.lists(st.floats(0, duration_s), min_size=count * 2, max_size=count * 2)))
    ends = draw(st.lists(st.sampled_from(["", "", ".", "?", "。"]), min_size=count, max_size=count))
    words = [
        Word(text=f" w{n}{end}", start_s=round(edges[2 * n], 2), end_s=round(edges[2 * n + 1], 2))
        for n, end in enumerate(ends)
    ]
    return words, draw(st.integers(0, count)), duration_s


@given(hypotheses())
def test_a_cut_lies_between_the_final_words_and_the_rest(said: tuple[list[Word], int, float]) -> None:
    words, agreed, duration_s = said
    cut = where_to_cut(words, agreed, duration_s)
    if duration_s < LONG_S:
        assert cut is None
    if duration_s >= LONGEST_S:
        assert cut is not None
    if cut is None:
        return
    count, at_s = cut
    assert count <= len(words)
    assert 0 <= at_s <= duration_s
    if duration_s < ALMOST_LONGEST_S:
        assert 1 <= count <= agreed
    ends_s = [word.end_s or 0.0 for word in words[:count]]
    starts_s = [word.start_s or 0.0 for word in words[count:]]
    slack_s = 0.011  # times are rounded to a hundredth
    assert all(end_s <= at_s + slack_s for end_s in ends_s)
    assert all(start_s >= at_s - slack_s for start_s in starts_s)
    if duration_s < ALMOST_LONGEST_S or (ends_s and count < len(words)):
        assert ends_s[-1] <= duration_s - NEWEST_S
        assert starts_s, "the newest words may still change"


@given(hypotheses())
def test_a_sentence_that_is_agreed_on_is_cut_at_its_end(said: tuple[list[Word], int, float]) -> None:
    words, agreed, duration_s = said
    cut = where_to_cut(words, agreed, duration_s)
    if cut is None or duration_s >= ALMOST_LONGEST_S:
        return
    stable = words[: min(agreed, len(words) - 1)]
    ends = [
        n
        for n, word in enumerate(stable, 1)
        if word.text.endswith((".", "?", "。")) and (word.end_s or 0.0) <= duration_s - NEWEST_S
    ]
    if ends:
        assert cut[0] == ends[-1]


def test_nothing_is_cut_before_it_is_long_or_agreed() -> None:
    words = steady(24, sentence=5)
    assert where_to_cut(words, 24, LONG_S - 0.01) is None
    assert where_to_cut(words, 0, LONG_S) is None
    assert where_to_cut(words, 20, LONG_S) is not None


def test_the_last_agreed_sentence_is_preferred() -> None:
    count, at_s = where_to_cut(steady(24, sentence=5), 20, 12.0) or (0, 0.0)
    assert count == 20
    assert at_s == pytest.approx(9.95)
    assert (where_to_cut(steady(24, sentence=5), 17, 12.0) or (0, 0.0))[0] == 15


def test_without_sentences_the_longest_late_gap_is_taken() -> None:
    words = steady(12, every_s=1.0, long_s=0.9)
    words[2] = words[2].model_copy(update={"end_s": 2.2})  # longer, but early: it would come again at once
    words[6] = words[6].model_copy(update={"end_s": 6.4})
    assert where_to_cut(words, 9, 12.0) == (7, pytest.approx(6.7))


def test_the_newest_words_stay() -> None:
    count, at_s = where_to_cut(steady(24), 24, 12.0) or (0, 0.0)
    assert at_s <= 12.0 - NEWEST_S
    assert words_end(steady(24), count) <= 12.0 - NEWEST_S


def words_end(words: list[Word], count: int) -> float:
    return words[count - 1].end_s or 0.0


def test_a_full_piece_is_cut_even_if_nothing_is_agreed_on() -> None:
    words = steady(44)
    count, at_s = where_to_cut(words, 0, LONGEST_S) or (0, 0.0)
    assert 0 < count < len(words)
    assert words_end(words, count) <= at_s <= LONGEST_S - NEWEST_S
    assert where_to_cut([], 0, LONGEST_S) == (0, LONGEST_S)
    assert where_to_cut([Word(text="untimed")], 0, LONGEST_S) == (1, LONGEST_S)


def windows(voiced: str, first: int = 0) -> list[Window]:
    return [Window((first + n + 1) * 512, 0.9 if mark == "#" else 0.1) for n, mark in enumerate(voiced)]


def ask(segment: Segment, kind: Kind, end: int) -> Ask:
    silence = np.zeros(end - segment.begin, np.int16)
    return Ask(segment, kind, segment.begin, end, min(segment.speech_end, end), silence, word_times=True)


def test_an_answer_is_as_good_as_final_until_somebody_speaks_on() -> None:
    segment = Segment(onset=0, begin=0)
    for window in windows("###-"):
        segment.add(window)
    preflight = ask(segment, Kind.PREFLIGHT, 4 * 512)
    segment.asking.add(preflight)
    assert segment.asks_all()
    assert not segment.knows_all()
    segment.latest = (preflight, Heard(language="en"))
    assert segment.knows_all()
    for window in windows("--", 4):
        segment.add(window)
    assert segment.knows_all(), "silence changes nothing"
    for window in windows("#", 6):
        segment.add(window)
    assert not segment.knows_all()
    assert not segment.asks_all()


def test_an_interim_answer_is_never_final() -> None:
    segment = Segment(onset=0, begin=0)
    for window in windows("###"):
        segment.add(window)
    segment.latest = (ask(segment, Kind.INTERIM, 3 * 512), Heard(language="en"))
    assert not segment.knows_all()


@given(st.text("#-", min_size=1, max_size=40), st.integers(0, 40 * 512))
def test_after_a_cut_the_evidence_is_that_of_the_rest(voiced: str, at: int) -> None:
    segment = Segment(onset=0, begin=0)
    for window in windows(voiced):
        segment.add(window)
    segment.cut(at)
    left = sum(window.voiced for window in windows(voiced) if window.end > at)
    assert segment.begin == at
    assert segment.evidence.voiced_s == pytest.approx(left * 512 / SAMPLE_RATE)
    assert all(later.end - earlier.end == 512 for earlier, later in pairwise(segment.windows))
    assert not segment.knows_all()
