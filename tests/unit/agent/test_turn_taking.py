"""One call's turn taking beside others, and what it leaves to the caller's next call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import Agent, AgentSession, LanguageCode, llm, stt
from livekit.agents.stt import SpeechEventType as Kind
from livekit.plugins import turns

from malbeot.clips.clip import chime
from malbeot.clips.fixed import FixedSpeech
from malbeot.persona import load_personas
from malbeot.resources import resource
from malbeot.settings import Settings
from malbeot.turn_taking import TurnTaking, courtesy, paces
from support.scripted_detector import CUT, ScriptedAudio, never
from support.scripted_stages import ScriptedLLM

WHOLE = "How are you today?"


class SilentAudio(ScriptedAudio):
    def __init__(self, **_: Any) -> None:
        super().__init__(never)


@dataclass
class Call:
    taking: TurnTaking
    session: AgentSession[None]

    @property
    def detector(self) -> turns.TurnDetector:
        detector = self.taking.options()["turn_detection"]
        assert isinstance(detector, turns.TurnDetector)
        return detector

    async def hears(self, text: str) -> Kind:
        """What becomes of words at which its caller has paused."""

        async def come() -> AsyncIterator[stt.SpeechEvent]:
            data = stt.SpeechData(language=LanguageCode("en"), text=text)
            yield stt.SpeechEvent(type=Kind.PREFLIGHT_TRANSCRIPT, alternatives=[data])

        (event,) = [event async for event in self.taking.hear(come())]
        return event.type

    async def is_in(self, state: str) -> None:
        async with asyncio.timeout(5):
            while self.session.agent_state != state:  # noqa: ASYNC110, it is a state
                await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model judges the sound, and each look at the other calls is a new one."""
    monkeypatch.setattr("livekit.plugins.turns.ending.detector.inference.TurnDetector", SilentAudio)
    monkeypatch.setattr(courtesy, "LOOK_EVERY_S", 0.0)


@asynccontextmanager
async def calling(
    state: Path, name: str, *, caller: str = "", model: llm.LLM[Any] | None = None
) -> AsyncIterator[Call]:
    """A call without sound."""
    settings = Settings(_env_file=None, malbeot_state=state)  # type: ignore[call-arg]
    english = load_personas(resource("prompts"))["en"]
    pace = paces.load(state, caller)
    taking = TurnTaking(settings, english, FixedSpeech(chime()), None, call=name, caller=caller, pace=pace)
    session: AgentSession[None] = AgentSession(vad=None, llm=model, turn_handling={"turn_detection": "manual"})
    agent = Agent(instructions="")
    await session.start(agent, record=False)
    taking.attach(agent)
    try:
        yield Call(taking, session)
    finally:
        await taking.aclose()
        await session.aclose()


async def test_what_was_learnt_of_a_caller_is_known_in_their_next_call(tmp_path: Path) -> None:
    async with calling(tmp_path, "first", caller="Rose") as call:
        stream = call.detector.stream()
        call.detector.hear(CUT, settled=True)
        stream.predict()
        await asyncio.sleep(0.2)
        stream.cancel_inference()
        await stream.aclose()
        learnt = call.detector.pace
        assert learnt != turns.Pace()
        assert paces.load(tmp_path, "Rose") == turns.Pace(), "kept before the call is over"
    assert paces.load(tmp_path, "Rose") == learnt
    async with calling(tmp_path, "second", caller="Rose") as call:
        assert call.detector.pace == learnt


async def test_a_call_begins_nothing_early_while_another_one_waits_for_its_answer(tmp_path: Path) -> None:
    async with AsyncExitStack() as calls:
        one = await calls.enter_async_context(calling(tmp_path, "one", model=ScriptedLLM(delay_s=60)))
        other = await calls.enter_async_context(calling(tmp_path, "other"))
        assert await other.hears(WHOLE) is Kind.PREFLIGHT_TRANSCRIPT
        answer = one.session.generate_reply(user_input="Hello?")
        await one.is_in("thinking")
        assert await other.hears("And what is that?") is Kind.INTERIM_TRANSCRIPT
        assert await one.hears(WHOLE) is Kind.PREFLIGHT_TRANSCRIPT, "it gives way to itself"
        answer.interrupt()
        await one.is_in("listening")
        assert await other.hears("And where is that?") is Kind.PREFLIGHT_TRANSCRIPT


async def test_a_call_that_ends_while_it_waits_is_not_waited_for(tmp_path: Path) -> None:
    async with calling(tmp_path, "other") as other:
        async with calling(tmp_path, "one", model=ScriptedLLM(delay_s=60)) as one:
            one.session.generate_reply(user_input="Hello?")
            await one.is_in("thinking")
            assert await other.hears(WHOLE) is Kind.INTERIM_TRANSCRIPT
        assert await other.hears(WHOLE) is Kind.PREFLIGHT_TRANSCRIPT
