"""Answers begun early in a real session: real voice activity and speech; recogniser, model and voice are scripted."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, APIError, llm, stt
from livekit.agents.stt import SpeechEventType as Kind
from livekit.plugins import silero, turns

from support.listening import Samples, resampled, silence
from support.scripted_hearing import RATE, Line, Recording, ScriptedSTT
from support.scripted_stages import ScriptedLLM, ScriptedTTS, answer_to
from support.speaker import Speaker
from support.speech import english

pytestmark = pytest.mark.models

QUESTION = "What time does the doctor open tomorrow?"
WHOLE = "How are you and your daughter today?"
GOES_ON = (
    (-1.1, Kind.INTERIM_TRANSCRIPT, "How are|you?"),
    (-0.7, Kind.INTERIM_TRANSCRIPT, "How are you and your"),
    (0.2, Kind.PREFLIGHT_TRANSCRIPT, WHOLE),
)
LEAD_S = 0.3
SORRY = "I am sorry."


class Host(Agent):
    """Answers through `early`, and says so where the model fails."""

    def __init__(self, early: turns.EarlyAnswers) -> None:
        super().__init__(instructions="")
        self.early = early

    async def on_enter(self) -> None:
        self.early.attach(self.session)

    async def on_exit(self) -> None:
        self.early.detach()

    async def stt_node(self, audio: AsyncIterable[rtc.AudioFrame], settings: Any) -> AsyncIterator[stt.SpeechEvent]:
        heard = Agent.default.stt_node(self, audio, settings)
        async for event in self.early.gate(heard):
            yield event

    async def llm_node(self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], settings: Any) -> AsyncIterator[Any]:
        try:
            async for chunk in self.early.hold(Agent.default.llm_node(self, chat_ctx, tools, settings), chat_ctx):
                yield chunk
        except APIError:
            yield SORRY

    async def tts_node(self, text: AsyncIterable[str], settings: Any) -> AsyncIterator[rtc.AudioFrame]:
        def voice(words: AsyncIterable[str]) -> AsyncIterable[rtc.AudioFrame]:
            return Agent.default.tts_node(self, words, settings)

        async for frame in self.early.speak(text, voice):
            yield frame


@dataclass
class Call:
    """A call that hears one turn."""

    session: AgentSession[None]
    model: ScriptedLLM
    voice: ScriptedTTS
    speaker: Speaker
    work: turns.Speculation
    ended_at: float
    """When the caller's last word ended, by the loop's clock."""

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(item.role, (item.text_content or "").strip()) for item in self.session.history.messages()]

    async def answered(self, *, within_s: float = 8.0) -> None:
        """Until the agent has said something to its end."""
        async with asyncio.timeout(within_s):
            while not any(role == "assistant" for role, _ in self.said):  # noqa: ASYNC110, it is a state
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)  # the figures come when the speech is over


def spoken(text: str) -> Samples:
    """`text` from its first sound to its last."""
    voice = resampled(english(text), RATE)
    loud = np.flatnonzero(np.abs(voice) > 300)
    return voice[loud[0] : loud[-1]]


@asynccontextmanager
async def calling(
    text: str, *script: Line, model: ScriptedLLM | None = None, busy: Callable[[], bool] = lambda: False
) -> AsyncIterator[Call]:
    """Somebody says `text`. The script's times count from where its speech ends."""
    speech = await asyncio.to_thread(spoken, text)
    ends_s = LEAD_S + len(speech) / RATE
    model, voice, speaker = model or ScriptedLLM(), ScriptedTTS(), Speaker(RATE)
    detector = turns.TurnDetector(language="en")
    host = Host(turns.EarlyAnswers(detector, busy=busy))
    session: AgentSession[None] = AgentSession(
        vad=silero.VAD.load(min_silence_duration=0.25),
        stt=ScriptedSTT([(ends_s + at_s, kind, words) for at_s, kind, words in script]),
        llm=model,
        tts=voice,
        turn_handling={
            "turn_detection": detector,
            "endpointing": {"min_delay": turns.SHORTEST_S, "max_delay": turns.LONGEST_S},
            "preemptive_generation": turns.preemptive_options(turns.Limits()),
        },
    )
    detector.attach(session)
    microphone = Recording(np.concatenate([silence(LEAD_S), speech]))
    session.input.audio, session.output.audio = microphone, speaker
    await session.start(host, record=False)
    try:
        async with asyncio.timeout(5):
            began = await microphone.began
        ended_at = asyncio.get_running_loop().time() + began + ends_s - time.monotonic()
        yield Call(session, model, voice, speaker, host.early.speculation, ended_at)
    finally:
        await session.aclose()
        detector.detach()


async def test_an_answer_begun_on_a_hypothesis_is_spoken_once_the_words_turn_out_to_be_all() -> None:
    script = (
        (-0.6, Kind.INTERIM_TRANSCRIPT, "What time|does the doctor open tomorrow?"),
        (0.2, Kind.PREFLIGHT_TRANSCRIPT, QUESTION),
    )
    async with calling(QUESTION, *script) as call:
        await asyncio.sleep(call.ended_at - asyncio.get_running_loop().time())
        (request,) = call.model.requests
        assert request.written, "the answer was not begun while the caller spoke"
        assert call.voice.told == [], "it was spoken before the words were known to be all"
        await call.answered()
        assert call.said == [("user", QUESTION), ("assistant", answer_to(QUESTION))]
        assert len(call.model.requests) == 1
        words = len(answer_to(QUESTION).split())
        assert len(call.speaker.heard) == pytest.approx(words * ScriptedTTS.WORD_S * RATE)
        assert call.work.model.used_s == pytest.approx(0.05 + words * 0.01, abs=0.1)
        assert call.work.voice.used_s == pytest.approx(words * ScriptedTTS.WORD_S, abs=0.01)
        assert (call.work.model.wasted_s, call.work.voice.wasted_s) == (0.0, 0.0)


async def test_when_the_caller_goes_on_it_is_thrown_away_unheard() -> None:
    async with calling(WHOLE, *GOES_ON, model=ScriptedLLM(delay_s=0.2)) as call:
        await call.answered(within_s=12)
        first, second = call.model.requests
        assert (first.asked, second.asked) == ("How are you?", WHOLE)
        assert first.written, "it wrote while its voice waited"
        assert call.said == [("user", WHOLE), ("assistant", answer_to(WHOLE))]
        assert [text.strip() for text in call.voice.told] == [answer_to(WHOLE)]
        assert call.work.begun == 2
        assert call.work.model.wasted_s >= 0.2
        assert call.work.voice.wasted_s == 0.0


async def test_a_request_that_is_cancelled_before_its_first_word_is_counted() -> None:
    async with calling(WHOLE, *GOES_ON, model=ScriptedLLM(delay_s=0.8)) as call:
        await call.answered(within_s=12)
        first, second = call.model.requests
        assert first.cancelled
        assert second.written
        assert call.work.model.wasted_s == pytest.approx(0.4, abs=0.2)


@pytest.mark.parametrize("to_the_end", [False, True])
async def test_where_others_begin_to_wait_it_is_given_up_and_the_turn_is_answered_once(to_the_end: bool) -> None:
    """The same words come again, so that LiveKit would keep it."""
    script = (
        (-1.0, Kind.INTERIM_TRANSCRIPT, "What time|does the doctor open tomorrow?"),
        (-0.6, Kind.INTERIM_TRANSCRIPT, "What time does|the doctor open tomorrow?"),
        (0.2, Kind.PREFLIGHT_TRANSCRIPT, QUESTION),
    )
    others, model = asyncio.Event(), ScriptedLLM(delay_s=0.7)
    async with calling(QUESTION, *script, model=model, busy=others.is_set) as call:
        async with asyncio.timeout(5):
            while not model.requests:  # noqa: ASYNC110, it is a list
                await asyncio.sleep(0.01)
        others.set()
        async with asyncio.timeout(5):
            while not model.requests[0].cancelled:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        if not to_the_end:
            others.clear()
        await call.answered()
        assert call.said == [("user", QUESTION), ("assistant", answer_to(QUESTION))]
        assert [text.strip() for text in call.voice.told] == [answer_to(QUESTION)]
        assert len(model.requests) == 2


async def test_a_mark_that_changes_does_not_begin_it_anew() -> None:
    script = (
        (-0.6, Kind.INTERIM_TRANSCRIPT, "What time|does the doctor open, tomorrow?"),
        (-0.2, Kind.INTERIM_TRANSCRIPT, "What time does|the doctor open tomorrow"),
        (0.2, Kind.PREFLIGHT_TRANSCRIPT, "what time does the doctor open tomorrow"),
    )
    async with calling(QUESTION, *script) as call:
        await call.answered()
        assert len(call.model.requests) == 1
        assert [role for role, _ in call.said] == ["user", "assistant"]
        assert call.work.model.wasted_s == 0.0


async def test_a_model_that_fails_early_is_owned_up_to_once_and_the_turn_is_kept() -> None:
    script = (
        (-0.6, Kind.INTERIM_TRANSCRIPT, "What time|does the doctor open tomorrow?"),
        (0.2, Kind.PREFLIGHT_TRANSCRIPT, QUESTION),
    )
    async with calling(QUESTION, *script, model=ScriptedLLM(failing=1)) as call:
        await call.answered()
        assert call.said == [("user", QUESTION), ("assistant", SORRY)]
        assert call.session.agent_state == "listening"
        call.session.generate_reply(user_input="And today?")
        async with asyncio.timeout(5):
            while ("assistant", answer_to("And today?")) not in call.said:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
