"""A stage fails in the middle of a call: the caller hears something, and the call goes on."""

import time

import numpy as np
import pytest

from malbeot.call import CallRequest
from malbeot.clips.rendering import fixed_speech, speaker_of
from malbeot.persona_choice import choose_persona, load_all
from support.caller import Caller
from support.command import malbeot
from support.recognise import recognise, word_error_rate
from support.speech import english
from support.stack import Stack

# In this order: a small model likes to say again what it has said, and an apology of thinking stands in the history.
QUESTION = "What do you like to eat in the morning?"


FAILED = "the language model failed"
"""What the worker's log says of that. A small model may apologise by itself, as it likes to repeat what it has said."""


async def heard_after(caller: Caller, question: str) -> tuple[str, str]:
    """Asks, and gives what was heard and what the captions say."""
    asked_at = await caller.play(english(question))
    await caller.wait_for_voice(timeout_s=30, since=asked_at)
    await caller.wait_for_silence(1.8, timeout_s=60)
    understood = recognise(caller.heard.samples(asked_at, time.monotonic()), caller.heard.rate, "en")
    return understood, caller.captions_of("companion", since=asked_at)


async def test_voice_down_and_back(stack: Stack, caller: Caller) -> None:
    persona = choose_persona(load_all(stack.settings), CallRequest(language="en"), stack.settings)
    fixed = fixed_speech(stack.settings, persona, await speaker_of(stack.settings))
    assert len(fixed.apology.samples) > 24000, "the apology was not prepared"
    await stack.stop("voice")
    try:
        understood, said = await heard_after(caller, QUESTION)
    finally:
        await stack.start("voice")
    assert word_error_rate(persona.phrases.voice_failed, understood) <= 0.3, understood
    assert said, "the text of the answer did not arrive"
    assert persona.phrases.voice_failed not in said
    understood, said = await heard_after(caller, QUESTION)
    assert word_error_rate(persona.phrases.voice_failed, understood) > 0.5, understood


async def test_voice_that_stalls(stack: Stack, caller: Caller) -> None:
    persona = load_all(stack.settings)["en"]
    with stack.frozen("voice"):
        understood, said = await heard_after(caller, QUESTION)
    assert word_error_rate(persona.phrases.voice_failed, understood) <= 0.3, understood
    assert said, "the text of the answer did not arrive"


async def test_language_model_down_and_back(stack: Stack, caller: Caller) -> None:
    persona = choose_persona(load_all(stack.settings), CallRequest(language="en"), stack.settings)
    await stack.stop("ollama")
    try:
        understood, said = await heard_after(caller, QUESTION)
    finally:
        await stack.start("ollama")
    assert word_error_rate(persona.phrases.thinking_failed, said) <= 0.1, said
    assert word_error_rate(persona.phrases.thinking_failed, understood) <= 0.3, understood
    for _ in range(2):  # a model that is just being loaded may be late once
        before = stack.log("worker").count(FAILED)
        understood, said = await heard_after(caller, "Do you like flowers and gardens?")
        assert said
        if stack.log("worker").count(FAILED) == before:
            break
    else:
        pytest.fail("the language model is back, and its answers fail")


async def test_language_model_that_stalls(stack: Stack, caller: Caller) -> None:
    persona = load_all(stack.settings)["en"]
    with stack.frozen("ollama"):
        understood, said = await heard_after(caller, QUESTION)
    assert word_error_rate(persona.phrases.thinking_failed, said) <= 0.1, said
    assert word_error_rate(persona.phrases.thinking_failed, understood) <= 0.3, understood


async def test_model_that_was_not_pulled(stack: Stack) -> None:
    env = {**stack.environment, "OLLAMA_MODEL": "nobody-pulled-this"}
    result = await malbeot("console", "--text", env=env, stdin="Hello!\n")
    assert (result.status, result.out) == (1, "")
    assert "ollama pull nobody-pulled-this" in result.complaint


async def test_apology_clip_is_speech(stack: Stack) -> None:
    for persona in load_all(stack.settings).values():
        clip = fixed_speech(stack.settings, persona, await speaker_of(stack.settings)).apology
        assert len(clip.samples) / clip.rate > 1.0
        assert np.abs(clip.samples).max() > 1000
