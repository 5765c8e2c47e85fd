"""livekit.plugins.turns as the turn detector of a real session: real voice activity, real audio model, real speech."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from livekit.agents import Agent, AgentSession, StopResponse, inference, llm
from livekit.agents.stt import SpeechEventType
from livekit.agents.voice.turn import _StreamingTurnDetector, _StreamingTurnDetectorStream
from livekit.plugins import silero, turns

from support.listening import Samples, resampled, silence
from support.scripted_hearing import RATE, Line, Recording, ScriptedSTT
from support.speech import english

pytestmark = pytest.mark.models

_LONGER_S = 0.8
WHOLE = "What time does the doctor open tomorrow?"
CUT = "I wanted to ask you about the"
REST = "concert on Sunday."
Spoken = list[tuple[str, float]]
"""Words, and the seconds of silence behind them."""


class NoLLM(llm.LLM[Any]):
    def chat(self, **_: Any) -> llm.LLMStream:
        raise AssertionError("nobody asked it")


@dataclass
class Silent(Agent):
    """An agent that answers nothing."""

    turns: list[tuple[float, str]] = field(default_factory=list)
    """When each turn was committed, and its words."""

    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        super().__init__(instructions="")

    async def on_user_turn_completed(self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage) -> None:
        self.turns.append((time.monotonic(), new_message.text_content or ""))
        self.answered.set()
        raise StopResponse


@dataclass
class Talk:
    """What came of what was said."""

    committed: list[tuple[float, str]]
    """Seconds from the last speech of all, and the words of the turn."""
    decisions: list[turns.Decision]
    pace: turns.Pace


def recorded(spoken: Spoken) -> tuple[Samples, list[Line], float]:
    """The samples, what a recogniser would say and when, and the end of the last speech in seconds."""
    samples, script, so_far, end_s = silence(0.3), [], "", 0.0
    for words, pause_s in spoken:
        voice = resampled(english(words), RATE)
        loud = np.flatnonzero(np.abs(voice) > 300)
        voice = voice[loud[0] : loud[-1]]
        begin_s, text = len(samples) / RATE, so_far
        end_s = begin_s + len(voice) / RATE
        each = words.split()
        for number, word in enumerate(each, start=1):
            text = f"{text} {word}".strip()
            at_s = begin_s + (end_s - begin_s) * number / len(each) + 0.3
            script.append((min(at_s, end_s + 0.1), SpeechEventType.INTERIM_TRANSCRIPT, text))
        script.append((end_s + 0.12, SpeechEventType.PREFLIGHT_TRANSCRIPT, text))
        samples = np.concatenate([samples, voice, silence(pause_s)])
        so_far = text
    return samples, script, end_s


@asynccontextmanager
async def session_of(agent: Silent, detector: turns.TurnDetector, spoken: Spoken) -> AsyncIterator[float]:
    """A session that hears `spoken`. Gives when its last speech ends, in `time.monotonic` seconds."""
    samples, script, end_s = await asyncio.to_thread(recorded, spoken)
    session: AgentSession[None] = AgentSession(
        vad=silero.VAD.load(min_silence_duration=0.25),
        stt=ScriptedSTT(script),
        llm=NoLLM(),
        turn_handling={
            "turn_detection": detector,
            "endpointing": {"min_delay": 0.15, "max_delay": 3.0},
            "preemptive_generation": {"enabled": False},
        },
    )
    detector.attach(session)
    microphone = Recording(samples)
    session.input.audio = microphone
    await session.start(agent, record=False)
    try:
        async with asyncio.timeout(5):
            began = await microphone.began
        yield began + end_s
    finally:
        await session.aclose()
        detector.detach()


async def talk(spoken: Spoken) -> Talk:
    """Says `spoken`, and waits until the turn is committed and a little longer."""
    agent, decisions = Silent(), []
    detector = turns.TurnDetector()
    detector.on("decided", decisions.append)
    async with session_of(agent, detector, spoken) as ended:
        async with asyncio.timeout(ended - time.monotonic() + 6):
            await agent.answered.wait()
        await asyncio.sleep(_LONGER_S)
    return Talk([(at - ended, text) for at, text in agent.turns], decisions, detector.pace)


async def test_the_protocols() -> None:
    detector = turns.TurnDetector()
    assert isinstance(detector, _StreamingTurnDetector)
    stream = detector.stream()
    assert isinstance(stream, _StreamingTurnDetectorStream)
    assert not isinstance(detector, inference.TurnDetector)
    assert await stream.unlikely_threshold(None) == 0.5
    assert await stream.backchannel_threshold(None) is None
    assert await stream.supports_language(None)
    assert stream.prediction_timeout > turns.LONGEST_S
    await stream.aclose()


async def test_a_whole_question_is_committed_sooner_than_a_cut_one() -> None:
    whole, cut = await asyncio.gather(talk([(WHOLE, 0.0)]), talk([(CUT, 0.0)]))
    (whole_s, whole_words), (cut_s, cut_words) = whole.committed[0], cut.committed[0]
    assert (len(whole.committed), len(cut.committed)) == (1, 1)
    assert (whole_words, cut_words) == (WHOLE, CUT)
    assert whole_s + 0.8 < cut_s < turns.LONGEST_S + 1.0
    assert whole_s < 1.0
    (decision,) = cut.decisions[-1:]
    assert decision.called
    assert decision.audio is not None
    assert decision.words is not None
    assert sum(decision.called for decision in cut.decisions) == 1


async def test_a_speaker_who_goes_on_is_not_cut_off() -> None:
    heard = await talk([(CUT, 1.3), (REST, 0.0)])
    assert [words for _, words in heard.committed] == [f"{CUT} {REST}"]
    assert heard.committed[0][0] > 0
    long = [decision for decision in heard.decisions if decision.waited_s > 1.0 and not decision.called]
    assert len(long) == 1
    assert long[0].words is not None
    assert long[0].words < 0.3
    assert heard.pace != turns.Pace()
