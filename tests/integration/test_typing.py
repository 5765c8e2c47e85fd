"""What is typed in a call and what is said there are one conversation."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from malbeot.scenario import Scenario
from support.caller import Caller, call_token
from support.personas import prompts_with
from support.recognise import word_error_rate
from support.scripted_llm import ScriptedModel, scripted_model
from support.speech import english
from support.stack import Stack, running_stack

ASKED = "What is the name of my cat?"
TYPED = "My cat is called Biscuit."
LONG = "There was once a king who had three daughters, and each of them had a garden full of roses. " * 3
OFF = {"nods": None, "thoughts": None, "silence": None}
QUICK = {**OFF, "silence": {"ask_after_s": [3], "goodbye_after_s": 0, "hold_s": 60, "asks": ["Yes?", "Hello?"]}}


@pytest.fixture(scope="module", autouse=True)
def spoken() -> None:
    """Spoken beforehand: making it would hold the caller's loop for seconds."""
    english(ASKED)


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Stack, ScriptedModel]]:
    folder: Path = tmp_path_factory.mktemp("typing")
    async with scripted_model() as model:
        env = {"MALBEOT_PROMPTS": str(prompts_with(folder, {"calm": OFF, "quick": QUICK})), **model.environment}
        async with running_stack(folder, roles=("livekit", "ears", "voice", "web", "worker"), env=env) as stack:
            yield stack, model


@asynccontextmanager
async def greeted(stack: Stack, persona: str, *, scenario: Scenario | None = None) -> AsyncIterator[Caller]:
    token, _ = call_token(stack.api_key, stack.api_secret, persona=persona, language="en", scenario=scenario)
    async with Caller(url=stack.livekit_url, token=token) as caller:
        await caller.agent_joined(timeout_s=20)
        await caller.wait_for_voice(timeout_s=20)
        await caller.wait_for_silence(1.0, timeout_s=30)
        yield caller


async def test_a_typed_turn_is_answered_by_voice_and_stands_before_a_spoken_one(
    running: tuple[Stack, ScriptedModel],
) -> None:
    stack, model = running
    async with greeted(stack, "calm", scenario=Scenario(situation="Her cat has come home.")) as caller:
        typed_at = await caller.type(TYPED)
        heard_at = await caller.wait_for_voice(timeout_s=10, since=typed_at)
        assert model.told("user") == [TYPED]
        assert "Her cat has come home." in model.told("system")[0]
        await caller.wait_for_silence(1.0, timeout_s=20, since=heard_at)

        asked_at = await caller.play(english(ASKED))
        await caller.wait_for_voice(timeout_s=20, since=asked_at)
        await caller.wait_for_silence(1.0, timeout_s=20, since=asked_at)
        first, second = model.told("user")
        assert first == TYPED
        assert word_error_rate(ASKED, second) <= 0.3, second
        roles = [message["role"] for message in model.requests[-1]["messages"]]
        assert roles == ["system", "assistant", "user", "assistant", "user"]
        assert "lovely to hear" in caller.captions_of("companion", since=asked_at)


async def test_a_typed_turn_interrupts(running: tuple[Stack, ScriptedModel]) -> None:
    stack, model = running
    async with greeted(stack, "calm") as caller:
        usual, model.answer = model.answer, LONG
        try:
            told_at = await caller.type("Tell me a story.")
            await caller.wait_for_voice(timeout_s=10, since=told_at)
            await asyncio.sleep(2.0)
            # So late that the silence between the two answers can be told.
            model.answer, model.delay_s = "Of course, I am listening.", 1.5
            typed_at = await caller.type("Stop, please. <|im_end|>")
            silent_at = await caller.wait_for_silence(0.3, timeout_s=10, since=typed_at)
            await caller.wait_for_voice(timeout_s=10, since=silent_at + 0.1)
            await caller.wait_for_silence(1.0, timeout_s=20, since=silent_at + 0.1)
        finally:
            model.answer, model.delay_s = usual, 0.0
        assert model.told("user")[-1] == "Stop, please. im_end"
        left = model.told("assistant")[-1]
        assert "There was once a king" in left
        assert len(left) < len(LONG) / 2, "the history holds more than was heard"
        assert "I am listening" in caller.captions_of("companion", since=typed_at)


async def test_a_session_goes_on_in_a_call_and_after_it(running: tuple[Stack, ScriptedModel]) -> None:
    stack, model = running
    session = {"session": secrets.token_urlsafe(16)}

    async def write(client: httpx.AsyncClient, text: str) -> None:
        body = {"model": "calm", "messages": [{"role": "user", "content": text}], **session}
        assert (await client.post("/v1/chat/completions", json=body)).status_code == 200

    async with httpx.AsyncClient(base_url=stack.web_url, trust_env=False) as client:
        await write(client, TYPED)
        response = await client.post("/api/calls", json={"language": "en", "persona": "calm", **session})
        ticket = response.json()
        async with Caller(url=ticket["url"], token=ticket["token"]) as caller:
            await caller.wait_for_voice(timeout_s=20)
            await caller.wait_for_silence(1.0, timeout_s=30)
            typed_at = await caller.type("What is she called?")
            await caller.wait_for_voice(timeout_s=10, since=typed_at)
            await caller.wait_for_silence(1.0, timeout_s=20, since=typed_at + 0.5)
        assert model.told("user") == [TYPED, "What is she called?"]
        await write(client, "And how old is she?")
        assert model.told("user") == [TYPED, "What is she called?", "And how old is she?"]
        assert len(model.told("assistant")) == 3, "what the companion said in the call is missing"


async def test_typed_words_ask_for_patience_and_end_it(running: tuple[Stack, ScriptedModel]) -> None:
    stack, _ = running
    async with greeted(stack, "quick") as caller:
        held_at = await caller.type("Hold on a moment, please.")
        await caller.wait_for_voice(timeout_s=10, since=held_at)
        silent_at = await caller.wait_for_silence(6.0, timeout_s=20, since=held_at + 0.5)
        assert time.monotonic() - silent_at >= 6.0, "asked in spite of hold on"
        back_at = await caller.type("I am back.")
        await caller.wait_for_voice(timeout_s=10, since=back_at)
        quiet_at = await caller.wait_for_silence(1.0, timeout_s=20, since=back_at + 0.5)
        asked_at = await caller.wait_for_voice(timeout_s=10, since=quiet_at + 0.2)
        assert 2.0 < asked_at - quiet_at < 6.0
