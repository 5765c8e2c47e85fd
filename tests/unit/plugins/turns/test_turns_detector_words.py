"""Which words the turn detector counts, in which languages, and when they are settled."""

import asyncio

import pytest
from livekit.agents import LanguageCode
from livekit.plugins import turns

from livekit.plugins.turns import Asked
from livekit.plugins.turns.ending.heard import Heard
from support.scripted_detector import CUT, LANGUAGE, WHOLE, called, is_open, listening, says


async def test_a_language_without_rules_goes_by_its_sound() -> None:
    async with listening(says(0.98), language="fi") as call:
        assert await call.stream.supports_language(LanguageCode("fi"))
        call.detector.hear("Menin eilen torille.", settled=True)
        assert await called(call.stream.predict(), within_s=1.0)
        assert call.decision.words is None


async def test_korean_words_do_not_count_before_the_analyser_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def loading(*_: object) -> float:
        raise AssertionError("it would block the loop")

    monkeypatch.setattr("livekit.plugins.turns.words.morphemes.loaded", lambda: False)
    monkeypatch.setattr("livekit.plugins.turns.ending.heard.finished", loading)
    async with listening(says(0.97), language="ko") as call:
        call.detector.hear("어제 병원에 갔다 왔어요", settled=True)
        assert await called(call.stream.predict(), within_s=1.0)
        assert call.decision.words is None


def test_what_needs_nothing_is_loaded_and_what_is_unknown_never() -> None:
    turns.load("ko")
    assert turns.loaded("ko-KR")
    assert turns.loaded("en")
    assert not turns.loaded("fi")
    assert not turns.loaded("")


async def test_korean_words_decide() -> None:
    await asyncio.to_thread(turns.load, "ko")
    async with listening(says(0.8), language="ko") as call:
        call.detector.hear("어제 병원에 갔다가", settled=True)
        pause = call.stream.predict()
        assert await is_open(pause, after_s=0.4)
        call.detector.hear("어제 병원에 갔다가 왔어요", settled=True)
        assert await called(pause, within_s=1.0)
        assert call.decision.cost_s < 0.1


async def test_what_was_asked_decides_what_is_whole() -> None:
    async with listening(says(0.6)) as call:
        call.detector.hear("yes", settled=True)
        alone = call.detector.judge().words
        call.detector.answering("Did you sleep well?")
        assert call.detector.asked is Asked.YES_NO
        answer = call.detector.judge().words
        assert alone is not None
        assert answer is not None
        assert answer > alone


def test_a_recognisers_interim_is_settled_when_it_comes_twice() -> None:
    heard = Heard(LANGUAGE)
    assert heard.hear_interim(CUT)
    once = heard.judge(0.85).probability
    assert heard.hear_interim(CUT.title())
    twice = heard.judge(0.85).probability
    assert twice < 0.5 < once
    assert heard.hear_interim(f"{CUT} came home")
    assert heard.judge(0.85).probability == once
    heard.close_segment(f"{CUT} came home")
    assert heard.hear_interim(CUT)
    heard.over()
    heard.hear_interim(CUT)
    assert heard.judge(0.85).probability == once, "the turn before does not count"


async def test_words_that_settled_stay_settled() -> None:
    async with listening(says(0.5)) as call:
        call.detector.hear(WHOLE, settled=True)
        settled = call.detector.judge(0.5)
        call.detector.hear("i went to the market yesterday", settled=False)
        call.detector.hear(WHOLE, settled=False)
        assert call.detector.judge(0.5) == settled
        call.detector.hear(f"{WHOLE} And", settled=False)
        assert call.detector.judge(0.5).probability < settled.probability
