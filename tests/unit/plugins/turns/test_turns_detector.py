"""A pause becomes an end of turn when the wait is over that its sound and its words call for."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ConversationItemAddedEvent,
    LanguageCode,
    UserInputTranscribedEvent,
    llm,
)
from livekit.agents.inference.eot.base import (
    TurnDetectorOptions,
    _BaseStreamingTurnDetector,
    _BaseStreamingTurnDetectorStream,
)
from livekit.agents.inference.eot.languages import ThresholdOptions
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions
from livekit.agents.voice.turn import TurnDetectionEvent
from livekit.plugins import turns

from livekit.plugins.turns import Asked, Decision, TurnDetector, TurnDetectorStream
from livekit.plugins.turns.ending.heard import Heard

Script = Callable[[_BaseStreamingTurnDetectorStream, str], None]
LANGUAGE = "en"
WHOLE = "I went to the market yesterday."
CUT = "I went to the market and"


def says(probability: float, *, after_s: float = 0.02) -> Script:
    """An audio model that is of that opinion each time."""

    def answer(stream: _BaseStreamingTurnDetectorStream, request: str) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(after_s, lambda: stream._resolve_prediction(request, probability, inference_duration=after_s))

    return answer


def never(stream: _BaseStreamingTurnDetectorStream, request: str) -> None:
    """An audio model that is dead."""


def raises(stream: _BaseStreamingTurnDetectorStream, request: str) -> None:
    raise RuntimeError("no model")


def is_gone(stream: _BaseStreamingTurnDetectorStream, request: str) -> None:
    """What LiveKit's stream answers when its model has ended."""
    asyncio.get_running_loop().call_soon(stream._resolve_prediction, request, 1.0)


def breaks(stream: _BaseStreamingTurnDetectorStream, request: str) -> None:
    assert stream._request_fut is not None
    stream._request_fut.set_exception(RuntimeError("broken"))


@dataclass
class ScriptedTransport:
    script: Script
    frames: int = 0
    flushes: int = 0
    stream: _BaseStreamingTurnDetectorStream | None = None
    session_id: str | None = None

    def attach(self, stream: _BaseStreamingTurnDetectorStream) -> None:
        self.stream = stream

    def detach(self) -> None: ...

    def run_inference(self, request_id: str) -> None:
        assert self.stream is not None
        self.script(self.stream, request_id)

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        self.frames += 1

    def flush(self) -> None:
        self.flushes += 1

    async def run(self) -> None:
        assert self.stream is not None
        await self.stream._drain_audio_channel()


class ScriptedAudio(_BaseStreamingTurnDetector):
    """LiveKit's audio detector, its model replaced by a script."""

    def __init__(self, script: Script) -> None:
        thresholds = ThresholdOptions("turn-detector-v1-mini", NOT_GIVEN, NOT_GIVEN)
        super().__init__(opts=TurnDetectorOptions(sample_rate=16000, thresholds=thresholds))
        self.transport = ScriptedTransport(script)

    @property
    def model(self) -> Any:
        return "turn-detector-v1-mini"

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> _BaseStreamingTurnDetectorStream:
        return _BaseStreamingTurnDetectorStream(detector=self, opts=self._opts, transport=self.transport)


@dataclass
class Call:
    detector: TurnDetector
    stream: TurnDetectorStream
    audio: ScriptedAudio
    decisions: list[Decision] = field(default_factory=list)

    @property
    def decision(self) -> Decision:
        (decision,) = self.decisions
        return decision


@asynccontextmanager
async def listening(script: Script, *, language: str = LANGUAGE, **options: Any) -> AsyncIterator[Call]:
    audio = ScriptedAudio(script)
    detector = TurnDetector(audio=audio, language=language, **options)
    stream = detector.stream()
    call = Call(detector, stream, audio)
    detector.on("decided", call.decisions.append)
    try:
        yield call
    finally:
        await stream.aclose()


async def called(pause: asyncio.Future[TurnDetectionEvent], *, within_s: float = 3.0) -> bool:
    """Whether the turn was called; False if they went on."""
    async with asyncio.timeout(within_s):
        return (await pause).end_of_turn_probability >= 0.5


async def is_open(pause: asyncio.Future[TurnDetectionEvent], *, after_s: float) -> bool:
    await asyncio.sleep(after_s)
    return not pause.done()


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
        assert call.decision.wait_s == turns.LONGEST_S
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


async def test_without_sound_and_words_the_wait_is_in_the_middle() -> None:
    async with listening(never) as call:
        pause = call.stream.predict()
        assert await is_open(pause, after_s=0.4)
        assert 0.5 < call.detector.due_in_s < 1.6
        call.stream.cancel_inference()
        assert turns.SHORTEST_S < call.decision.wait_s < turns.LONGEST_S
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


def transcribed(text: str, *, final: bool, language: str = LANGUAGE) -> UserInputTranscribedEvent:
    return UserInputTranscribedEvent(transcript=text, is_final=final, language=LanguageCode(language))


def said(role: Any, text: str) -> ConversationItemAddedEvent:
    return ConversationItemAddedEvent(item=llm.ChatMessage(role=role, content=[text]))


async def test_an_attached_session_tells_what_is_heard_and_said() -> None:
    async with listening(never, language="") as call:
        session: AgentSession[None] = AgentSession()
        call.detector.attach(session)
        session.emit("conversation_item_added", said("assistant", "Did you sleep well?"))
        session.emit("user_input_transcribed", transcribed("Yes,", final=False))
        assert (call.detector.language, call.detector.asked) == ("en", Asked.YES_NO)
        session.emit("user_input_transcribed", transcribed("Yes, I did", final=True))
        session.emit("user_input_transcribed", transcribed("but", final=False))
        broken_off = call.detector.judge().words
        assert broken_off is not None
        assert broken_off < 0.3
        session.emit("user_input_transcribed", transcribed("but not for long.", final=True))
        assert call.detector.finals == "Yes, I did but not for long."
        session.emit("conversation_item_added", said("user", "Where is it?"))
        assert call.detector.asked is Asked.YES_NO
        call.detector.detach()
        session.emit("conversation_item_added", said("assistant", "Where?"))
        assert call.detector.asked is Asked.YES_NO


async def test_a_given_language_is_not_changed_by_a_transcript() -> None:
    async with listening(never, language="ko") as call:
        session: AgentSession[None] = AgentSession()
        call.detector.attach(session)
        session.emit("user_input_transcribed", transcribed("ne", final=False, language="en"))
        assert call.detector.language == "ko"


@pytest.mark.parametrize("agent_speaks", [False, True])
async def test_who_goes_on_before_the_agent_speaks_was_cut_off(agent_speaks: bool) -> None:
    async with listening(says(0.97)) as call:
        session: AgentSession[None] = AgentSession()
        call.detector.attach(session)
        session.emit("user_input_transcribed", transcribed(WHOLE, final=True))
        before = call.detector.pace
        assert await called(call.stream.predict())
        call.stream.flush("turn committed")
        if agent_speaks:
            session.emit("agent_state_changed", AgentStateChangedEvent(old_state="thinking", new_state="speaking"))
        await asyncio.sleep(0.2)
        call.stream.cancel_inference()
        assert (call.detector.pace == before) == agent_speaks


def test_waits_that_are_none() -> None:
    with pytest.raises(ValueError, match="shortest"):
        TurnDetector(shortest_s=1.0, longest_s=0.5)
