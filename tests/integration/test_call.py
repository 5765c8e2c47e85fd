"""The main job: a call in a real room, heard, thought about and answered by voice."""

import asyncio
import time

import psutil
import pytest

from support.caller import Caller, call_token
from support.recognise import recognise, word_error_rate
from support.speech import english, korean
from support.stack import Stack

QUESTION = "Hello there. What do you like to do on a sunny day?"
LONG_ANSWER_WANTED = "Please tell me a very long story about a king, a queen and their three daughters."


async def call(stack: Stack, **request: str) -> Caller:
    token, _ = call_token(stack.api_key, stack.api_secret, **request)
    return Caller(url=stack.livekit_url, token=token)


async def greeted(caller: Caller) -> None:
    """Waits until the companion has greeted and fallen silent."""
    await caller.agent_joined(timeout_s=20)
    await caller.wait_for_voice(timeout_s=20)
    await caller.wait_for_silence(1.0, timeout_s=30)


async def test_an_english_question_is_answered_by_voice(stack: Stack) -> None:
    async with await call(stack, name="Rose", language="en") as caller:
        await greeted(caller)
        asked_at = await caller.play(english(QUESTION))
        await caller.wait_for_voice(timeout_s=30, since=asked_at)
        await caller.wait_for_silence(2.0, timeout_s=60)

        heard = caller.captions_of("caller", since=asked_at - 5)
        assert word_error_rate(QUESTION, heard) <= 0.25, heard
        said = caller.captions_of("companion", since=asked_at)
        understood = recognise(caller.heard.samples(asked_at, time.monotonic()), caller.heard.rate, "en")
        assert word_error_rate(said, understood) <= 0.3, (said, understood)


async def test_the_companion_falls_silent_when_interrupted_and_the_call_leaves_nothing_behind(stack: Stack) -> None:
    jobs_before = set(stack.pids["worker"])
    async with await call(stack, name="Rose", language="en") as caller:
        await greeted(caller)
        asked_at = await caller.play(english(LONG_ANSWER_WANTED))
        began = await caller.wait_for_voice(timeout_s=30, since=asked_at)
        await asyncio.sleep(2.0)
        speaking = asyncio.create_task(
            caller.play(english("Wait, stop, stop please, I have another question for you."))
        )
        interrupted_at = time.monotonic()
        silent_at = await caller.wait_for_silence(0.5, timeout_s=10, since=interrupted_at)
        await speaking
        assert began < interrupted_at
        assert silent_at - interrupted_at <= 1.0
        room = caller.room_name
    await wait_until_job_ended(stack, room)
    await idle_again(stack, jobs_before)


async def wait_until_job_ended(stack: Stack, room: str) -> None:
    for _ in range(150):
        if "the call is over" in stack.log("worker") and room in stack.log("worker").split("the call is over")[-1]:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the call did not end within 15 s of the hang-up")


async def idle_again(stack: Stack, before: set[int]) -> None:
    """The worker is back to as many processes as before the call, and none of LiveKit's rooms is left."""
    for _ in range(200):
        alive = [pid for pid in stack.pids["worker"] if psutil.pid_exists(pid)]
        if len(alive) <= len(before):
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{len(alive)} worker processes are left of {len(before)} before the call")


async def test_a_korean_call_is_recognised_and_answered(stack: Stack) -> None:
    async with await call(stack, name="순자", language="ko") as caller:
        await greeted(caller)
        asked_at = await caller.play(korean("안녕하세요. 오늘 날씨가 참 좋네요."))
        await caller.wait_for_voice(timeout_s=40, since=asked_at)
        heard = caller.captions_of("caller", since=asked_at - 5)
        assert any("가" <= letter <= "힣" for letter in heard), heard
