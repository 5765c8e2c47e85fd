"""A caller who falls silent in a real call: asked again, waited for, said goodbye to."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from livekit import rtc

from malbeot.persona_choice import load_all
from support.caller import Caller, call_token
from support.personas import prompts_with
from support.recognise import recognise, word_error_rate
from support.scripted_llm import ScriptedModel, scripted_model
from support.speech import english
from support.stack import Stack, running_stack

ASKS = ["Are you still there?", "Can you hear me?"]
OFF = {"nods": {"enabled": False, "words": ["Yes.", "I see."]}, "thoughts": None}
QUICK = {**OFF, "silence": {"ask_after_s": [2, 4], "goodbye_after_s": 9, "hold_s": 8, "asks": ASKS}}
BRIEF = {**OFF, "silence": {"ask_after_s": [], "goodbye_after_s": 2, "asks": ASKS}}
NEVER = {**OFF, "silence": {"enabled": False, "asks": ASKS, "ask_after_s": [1], "goodbye_after_s": 2}}


@pytest.fixture(scope="module")
async def model() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as running:
        yield running


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory, model: ScriptedModel) -> AsyncIterator[Stack]:
    folder = tmp_path_factory.mktemp("silence")
    prompts = prompts_with(folder, {"quick": QUICK, "brief": BRIEF, "never": NEVER})
    env = {"MALBEOT_PROMPTS": str(prompts), **model.environment}
    async with running_stack(folder, roles=("livekit", "ears", "voice", "worker"), env=env) as running:
        yield running


@asynccontextmanager
async def greeted(stack: Stack, persona: str) -> AsyncIterator[tuple[Caller, asyncio.Future[int]]]:
    """A caller who has been greeted, and what will hold the reason for which they left the room."""
    token, _ = call_token(stack.api_key, stack.api_secret, persona=persona, language="en")
    left: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with Caller(url=stack.livekit_url, token=token) as caller:
        assert caller._room
        caller._room.on("disconnected", lambda reason: left.done() or left.set_result(reason))
        await caller.agent_joined(timeout_s=20)
        await caller.wait_for_voice(timeout_s=20)
        await caller.wait_for_silence(1.0, timeout_s=30)
        yield caller, left


def asked(caller: Caller, since: float) -> list[str]:
    """What the companion said from `since` on, each time it spoke."""
    said = [caption for caption in caller.captions if caption.speaker == "companion" and caption.at >= since]
    return [caption.text.strip() for caption in said]


async def test_who_does_not_answer_is_asked_twice_and_then_the_call_ends_with_a_goodbye(stack: Stack) -> None:
    goodbye = load_all(stack.settings)["quick"].phrases.goodbye
    async with greeted(stack, "quick") as (caller, left):
        silent_at = await caller.wait_for_silence(1.0, timeout_s=10)
        first_at = await caller.wait_for_voice(since=silent_at + 0.1, timeout_s=10)
        assert first_at - silent_at >= 1.7, "asked before its time"
        reason = await asyncio.wait_for(left, 40)
        said = asked(caller, silent_at)
        assert sorted(said[:2]) == sorted(ASKS), said
        assert said[2:] == [goodbye]
        heard = recognise(caller.heard.samples(silent_at, time.monotonic()), caller.heard.rate, "en")
        assert word_error_rate(" ".join(said), heard) <= 0.3, heard
        assert reason == rtc.DisconnectReason.ROOM_DELETED, "the caller sees a failure, not the end of a call"


async def test_hold_on_suspends_the_questions_until_the_limit_and_then_it_asks_once(
    stack: Stack, model: ScriptedModel
) -> None:
    model.answer = "Of course, take your time."
    async with greeted(stack, "quick") as (caller, _):
        spoke_at = await caller.play(english("Hold on a minute please, someone is at the door."))
        await caller.wait_for_voice(since=spoke_at, timeout_s=20)
        silent_at = await caller.wait_for_silence(1.0, timeout_s=20, since=spoke_at + 1)
        asked_at = await caller.wait_for_voice(since=silent_at + 0.1, timeout_s=20)
        # Counted from the request, so what the companion answered to it and its pause are part of it.
        assert asked_at - spoke_at >= 6.5, "asked although it was told to wait"
        await caller.wait_for_silence(0.7, timeout_s=20, since=asked_at + 0.5)
        assert asked(caller, silent_at)[0] in ASKS


async def test_words_end_the_wait_and_the_question_stands_in_the_conversation(
    stack: Stack, model: ScriptedModel
) -> None:
    model.answer = "Of course."
    async with greeted(stack, "quick") as (caller, _):
        spoke_at = await caller.play(english("Just a moment, please."))
        await caller.wait_for_voice(since=spoke_at, timeout_s=20)
        await caller.wait_for_silence(1.0, timeout_s=20, since=spoke_at + 1)
        spoke_at = await caller.play(english("I am back again. My neighbour brought me some apples."))
        await caller.wait_for_voice(since=spoke_at, timeout_s=20)
        silent_at = await caller.wait_for_silence(1.0, timeout_s=20, since=spoke_at + 1)
        asked_at = await caller.wait_for_voice(since=silent_at + 0.1, timeout_s=10)
        assert asked_at - silent_at <= 5, "it still waited"
        await caller.wait_for_silence(0.7, timeout_s=20, since=asked_at + 0.5)
        spoke_at = await caller.play(english("Yes, I am here, I was thinking about the apples."))
        await caller.wait_for_voice(since=spoke_at, timeout_s=20)
        assert any(text in ASKS for text in model.told("assistant")), model.requests[-1]["messages"]


async def test_who_speaks_during_the_goodbye_keeps_the_call(stack: Stack, model: ScriptedModel) -> None:
    model.answer = "There you are. How nice."
    async with greeted(stack, "brief") as (caller, left):
        silent_at = await caller.wait_for_silence(1.0, timeout_s=10)
        await caller.wait_for_voice(since=silent_at + 0.1, timeout_s=10)
        requests = len(model.requests)
        spoke_at = await caller.play(english("Wait, do not go, I am still here with you."))
        await caller.wait_for_voice(since=spoke_at + 0.3, timeout_s=20)
        assert not left.done(), "the call ended"
        assert len(model.requests) > requests, "nobody answered"


async def test_a_persona_that_never_asks_stays_silent(stack: Stack) -> None:
    async with greeted(stack, "never") as (caller, left):
        silent_at = await caller.wait_for_silence(1.0, timeout_s=10)
        with pytest.raises(TimeoutError):
            await caller.wait_for_voice(since=silent_at + 0.1, timeout_s=4)
        assert not left.done()
