"""The turn detector attached to a session is told what is heard and said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ConversationItemAddedEvent,
    LanguageCode,
    UserInputTranscribedEvent,
    llm,
)

from livekit.plugins.turns import Asked
from livekit.plugins.turns.ending import speaker
from support.scripted_detector import LANGUAGE, WHOLE, Call, called, listening, never, says


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


def speaks() -> AgentStateChangedEvent:
    return AgentStateChangedEvent(old_state="thinking", new_state="speaking")


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
            session.emit("agent_state_changed", speaks())
        await asyncio.sleep(0.2)
        call.stream.cancel_inference()
        assert (call.detector.pace == before) == agent_speaks


@asynccontextmanager
async def called_too_soon(monkeypatch: pytest.MonkeyPatch, *, at_once_s: float = 30.0) -> AsyncIterator[Call]:
    """A turn was called, the agent has begun to speak, and after 0.3 s the caller does so too."""
    monkeypatch.setattr(speaker, "AT_ONCE_S", at_once_s)
    async with listening(says(0.97)) as call:
        session: AgentSession[None] = AgentSession()
        call.detector.attach(session)
        session.emit("user_input_transcribed", transcribed(WHOLE, final=True))
        assert await called(call.stream.predict())
        call.stream.flush("turn committed")
        session.emit("agent_state_changed", speaks())
        await asyncio.sleep(0.3)
        call.stream.cancel_inference()
        yield call


async def test_who_interrupts_the_agents_first_sounds_was_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async with called_too_soon(monkeypatch) as call:
        before = call.detector.pace
        call.detector.interrupted()
        learnt = call.detector.pace
        assert learnt.weight > before.weight
        call.detector.interrupted()
        assert call.detector.pace == learnt, "one pause was learnt twice"


async def test_who_interrupts_the_agent_later_was_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async with called_too_soon(monkeypatch, at_once_s=0.1) as call:
        before = call.detector.pace
        call.detector.interrupted()
        assert call.detector.pace == before


async def test_who_only_listens_at_first_and_interrupts_then_was_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async with called_too_soon(monkeypatch) as call:
        before = call.detector.pace
        call.stream.predict()
        await asyncio.sleep(0.1)
        call.stream.cancel_inference()
        call.detector.interrupted()
        assert call.detector.pace == before


async def test_who_takes_a_turn_without_interrupting_was_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async with called_too_soon(monkeypatch) as call:
        before = call.detector.pace
        call.stream.flush("turn committed")
        call.detector.interrupted()
        assert call.detector.pace == before
