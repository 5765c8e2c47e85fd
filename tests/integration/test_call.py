"""The main job: a call in a real room, heard, thought about and answered by voice."""

import asyncio
import time
from pathlib import Path

import jiwer
import numpy as np
import psutil
import pytest
from livekit import api

from malbeot.persona_choice import load_all
from support.caller import Caller, call_token
from support.recognise import recognise, word_error_rate
from support.speech import Speech, english, korean
from support.stack import Stack

KOREAN = "조금만 생각을 하면서 살면 훨씬 편할 거야."
QUESTION = "Hello there. What do you like to do on a sunny day?"
LONG_ANSWERS_WANTED = (
    "Please tell me a very long story about a king, a queen and their three daughters.",
    "What do you know about gardens, flowers and trees?",
    "Tell me all about your favourite food, and how you cook it.",
    "What can I do on a rainy day at home?",
)


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
        words_at = [caption.at for caption in caller.captions if caption.speaker == "caller"]
        assert words_at[0] < asked_at, "no word came before the question was over"
        said = caller.captions_of("companion", since=asked_at)
        understood = recognise(caller.heard.samples(asked_at, time.monotonic()), caller.heard.rate, "en")
        assert word_error_rate(said, understood) <= 0.3, (said, understood)


async def test_the_companion_falls_silent_when_interrupted_and_the_call_leaves_nothing_behind(stack: Stack) -> None:
    jobs_before = set(stack.pids["worker"])
    interruption = english("Wait, stop, stop please, I have another question for you.")
    async with await call(stack, name="Rose", language="en") as caller:
        await greeted(caller)
        await speaking_at_length(caller)
        speaking = asyncio.create_task(caller.play(interruption))
        interrupted_at = time.monotonic()
        silent_at = await caller.wait_for_silence(0.5, timeout_s=10, since=interrupted_at)
        assert silent_at < await speaking, "it talked until the caller had given up"
        room = caller.room_name
    await wait_until_job_ended(stack, room)
    await idle_again(stack, jobs_before)
    await wait_until_room_is_gone(stack, room)


async def speaking_at_length(caller: Caller) -> None:
    """Asks until an answer is still going on 1.5 s after its beginning: a small model may be brief."""
    for question in [english(text) for text in LONG_ANSWERS_WANTED]:
        asked_at = await caller.play(question)
        await caller.wait_for_voice(timeout_s=30, since=asked_at)
        await asyncio.sleep(1.5)
        last_voice = caller.heard.last_voice
        assert last_voice is not None
        if time.monotonic() - last_voice < 0.1:
            return
        await caller.wait_for_silence(1.5, timeout_s=30)
    pytest.fail("no answer was long enough to interrupt")


async def wait_until_job_ended(stack: Stack, room: str) -> None:
    for _ in range(150):
        if "the call is over" in stack.log("worker") and room in stack.log("worker").split("the call is over")[-1]:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the call did not end within 15 s of the hang-up")


async def wait_until_room_is_gone(stack: Stack, room: str) -> None:
    async with api.LiveKitAPI(stack.livekit_url, stack.api_key, stack.api_secret) as livekit:
        for _ in range(100):
            if not (await livekit.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms:
                return
            await asyncio.sleep(0.2)
    pytest.fail("LiveKit still has the room 20 s after the hang-up")


async def idle_again(stack: Stack, before: set[int]) -> None:
    """The worker is back to as many processes as before the call."""
    for _ in range(200):
        alive = [pid for pid in stack.pids["worker"] if psutil.pid_exists(pid)]
        if len(alive) <= len(before):
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{len(alive)} worker processes are left of {len(before)} before the call")


async def test_a_korean_call_is_recognised_and_answered(stack: Stack) -> None:
    async with await call(stack, name="순자", language="ko") as caller:
        await greeted(caller)
        recording = Path(__file__).parents[3] / "shared" / "audio" / "ko_read.wav"
        # A person's voice where there is one: Whisper base makes little of eSpeak NG's Korean.
        asked_at = await caller.play(Speech.from_wav(recording) if recording.exists() else korean(KOREAN))
        await caller.wait_for_voice(timeout_s=40, since=asked_at)
        await caller.wait_for_silence(2.0, timeout_s=60)
        heard = caller.captions_of("caller", since=asked_at - 8)
        assert any("가" <= letter <= "힣" for letter in heard), heard
        if recording.exists():
            assert jiwer.cer(letters(KOREAN), letters(heard)) <= 0.2, heard
        phrases = load_all(stack.settings)["ko"].phrases
        said = caller.captions_of("companion", since=asked_at)
        assert letters(said)
        assert said.strip() not in (phrases.thinking_failed, phrases.voice_failed)
        samples = caller.heard.samples(asked_at, time.monotonic())
        assert np.abs(samples).max() > 3000, "the answer was hardly heard"


def letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())
