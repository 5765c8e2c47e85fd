"""A call ends in time: its caller is told before, hears a goodbye, and the room is gone."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from livekit import api

from malbeot.persona_choice import load_all
from support.caller import Caller, call_token
from support.personas import prompts_with
from support.speech import english
from support.stack import Stack, running_stack

ALMOST_OVER = "Our time together is almost over."
SILENT = {"silence": None, "nods": None, "thoughts": None}
PERSONAS = {
    "minutes": {
        **SILENT,
        "limits": {"minutes": 0.5, "turns": 400, "warn_before_minutes": 0.2, "almost_over": ALMOST_OVER},
    },
    "turns": {
        **SILENT,
        "limits": {"minutes": 60, "turns": 2, "warn_before_minutes": 5, "almost_over": ALMOST_OVER},
    },
}


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state = tmp_path_factory.mktemp("state")
    prompts: Path = prompts_with(state, PERSONAS)
    roles = ("livekit", "ears", "ollama", "voice", "worker")
    async with running_stack(state, roles=roles, env={"MALBEOT_PROMPTS": str(prompts)}) as running:
        yield running


def caller_of(stack: Stack, persona: str) -> Caller:
    token, _ = call_token(stack.api_key, stack.api_secret, persona=persona, name="Rose")
    return Caller(url=stack.livekit_url, token=token)


def first_said(caller: Caller, text: str) -> float | None:
    """When its captions began."""
    found = [caption.at for caption in caller.captions if caption.speaker == "companion" and text in caption.text]
    return min(found, default=None)


async def ended(stack: Stack, caller: Caller, timeout_s: float) -> float:
    room, deadline = caller.room_name, time.monotonic() + timeout_s
    async with api.LiveKitAPI(stack.livekit_url, stack.api_key, stack.api_secret) as livekit:
        while (await livekit.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms:
            assert time.monotonic() < deadline, "the call did not end"
            await asyncio.sleep(0.2)
    return time.monotonic()


async def test_a_call_ends_after_its_minutes(stack: Stack) -> None:
    goodbye = load_all(stack.settings)["minutes"].phrases.goodbye
    async with caller_of(stack, "minutes") as caller:
        began = await caller.agent_joined(timeout_s=20)
        over = await ended(stack, caller, 60)
        warned, bade = first_said(caller, ALMOST_OVER), first_said(caller, goodbye)
        assert warned
        assert bade
        assert 17 <= warned - began <= 24
        assert 29 <= bade - began <= 36
        spoke_until = caller.heard.silent_since(bade)
        assert spoke_until - bade >= 2.5, "the goodbye was heard"
        assert over >= spoke_until


async def test_a_call_ends_after_its_turns_and_their_answers(stack: Stack) -> None:
    goodbye = load_all(stack.settings)["turns"].phrases.goodbye
    async with caller_of(stack, "turns") as caller:
        await caller.wait_for_voice(timeout_s=20)
        await caller.wait_for_silence(1.5, timeout_s=30)
        asked_at = await caller.play(english("Hello there. What do you like to do on a sunny day?"))
        while first_said(caller, ALMOST_OVER) is None:
            assert time.monotonic() - asked_at < 60, "nothing was told"
            await asyncio.sleep(0.1)
        answers = [caption for caption in caller.captions if caption.speaker == "companion" and caption.at > asked_at]
        assert len(answers) >= 2, "the answer came first"
        assert ALMOST_OVER in answers[-1].text
        await caller.wait_for_silence(1.5, timeout_s=30)
        assert first_said(caller, goodbye) is None
        asked_at = await caller.play(english("Thank you. I like to walk in the garden and look at the flowers."))
        await ended(stack, caller, 90)
        said = [c.text for c in caller.captions if c.speaker == "companion" and c.at > asked_at]
        assert len(said) >= 2, said
        assert goodbye in said[-1]
        assert goodbye not in said[0]
