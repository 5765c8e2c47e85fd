"""The engine that hears fails in the middle of a call: nothing that was said is lost, and nobody waits in silence."""

import asyncio
import time
from collections.abc import Coroutine

from malbeot.persona_choice import load_all
from support.caller import Caller
from support.recognise import word_error_rate
from support.speech import english
from support.stack import Stack

QUESTION = "When I was young, we lived in a small house near the river. Do you like to swim in the summer?"
NEXT = "What do you like to eat in the morning?"
MID_QUESTION_S = 2.5


async def killed(stack: Stack) -> None:
    await asyncio.sleep(MID_QUESTION_S)
    stack.kill("ears")
    await stack.stop("ears")
    await stack.start("ears")  # as `malbeot up` does


async def frozen(stack: Stack) -> None:
    await asyncio.sleep(MID_QUESTION_S)
    with stack.frozen("ears"):
        await asyncio.sleep(5.0)


async def understood_and_answered(
    stack: Stack, caller: Caller, question: str, *, meanwhile: Coroutine[None, None, None]
) -> None:
    sorry = load_all(stack.settings)["en"].phrases.not_understood
    began_at = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(meanwhile)
        asked = group.create_task(caller.play(english(question)))
    asked_at = asked.result()
    deadline = time.monotonic() + 60
    while not (answer := caller.captions_of("companion", since=asked_at).replace(sorry, "").strip()):
        assert time.monotonic() < deadline, "no answer within a minute"
        await asyncio.sleep(0.1)
    await caller.wait_for_voice(timeout_s=30, since=asked_at)
    await caller.wait_for_silence(2.0, timeout_s=60)
    heard = caller.captions_of("caller", since=began_at)
    assert word_error_rate(question, heard) <= 0.3, (heard, answer)


async def nothing() -> None:
    return


async def test_killed_in_the_middle_of_a_question(stack: Stack, caller: Caller) -> None:
    before = stack.pids["ears"]
    await understood_and_answered(stack, caller, QUESTION, meanwhile=killed(stack))
    assert stack.pids["ears"] != before
    await understood_and_answered(stack, caller, NEXT, meanwhile=nothing())


async def test_frozen_in_the_middle_of_a_question(stack: Stack, caller: Caller) -> None:
    await understood_and_answered(stack, caller, QUESTION, meanwhile=frozen(stack))
    await understood_and_answered(stack, caller, NEXT, meanwhile=nothing())


async def test_who_is_not_heard_is_told_and_answered_later(stack: Stack, caller: Caller) -> None:
    sorry = load_all(stack.settings)["en"].phrases.not_understood
    await stack.stop("ears")
    try:
        began_at = time.monotonic()
        asked_at = await caller.play(english(NEXT))
        await caller.wait_for_voice(timeout_s=10, since=asked_at)
        await caller.wait_for_silence(1.5, timeout_s=30)
        said = caller.captions_of("companion", since=asked_at)
    finally:
        await stack.start("ears")
    assert word_error_rate(sorry, said) <= 0.1, said
    again_at = time.monotonic()
    await caller.wait_for_voice(timeout_s=30, since=again_at)
    await caller.wait_for_silence(2.0, timeout_s=60)
    assert word_error_rate(NEXT, caller.captions_of("caller", since=began_at)) <= 0.3
    assert sorry not in caller.captions_of("companion", since=again_at)
