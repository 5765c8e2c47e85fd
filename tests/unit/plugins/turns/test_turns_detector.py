"""A pause becomes an end of turn when the wait is over that its sound and its words call for."""

import asyncio
import logging

import pytest
from livekit import rtc
from livekit.plugins import turns

from livekit.plugins.turns import TurnDetector
from support.scripted_detector import (
    CUT,
    WHOLE,
    Script,
    breaks,
    called,
    is_gone,
    is_open,
    listening,
    never,
    raises,
    says,
)


async def test_a_turn_that_is_over_is_called_at_once() -> None:
    async with listening(says(0.97)) as call:
        call.detector.hear(WHOLE, settled=True)
        assert await called(call.stream.predict(), within_s=1.0)
        assert call.decision.called
        assert call.decision.wait_s == turns.SHORTEST_S
        assert call.decision.waited_s >= 0.2
        assert call.decision.words is not None
        assert call.decision.audio == 0.97
        assert call.decision.cost_s < 0.1


async def test_somebody_in_the_middle_is_waited_for_and_may_go_on() -> None:
    async with listening(says(0.1)) as call:
        call.detector.hear(CUT, settled=False)
        pause = call.stream.predict()
        assert await is_open(pause, after_s=0.6)
        assert call.detector.probability is not None
        assert call.detector.probability < 0.2
        assert 1.0 < call.detector.due_in_s < 2.0
        call.stream.cancel_inference()
        assert not await called(pause)
        assert call.detector.probability is None
        assert not call.decision.called
        assert call.decision.wait_s > 0.8 * turns.LONGEST_S
        assert 0.75 < call.decision.waited_s < 1.5


async def test_words_that_come_in_the_pause_call_the_turn_at_once() -> None:
    async with listening(says(0.85)) as call:
        call.detector.hear("I went to the", settled=True)
        pause = call.stream.predict()
        assert await is_open(pause, after_s=0.3)
        call.detector.hear(WHOLE, settled=True)
        assert pause.done()
        assert call.decision.called
        call.detector.hear(f"{WHOLE} With my sister.", settled=True)
        assert await called(pause)
        assert len(call.decisions) == 1


async def test_the_turn_is_called_when_the_longest_wait_is_over() -> None:
    async with listening(says(0.02), longest_s=0.6) as call:
        call.detector.hear(CUT, settled=True)
        assert await called(call.stream.predict())
        assert call.decision.waited_s == pytest.approx(0.6, abs=0.3)
        assert call.stream.prediction_timeout > 0.6


@pytest.mark.parametrize("script", [never, raises, is_gone, breaks, says(0.0)])
async def test_without_an_audio_model_words_decide(script: Script, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with listening(script) as call:
        for _ in range(2):
            call.detector.hear("Yes, I took them all this morning, thank you.", settled=True)
            assert await called(call.stream.predict(), within_s=1.5)
            call.stream.flush("turn committed")
        call.detector.hear(CUT, settled=True)
        assert await is_open(call.stream.predict(), after_s=0.5)
        assert [decision.audio for decision in call.decisions] == [None, None]
    assert len(caplog.messages) == (1 if script in (raises, breaks) else 0)
    assert not any("morning" in message for message in caplog.messages)


async def test_without_sound_and_words_it_is_patient() -> None:
    async with listening(never) as call:
        pause = call.stream.predict()
        assert await is_open(pause, after_s=0.4)
        assert 1.0 < call.detector.due_in_s <= turns.LONGEST_S - 0.4
        call.stream.cancel_inference()
        assert call.decision.wait_s > 0.8 * turns.LONGEST_S
        assert (call.decision.audio, call.decision.words) == (None, None)


async def test_a_late_audio_model_is_heard_too() -> None:
    async with listening(says(0.99, after_s=0.4)) as call:
        pause = call.stream.predict()
        assert await is_open(pause, after_s=0.2)
        assert await called(pause, within_s=1.0)
        assert call.decision.audio == 0.99


async def test_certain_words_wait_for_the_sound_a_little() -> None:
    async with listening(says(0.01, after_s=0.06)) as call:
        call.detector.hear(WHOLE, settled=True)
        assert await is_open(call.stream.predict(), after_s=0.2)


async def test_pauses_after_which_they_went_on_are_learnt() -> None:
    async with listening(says(0.1)) as call:
        call.detector.hear(CUT, settled=False)
        before = call.detector.pace
        call.stream.predict()
        await asyncio.sleep(0.15)
        call.stream.cancel_inference()
        learnt = call.detector.pace
        assert learnt.median_s < before.median_s
        call.stream.cancel_inference()
        assert call.detector.pace == learnt


async def test_noises_and_ends_of_turns_are_not_learnt() -> None:
    async with listening(says(0.95)) as call:
        before = call.detector.pace
        call.stream.predict()
        await asyncio.sleep(0.1)
        call.stream.cancel_inference()  # nothing was said
        call.detector.hear(WHOLE, settled=True)
        assert await called(call.stream.predict())
        call.stream.flush("turn committed")
        await asyncio.sleep(0.1)
        call.stream.cancel_inference()  # the next turn; nobody says whether it was this one
        call.detector.hear(CUT, settled=True)
        call.stream.predict()
        call.stream.cancel_inference()  # 0.26 s: too short to be told from a noise
        assert call.detector.pace == before


async def test_the_turn_is_over_when_it_is_flushed() -> None:
    async with listening(says(0.1)) as call:
        call.detector.hear(CUT, settled=True)
        pause = call.stream.predict()
        call.stream.flush("clear_user_turn")
        assert not await called(pause)
        assert call.detector.finals == ""
        assert call.detector.judge().words is None
        call.stream.flush("clear_user_turn")
        assert not call.decision.called


async def test_audio_goes_to_the_audio_model() -> None:
    async with listening(never) as call:
        for _ in range(5):
            call.stream.push_audio(rtc.AudioFrame(bytes(320), 16000, 1, 160))
        call.stream.flush()
        await asyncio.sleep(0.01)
        assert (call.audio.transport.frames, call.audio.transport.flushes) == (5, 1)
        assert call.stream.model == call.detector.model == "turn-detector-v1-mini"
        assert call.stream.provider == call.detector.provider == "livekit"
        assert not call.stream.is_fallback


async def test_a_stream_that_has_ended_holds_nobody_up() -> None:
    async with listening(never) as call:
        pause = call.stream.predict()
        call.stream.end_input()
        assert not await called(pause)
        assert await called(call.stream.predict(), within_s=0.1)
        await call.stream.aclose()
        call.detector.hear(WHOLE, settled=True)
        assert call.detector.probability is None


async def test_nothing_runs_while_nobody_speaks() -> None:
    async with listening(says(0.3)) as call:
        tasks = asyncio.all_tasks()
        call.detector.hear(CUT, settled=True)
        pause = call.stream.predict()
        timer = call.stream._pause and call.stream._pause.timer
        assert timer is not None
        call.stream.cancel_inference()
        await pause
        assert timer.cancelled()
        assert asyncio.all_tasks() == tasks
        assert await is_open(asyncio.get_running_loop().create_future(), after_s=0.1)
        assert len(call.decisions) == 1


def test_waits_that_are_none() -> None:
    with pytest.raises(ValueError, match="shortest"):
        TurnDetector(shortest_s=1.0, longest_s=0.5)
