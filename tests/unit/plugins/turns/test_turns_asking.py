"""Silence in a session: asked aloud, in the history, and the session ends with a goodbye that nobody answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from livekit import rtc
from livekit.agents import (
    Agent,
    AgentSession,
    CloseEvent,
    ConversationItemAddedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
    llm,
)
from livekit.agents.voice import SpeechHandle

from livekit.plugins.turns.company import asking
from livekit.plugins.turns.company.asking import Asking
from livekit.plugins.turns.company.silence import Schedule
from support.speaker import Speaker

ASKS = ("Are you there?", "Can you hear me?")
GOODBYE = "Goodbye."


class Host(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="")

    async def on_enter(self) -> None:
        self.session.say("Hello.")


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livekit.plugins.turns.company.silence.BREATH_S", 0.05)
    monkeypatch.setattr("livekit.plugins.turns.company.silence.LINGER_S", 0.2)
    monkeypatch.setattr("livekit.plugins.turns.company.silence.SOUND_S", 0.8)


@contextlib.asynccontextmanager
async def watched(schedule: Schedule) -> AsyncIterator[tuple[AgentSession[None], asyncio.Task[None]]]:
    """A session without sound, its greeting said, and what watches over it."""
    session: AgentSession[None] = AgentSession(vad=None)
    watcher = Asking(schedule, asks=ASKS, goodbye=GOODBYE, language="en")
    watching = asyncio.create_task(watcher.run(session))
    await asyncio.sleep(0)
    await session.start(Host(), record=False)
    try:
        yield session, watching
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await session.aclose()


def said(session: AgentSession[None]) -> list[str]:
    return [item.text_content or "" for item in session.history.items if isinstance(item, llm.ChatMessage)]


async def goodbye_said(session: AgentSession[None]) -> None:
    goodbye = asyncio.Event()
    session.on("conversation_item_added", lambda _: GOODBYE in said(session) and goodbye.set())
    await asyncio.wait_for(goodbye.wait(), 5)


def sound(session: AgentSession[None], *, begins: bool) -> None:
    states = ("listening", "speaking") if begins else ("speaking", "listening")
    session.emit("user_state_changed", UserStateChangedEvent(old_state=states[0], new_state=states[1]))


def hear(session: AgentSession[None], words: str) -> None:
    session.emit("user_input_transcribed", UserInputTranscribedEvent(transcript=words, is_final=True))


async def test_it_asks_says_goodbye_and_closes() -> None:
    closed: asyncio.Future[CloseEvent] = asyncio.get_running_loop().create_future()
    async with watched(Schedule((0.2, 0.5), 0.8)) as (session, watching):
        session.once("close", closed.set_result)
        await asyncio.wait_for(closed, 5)
        await asyncio.wait_for(watching, 1)
        greeting, *asked, goodbye = said(session)
    assert (greeting, sorted(asked), goodbye) == ("Hello.", sorted(ASKS), GOODBYE)


async def test_words_begin_it_anew_and_hold_on_suspends_it() -> None:
    async with watched(Schedule((0.4,), hold_s=1.5)) as (session, _):
        await asyncio.sleep(0.25)
        hear(session, "Well,")
        await asyncio.sleep(0.25)
        assert said(session) == ["Hello."], "asked although there were words"
        hear(session, "hold on a minute.")
        await asyncio.sleep(0.8)
        assert said(session) == ["Hello."], "asked although it was told to wait"
        hear(session, "So.")
        await asyncio.sleep(0.7)
        assert len(said(session)) == 2


async def test_words_begun_during_the_goodbye_keep_the_call() -> None:
    async with watched(Schedule((), 0.3)) as (session, watching):
        await goodbye_said(session)
        sound(session, begins=True)
        await asyncio.sleep(0.5)
        assert not watching.done()
        sound(session, begins=False)
        hear(session, "I am here.")
        await asyncio.wait_for(watching, 5)
        assert said(session).count(GOODBYE) == 2


async def test_a_television_during_the_goodbye_does_not_keep_the_call() -> None:
    async with watched(Schedule((0.2,), 0.6)) as (session, watching):
        sound(session, begins=True)
        await asyncio.wait_for(watching, 5)
        assert len(said(session)) == 3
        assert said(session)[-1] == GOODBYE


async def test_a_voice_that_never_ends_stops_neither_the_questions_nor_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(asking, "SAYING_S", 0.3)
    monkeypatch.setattr(asking, "_CUTTING_OFF_S", 0.3)
    monkeypatch.setattr("livekit.agents.voice.speech_handle.INTERRUPTION_TIMEOUT", 0.6)
    async with watched(Schedule((0.2,), 0.6)) as (session, watching):
        asked = never_begins(session, monkeypatch)
        await asyncio.wait_for(watching, 10)
        assert [text for text, _ in asked][1:] == [GOODBYE]
        assert asked[0][0] in ASKS
    assert "has no end within" in caplog.text
    assert GOODBYE not in caplog.text


async def test_who_answers_before_the_question_has_begun_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(Schedule((0.2, 5.0))) as (session, _):
        asked = never_begins(session, monkeypatch)
        await asyncio.sleep(0.4)
        ((_, handle),) = asked
        hear(session, "Well,")
        await asyncio.wait_for(handle, 1)
        assert handle.interrupted
        assert said(session) == ["Hello."]


def never_begins(session: AgentSession[None], monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, SpeechHandle]]:
    """From now on what `session` says has no sound. What that is."""
    asked: list[tuple[str, SpeechHandle]] = []
    say = session.say

    def say_without_sound(text: str) -> SpeechHandle:
        handle = say(text, audio=endless())
        asked.append((text, handle))
        return handle

    session.output.audio = Speaker()
    monkeypatch.setattr(session, "say", say_without_sound)
    return asked


async def endless() -> AsyncIterator[rtc.AudioFrame]:
    await asyncio.Event().wait()
    yield rtc.AudioFrame(bytes(2), 16000, 1, 1)


async def test_it_ends_with_the_session() -> None:
    async with watched(Schedule((60.0,))) as (session, watching):
        await session.aclose()
        await asyncio.wait_for(watching, 1)


async def test_typed_words_count_as_words() -> None:
    async with watched(Schedule((0.3,), hold_s=60.0)) as (session, _):
        type_in(session, "Hold on, please.")
        await asyncio.sleep(0.6)
        assert said(session) == ["Hello."]
        type_in(session, "I am back.")
        await asyncio.sleep(0.6)
        assert said(session)[1:]
        assert set(said(session)[1:]) <= set(ASKS)


def type_in(session: AgentSession[None], words: str) -> None:
    message = llm.ChatMessage(role="user", content=[words])
    session.emit("conversation_item_added", ConversationItemAddedEvent(item=message))
