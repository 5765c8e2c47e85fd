"""In a real call: a quiet word while somebody tells something long, and a word of thought before a late answer."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import numpy as np
import pytest

from support.caller import Caller, call_token
from support.personas import prompts_with
from support.recognise import normal, recognise
from support.recording import Samples, loud_windows
from support.scripted_llm import ScriptedModel, scripted_model
from support.speech import Speech, english
from support.stack import Stack, running_stack

NODS = ["I see.", "Oh, yes.", "Right."]
THOUGHTS = ["Let me think about that.", "Well, let me see."]
LISTENER = {"nods": {"enabled": True, "words": NODS}, "thoughts": None, "silence": None}
THINKER = {"nods": None, "thoughts": {"after_s": 1.2, "words": THOUGHTS}, "silence": None}
STORY = (
    "When I was a little girl we lived in a small house by the river, and",
    "my father worked at the mill, and he got up very early every morning, and",
    "my mother was baking bread in the kitchen for all of us, and",
    "we had to walk to school through the woods and over the old bridge, and",
    "we always went to see the horses first.",
)
PAUSE_S = 0.7


@pytest.fixture(scope="module")
async def model() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as running:
        yield running


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory, model: ScriptedModel) -> AsyncIterator[Stack]:
    folder = tmp_path_factory.mktemp("listening")
    prompts = prompts_with(folder, {"listener": LISTENER, "thinker": THINKER})
    env = {"MALBEOT_PROMPTS": str(prompts), **model.environment}
    async with running_stack(folder, roles=("livekit", "ears", "voice", "worker"), env=env) as running:
        yield running


async def greeted(caller: Caller) -> None:
    await caller.agent_joined(timeout_s=20)
    await caller.wait_for_voice(timeout_s=20)
    await caller.wait_for_silence(1.0, timeout_s=30)


def caller_of(stack: Stack, persona: str) -> Caller:
    token, _ = call_token(stack.api_key, stack.api_secret, persona=persona, language="en")
    return Caller(url=stack.livekit_url, token=token)


def story() -> Speech:
    """Its clauses with pauses between, as somebody tells who thinks back."""
    clauses = [english(clause) for clause in STORY]
    pause = np.zeros(round(clauses[0].rate * PAUSE_S), np.int16)
    pieces = [piece for clause in clauses for piece in (clause.samples, pause)]
    return Speech(np.concatenate(pieces[:-1]), clauses[0].rate)


def loudness_db(samples: Samples, rate: int) -> float:
    """Of the windows in which there is voice."""
    size = round(rate * 0.01)
    windows = samples[: len(samples) // size * size].astype(np.float64).reshape(-1, size)
    return float(10 * np.log10(np.square(windows[loud_windows(samples, rate)]).mean()))


async def answer_after(caller: Caller, since: float) -> float:
    """Hears out the answer that begins after `since`. Returns when it began; asides are no answers."""
    deadline = time.monotonic() + 30
    while not (began := [at for state, at in caller.states if state == "speaking" and at >= since]):
        assert time.monotonic() < deadline, "no answer came"
        await asyncio.sleep(0.05)
    await caller.wait_for_silence(1.0, timeout_s=20, since=began[-1] + 0.5)
    return began[-1]


async def test_a_long_story_gets_a_quiet_nod_and_keeps_the_floor(stack: Stack, model: ScriptedModel) -> None:
    model.answer, model.delay_s = "What a lovely story.", 0.0
    async with caller_of(stack, "listener") as caller:
        await greeted(caller)
        began_at = time.monotonic()
        greeting_db = loudness_db(caller.heard.samples(caller.connected_at, began_at), caller.heard.rate)
        told = story()
        ended_at = await caller.play(told)
        states = [state for state, at in caller.states if began_at <= at < ended_at]
        assert "speaking" not in states, "it took the turn"
        while_told = caller.heard.samples(began_at, ended_at)
        assert loud_windows(while_told, caller.heard.rate).sum() >= 10, "nothing was heard while the story was told"
        nod_db = loudness_db(while_told, caller.heard.rate)
        assert 6 <= greeting_db - nod_db <= 18, f"{greeting_db:.1f} dB the greeting, {nod_db:.1f} dB the nod"
        assert caller.captions_of("companion", since=began_at) == ""
        await answer_after(caller, ended_at)
        messages = " ".join(str(message) for message in model.requests[-1]["messages"])
        assert not any(nod in messages for nod in NODS)
        said = " ".join(model.told("user"))
        assert "river" in said, said
        assert "horses" in said, said
        assert len(model.told("assistant")) == 1, "something but the greeting was said before the story's end"


async def test_a_late_answer_is_preceded_by_a_word_of_thought_but_not_twice_running(
    stack: Stack, model: ScriptedModel
) -> None:
    model.answer, model.delay_s = "Potatoes are my favourite of them all.", 4.0
    questions = ("What do you like to eat?", "And what did your mother cook?", "Do you like soup as well?")
    heard: list[str] = []
    async with caller_of(stack, "thinker") as caller:
        await greeted(caller)
        for question in questions:
            asked_at = await caller.play(english(question))
            first_at = await caller.wait_for_voice(since=asked_at, timeout_s=20)
            answered_at = await answer_after(caller, asked_at)
            thought = normal(recognise(caller.heard.samples(asked_at, answered_at - 0.2), caller.heard.rate, "en"))
            heard.append(thought if answered_at - first_at > 0.5 else "")
            said = caller.captions_of("companion", since=asked_at)
            assert normal(said) == normal(model.answer), "a thought is no word of the answer"
    assert [bool(words) for words in heard] == [True, False, True], heard
    assert {heard[0], heard[2]} == {normal(words) for words in THOUGHTS}, heard
    assert not any(words in str(model.requests[-1]["messages"]) for words in THOUGHTS)


async def test_a_prompt_answer_has_no_thought_before_it(stack: Stack, model: ScriptedModel) -> None:
    model.answer, model.delay_s = "Yes, I do.", 0.0
    async with caller_of(stack, "thinker") as caller:
        await greeted(caller)
        asked_at = await caller.play(english("Do you like apples?"))
        await answer_after(caller, asked_at)
        understood = normal(recognise(caller.heard.samples(asked_at, time.monotonic()), caller.heard.rate, "en"))
        assert understood.endswith(normal(model.answer))
        assert not any(normal(thought) in understood for thought in THOUGHTS)


async def test_a_thought_falls_silent_when_the_caller_speaks_and_the_answer_is_whole(
    stack: Stack, model: ScriptedModel
) -> None:
    model.answer, model.delay_s = "Then let us talk about the garden.", 4.0
    async with caller_of(stack, "thinker") as caller:
        await greeted(caller)
        asked_at = await caller.play(english("What shall we talk about today?"))
        await caller.wait_for_voice(since=asked_at, timeout_s=20)
        model.delay_s = 0.0
        spoke_at = await caller.play(english("I would like to talk about my garden."))
        await answer_after(caller, spoke_at)
        assert normal(caller.captions_of("companion", since=spoke_at)) == normal(model.answer)
        assert all(later[1] >= earlier[1] for earlier, later in pairwise(caller.states))
