"""What goes on beside a call: one part that fails takes none of the others with it, and a call ends all the same."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import Agent, AgentSession, APIConnectOptions, CloseEvent, ModelSettings, llm, tts
from livekit.plugins import turns

from livekit.plugins.turns.company.asking import Asking
from malbeot.clips.clip import Clip, chime
from malbeot.clips.fixed import FixedSpeech
from malbeot.persona import Persona, load_personas
from malbeot.resources import resource
from malbeot.settings import Settings
from malbeot.turn_taking import TurnTaking, call_limits
from malbeot.turn_taking.call_limits import CallLimits
from malbeot.turn_taking.company import Company
from support.speaker import Speaker

ALMOST_OVER = "Our time is almost over."


class Host(Agent):
    """Says nothing of its own. `voice_s`: how long its voice takes to begin."""

    def __init__(self, voice_s: float = 0.0) -> None:
        super().__init__(instructions="")
        self._voice_s = voice_s

    async def tts_node(self, text: Any, model_settings: ModelSettings) -> AsyncIterator[Any]:
        async for _ in text:
            pass
        await asyncio.sleep(self._voice_s)
        for frame in chime().frames():
            yield frame


class Voice(tts.TTS[Any]):
    """Is there, as LiveKit asks for one, and is not asked: `Host` speaks."""

    def __init__(self) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=chime().rate, num_channels=1)

    def synthesize(self, text: str, *, conn_options: APIConnectOptions | None = None) -> tts.ChunkedStream:
        raise NotImplementedError


class SessionInARoom(AgentSession[None]):
    """Sounds come out at a loudspeaker of this process, as if it were a room's."""

    @property
    def room_io(self) -> Any:
        return self


class BrokenClips(FixedSpeech):
    """Has asked for a clip when its disk fails; before, it takes its time."""

    def __init__(self, *, after_s: float) -> None:
        super().__init__(chime())
        self._after_s = after_s

    async def clip(self, text: str) -> Clip | None:
        await asyncio.sleep(self._after_s)
        raise OSError("the disk has failed")


@pytest.fixture
def persona() -> Persona:
    """Asks after 0.3 s, talks for 3 s at most, nods and thinks aloud."""
    english = load_personas(resource("prompts"))["en"]
    assert english.silence
    assert english.limits
    assert english.nods
    return english.model_copy(
        update={
            "silence": english.silence.model_copy(update={"ask_after_s": (0.3,)}),
            "nods": english.nods.model_copy(update={"enabled": True}),
            "limits": english.limits.model_copy(
                update={"minutes": 3 / 60, "warn_before_minutes": 0.5 / 60, "almost_over": ALMOST_OVER}
            ),
        }
    )


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livekit.plugins.turns.company.silence.BREATH_S", 0.05)
    monkeypatch.setattr(call_limits, "QUIET_S", 0.05)
    monkeypatch.setattr(call_limits, "PATIENCE_S", 0.3)


@contextlib.asynccontextmanager
async def calling(host: Host) -> AsyncIterator[tuple[AgentSession[None], asyncio.Future[CloseEvent]]]:
    """A session that speaks, and when it closes."""
    session = SessionInARoom(vad=None, tts=Voice())
    session.output.audio = Speaker(rate=chime().rate)
    closed: asyncio.Future[CloseEvent] = asyncio.get_running_loop().create_future()
    session.once("close", closed.set_result)
    await session.start(host, record=False)
    try:
        yield session, closed
    finally:
        await session.aclose()


def said(session: AgentSession[None]) -> list[str]:
    return [item.text_content or "" for item in session.history.items if isinstance(item, llm.ChatMessage)]


@pytest.mark.parametrize("after_s", [0.0, 30.0], ids=["fails", "takes for ever"])
async def test_without_its_clips_a_call_is_asked_and_ended_in_time(
    persona: Persona, after_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    async with calling(Host()) as (session, closed):
        company = Company(persona, BrokenClips(after_s=after_s))
        company.attach(session)
        running = asyncio.create_task(company.run(session))
        try:
            await asyncio.sleep(0)
            session.say("Hello.")
            await asyncio.wait_for(closed, 10)
            assert persona.silence
            assert set(persona.silence.asks) & set(said(session))
            assert said(session)[-2:] == [ALMOST_OVER, persona.phrases.goodbye]
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    failures = [record.message for record in caplog.records if "has failed" in record.message]
    assert len(failures) == (0 if after_s else 2), "nods and thoughts, once each"


async def test_the_minutes_count_from_where_the_call_begins(persona: Persona) -> None:
    async with calling(Host()) as (session, closed):
        company = Company(persona, FixedSpeech(chime()))
        company.attach(session)
        await asyncio.sleep(3.1)
        running = asyncio.create_task(company.run(session))
        await asyncio.wait_for(closed, 10)
        await asyncio.wait_for(running, 1)
        assert said(session) == [persona.phrases.goodbye], "counted from later, it would be told of its end before"


async def test_a_part_that_fails_while_it_runs_ends_alone(
    persona: Persona, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(self: Asking, session: AgentSession[Any]) -> None:
        raise ValueError("a mistake")

    monkeypatch.setattr(Asking, "run", fails)
    async with calling(Host()) as (session, closed):
        company = Company(persona, FixedSpeech(chime()))
        company.attach(session)
        running = asyncio.create_task(company.run(session))
        await asyncio.wait_for(closed, 10)
        await asyncio.wait_for(running, 1)
        assert persona.phrases.goodbye in said(session)
    assert len([record for record in caplog.records if "has failed" in record.message]) == 1


async def test_a_voice_that_never_ends_does_not_keep_the_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(call_limits, "SAYING_S", 0.3)
    monkeypatch.setattr("livekit.agents.voice.speech_handle.INTERRUPTION_TIMEOUT", 0.5)
    async with calling(Host(voice_s=60)) as (session, closed):
        limits = CallLimits(
            minutes=0.3 / 60, turns=9, warn_before_minutes=0.1 / 60, almost_over=ALMOST_OVER, goodbye="Goodbye."
        )
        running = asyncio.create_task(limits.run(session))
        await asyncio.wait_for(closed, 8)
        await asyncio.wait_for(running, 1)
    assert "ended without it" in caplog.text


async def test_a_call_begins_with_the_pace_that_it_is_given(persona: Persona, tmp_path: Path) -> None:
    slow = turns.Pace().learnt(1.6).learnt(1.9)
    settings = Settings(_env_file=None, malbeot_state=tmp_path / "never read")  # type: ignore[call-arg]
    taking = TurnTaking(settings, persona, FixedSpeech(chime()), None, call="test", caller="Rose", pace=slow)
    detector = taking.options()["turn_detection"]
    assert isinstance(detector, turns.TurnDetector)
    assert detector.pace == slow
