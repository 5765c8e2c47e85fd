"""What is said over an agent's speech, in a session without a room: its sound goes into a `Speaker`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions, LanguageCode, llm, stt
from livekit.agents.stt import SpeechEventType
from livekit.agents.voice import io

from livekit.plugins.turns import EarlyAnswers, TurnDetector
from livekit.plugins.turns.overlap.barge_in import BargeIn, interruption_options
from livekit.plugins.turns.overlap.overlap import Verdict
from support.speaker import Speaker

RATE = 16000
STORY = "And then we went down to the river and fed all the ducks."
QUESTION = "We had a good day. Did you sleep well?"
START = stt.SpeechEvent(type=SpeechEventType.START_OF_SPEECH)
END = stt.SpeechEvent(type=SpeechEventType.END_OF_SPEECH)


class Paper(io.TextOutput):
    """Where the agent's words are written."""

    def __init__(self) -> None:
        super().__init__(label="Paper", next_in_chain=None)
        self.text = ""

    async def capture_text(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


class Pondering(llm.LLM[Any]):
    """Never answers."""

    def chat(self, *, chat_ctx: llm.ChatContext, tools: list[llm.Tool] | None = None, **_: Any) -> llm.LLMStream:
        return _Pondering(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=APIConnectOptions(max_retry=0))


class _Pondering(llm.LLMStream):
    async def _run(self) -> None:
        await asyncio.Event().wait()


def heard(kind: SpeechEventType, text: str, confidence: float = 0.8) -> stt.SpeechEvent:
    data = stt.SpeechData(language=LanguageCode("en"), text=text, confidence=confidence)
    return stt.SpeechEvent(type=kind, alternatives=[data])


def interim(text: str) -> stt.SpeechEvent:
    return heard(SpeechEventType.INTERIM_TRANSCRIPT, text)


def final(text: str) -> stt.SpeechEvent:
    return heard(SpeechEventType.FINAL_TRANSCRIPT, text)


class Call:
    """An agent that speaks, and what reaches LiveKit of what is recognised meanwhile."""

    def __init__(
        self, session: AgentSession[None], barge_in: BargeIn, speaker: Speaker, interruptions: list[None]
    ) -> None:
        self.session = session
        self.barge_in = barge_in
        self.interruptions = interruptions
        self.speaker = speaker

    async def says(self, text: str, seconds: float) -> None:
        """Begins to; returns once it is heard."""

        async def sound() -> AsyncIterator[rtc.AudioFrame]:
            for _ in range(round(seconds / 0.1)):
                yield rtc.AudioFrame(np.full(RATE // 10, 4000, np.int16).tobytes(), RATE, 1, RATE // 10)

        self.session.say(text, audio=sound(), add_to_chat_ctx=True)
        async with asyncio.timeout(3):
            while self.session.agent_state != "speaking":  # noqa: ASYNC110, it is a state
                await asyncio.sleep(0.01)

    async def passes(self, *events: stt.SpeechEvent) -> list[str]:
        """The texts that reach LiveKit of these events, which come at once."""

        async def come() -> AsyncIterator[stt.SpeechEvent]:
            for event in events:
                yield event

        passed = [event async for event in self.barge_in.gate(come())]
        return [event.alternatives[0].text for event in passed if event.alternatives and event.alternatives[0].text]

    async def falls_silent(self) -> None:
        async with asyncio.timeout(2):
            while self.session.agent_state == "speaking":  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def calling(language: str = "en") -> AsyncIterator[Call]:
    speaker = Speaker(RATE)
    interruptions: list[None] = []
    barge_in = BargeIn(language=language, interrupted=lambda: interruptions.append(None))
    session: AgentSession[None] = AgentSession(
        vad=None, llm=Pondering(), turn_handling={"turn_detection": "manual", "interruption": interruption_options()}
    )
    session.output.audio, session.output.transcription = speaker, Paper()
    await session.start(Agent(instructions=""), record=False)
    barge_in.attach(session)
    try:
        yield Call(session, barge_in, speaker, interruptions)
    finally:
        await session.aclose()
        await barge_in.aclose()


async def test_listening_is_kept_back_and_the_agent_speaks_on() -> None:
    async with calling() as call:
        await call.says(STORY, 0.8)
        assert await call.passes(START, interim("Mm"), interim("Mm-hmm."), final("Mm-hmm."), END) == []
        assert call.session.agent_state == "speaking"
        await call.falls_silent()
        assert len(call.speaker.heard) == round(0.8 * RATE)
        assert (call.barge_in.counts.ignored, call.barge_in.counts.stopped) == (1, 0)


async def test_who_flushed_is_told_that_there_is_no_more() -> None:
    async with calling() as call:
        await call.says(STORY, 0.5)

        async def come() -> AsyncIterator[stt.SpeechEvent]:
            for event in (START, final("Right."), END):
                yield event

        kinds = [event.type async for event in call.barge_in.gate(come())]
        assert kinds == [START.type, SpeechEventType.FINAL_TRANSCRIPT, END.type]


async def test_an_interruption_passes_stops_the_agent_once_and_the_history_says_so() -> None:
    async with calling() as call:
        await call.says(STORY, 3.0)
        await asyncio.sleep(0.3)
        texts = await call.passes(START, interim("Wait"), interim("Wait, stop"), final("Wait, stop please."), END)
        assert texts == ["Wait", "Wait, stop", "Wait, stop please."]
        await call.falls_silent()
        await asyncio.sleep(0.05)
        assert call.barge_in.counts.stopped == 1
        assert len(call.interruptions) == 1
        assert len(call.speaker.heard) < RATE
        message = call.session.history.messages()[-1]
        assert message.role == "assistant"
        assert message.interrupted


async def test_listening_directly_before_real_words_belongs_to_them() -> None:
    async with calling("ko") as call:
        await call.says(STORY, 2.0)
        assert await call.passes(START, final("네."), END) == []
        texts = await call.passes(START, interim("그런데 오늘"), final("그런데 오늘 안 갔어요."), END)
        assert texts == ["네. 그런데 오늘", "네. 그런데 오늘 안 갔어요."]
        await call.falls_silent()
        assert await call.passes(START, interim("어제도"), final("어제도요."), END) == ["어제도", "어제도요."]


async def test_no_answer_is_begun_to_listening_that_begins_a_turn() -> None:
    """A final of its own would be one to LiveKit, and the words behind it another."""
    async with calling("en") as call:
        await call.says(STORY, 2.0)
        early = EarlyAnswers(TurnDetector(language="en"))

        async def come() -> AsyncIterator[stt.SpeechEvent]:
            supposed = interim("But how are")
            supposed.alternatives[0].metadata = {"supposed_text": "But how are you?"}
            for event in (START, final("Mm-hmm."), END, START, supposed, final("But how are you?"), END):
                yield event

        texts = [
            (event.type, event.alternatives[0].text)
            async for event in early.gate(call.barge_in.gate(come()))
            if event.alternatives and event.alternatives[0].text
        ]
        assert texts == [
            (SpeechEventType.PREFLIGHT_TRANSCRIPT, "Mm-hmm. But how are you?"),
            (SpeechEventType.FINAL_TRANSCRIPT, "Mm-hmm. But how are you?"),
        ]


async def test_it_leaves_the_outputs_as_they_were() -> None:
    async with calling() as call:
        await call.says(STORY, 2.0)
        await asyncio.sleep(0.1)  # all of it is there
        assert not isinstance(call.session.output.transcription, Paper)
        await call.barge_in.aclose()
        assert call.session.output.audio is call.speaker
        assert isinstance(call.session.output.transcription, Paper)
        await call.falls_silent()


async def test_nothing_is_done_about_what_is_heard_while_it_closes() -> None:
    async with calling() as call:
        await call.says(STORY, 2.0)
        await asyncio.sleep(0.1)
        call.barge_in._act(Verdict.HOLD)
        call.barge_in._act(Verdict.IGNORE)
        timer = call.barge_in._texts_go_on
        assert timer is not None
        closing = asyncio.create_task(call.barge_in.aclose())
        await asyncio.sleep(0)
        assert timer.cancelled()
        call.barge_in._act(Verdict.HOLD)
        call.barge_in._act(Verdict.IGNORE)
        assert call.barge_in._texts_go_on is timer
        await closing


async def test_the_same_word_is_an_answer_when_a_question_is_nearly_over() -> None:
    async with calling() as call:
        await call.says(QUESTION, 0.6)
        assert await call.passes(START, interim("Yes"), final("Yes.")) == ["Yes", "Yes."]
        assert call.barge_in.counts.stopped == 1
        assert call.interruptions == []


async def test_in_the_middle_of_what_ends_in_a_question_it_is_listening() -> None:
    async with calling() as call:
        await call.says(QUESTION, 2.0)
        assert await call.passes(START, interim("Yes"), final("Yes.")) == []


async def test_words_that_outlast_the_agent_are_the_callers_turn_and_listening_is_not() -> None:
    async with calling() as call:
        await call.says(STORY, 0.2)
        assert await call.passes(START) == []
        await call.falls_silent()
        assert await call.passes(interim("Uh-huh"), final("Uh-huh.")) == []
        await call.says(STORY, 0.2)
        await call.passes(START)
        await call.falls_silent()
        assert await call.passes(interim("My son is"), final("My son is here.")) != []


async def test_while_the_agent_is_silent_everything_passes() -> None:
    async with calling() as call:
        assert await call.passes(START, interim("Mm"), final("Mm-hmm."), END) == ["Mm", "Mm-hmm."]


@pytest.mark.parametrize(("text", "speaks_on"), [("And my daughter", True), ("Wait", True), ("Mm", False), ("", False)])
async def test_a_reply_that_has_not_begun_is_given_up_for_who_speaks_on(text: str, speaks_on: bool) -> None:
    async with calling() as call:
        reply = call.session.generate_reply(user_input="I went to the doctor.")
        async with asyncio.timeout(3):
            while call.session.agent_state != "thinking":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert await call.passes(START, interim(text), final(text), END) == [text, text] * bool(text)
        assert reply.interrupted is speaks_on
        assert (call.barge_in.counts.superseded, call.barge_in.counts.stopped) == (int(speaks_on), 0)


async def test_a_speech_that_must_not_be_interrupted_is_not() -> None:
    async with calling() as call:
        call.session.say("Please listen.", audio=silence(0.6), allow_interruptions=False)
        await asyncio.sleep(0.2)
        await call.passes(START, final("Stop."))
        assert call.barge_in.counts.stopped == 0
        await call.falls_silent()
        assert len(call.speaker.heard) == round(0.6 * RATE)


async def silence(seconds: float) -> AsyncIterator[rtc.AudioFrame]:
    for _ in range(round(seconds / 0.1)):
        yield rtc.AudioFrame(bytes(RATE // 10 * 2), RATE, 1, RATE // 10)


async def test_sound_passes_unchanged_at_any_rate() -> None:
    async with calling() as call:
        await call.says(STORY, 0.5)
        frames = [rtc.AudioFrame(bytes(960), 24000, 1, 480) for _ in range(10)]

        async def come() -> AsyncIterator[rtc.AudioFrame]:
            for frame in frames:
                yield frame

        assert [frame async for frame in call.barge_in.hear_audio(come())] == frames


async def test_what_stopped_the_agent_does_not_stop_its_answer() -> None:
    async with calling() as call:
        await call.says(STORY, 3.0)
        await call.passes(START, interim("Wait, stop"), final("Wait, stop."), END)
        await call.falls_silent()

        async def room() -> AsyncIterator[rtc.AudioFrame]:
            while True:
                yield rtc.AudioFrame(bytes(640), RATE, 1, 320)
                await asyncio.sleep(0.02)

        async def listen() -> None:
            async for _ in call.barge_in.hear_audio(room()):
                pass

        listening = asyncio.create_task(listen())
        try:
            await asyncio.sleep(0.05)
            await call.says("Of course.", 0.6)
            await call.falls_silent()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        assert call.barge_in.counts.stopped == 1
        assert len(call.speaker.played[-1]) == round(0.6 * RATE)
