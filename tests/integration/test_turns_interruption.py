"""Speaking over an agent in a real room: what stops it, what does not, and what is left in the history."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.turns_overlap.call import first_gap, greet, greeting, told
from support.caller import Caller, call_token
from support.recognise import recognise, word_error_rate
from support.speech import english, korean
from support.stack import Stack, running_stack
from support.teller import QUESTION, STORIES
from support.telling import telling

WAIT = "Wait, stop, stop please."
NODS = ("Mm-hmm.", "Right.", "Yeah.")
GOING_ON = "Right, but what about my daughter?"
SLOWLY = "Please speak slowly or I lose the way and when you are along in a minute we will be all well."
DAUGHTER = "우리 딸이 어제 전화했어요. 그래서 기분이 참 좋았는데 오늘은 아무 연락이 없네요."
"""Longer than who is understood needs: Whisper base makes little of eSpeak NG's Korean."""


@pytest.fixture(scope="module", autouse=True)
def spoken() -> None:
    """Everything is spoken beforehand: making it would hold the caller's loop for seconds."""
    for text in (WAIT, *NODS, GOING_ON, SLOWLY, QUESTION, "Yes."):
        english(text)
    for text in ("네.", DAUGHTER):
        korean(text)
    for language in ("en", "ko"):
        greeting(language)


@pytest.fixture(scope="module")
async def tellers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """LiveKit and ears, and an agent that tells a story to whoever calls."""
    folder: Path = tmp_path_factory.mktemp("tellers")
    async with running_stack(folder, roles=("livekit", "ears")) as stack, telling(stack):
        yield stack


def calling(stack: Stack, **request: str) -> Caller:
    token, _ = call_token(stack.api_key, stack.api_secret, **request)  # type: ignore[arg-type]
    return Caller(url=stack.livekit_url, token=token)


async def attribute(caller: Caller, name: str, *, holds: str = "", timeout_s: float = 5.0) -> str:
    """What the agent tells of itself, once `holds` is in it."""
    deadline = time.monotonic() + timeout_s
    while holds.lower() not in (value := caller.attributes_of_companion().get(f"teller.{name}", "")).lower():
        if time.monotonic() > deadline:
            pytest.fail(f"{name} is {value!r}")
        await asyncio.sleep(0.05)
    return value


async def told_without_a_break(caller: Caller, since: float) -> None:
    """By the agent's own account, which a line that falters for a moment does not change, and by what was heard."""
    assert [await attribute(caller, name) for name in ("stopped", "held")] == ["0", "0"]
    assert first_gap(caller, since, time.monotonic(), least_s=0.8) is None


async def test_an_interruption_silences_it_and_the_history_keeps_what_was_heard(tellers: Stack) -> None:
    async with calling(tellers, language="en") as caller:
        await greet(caller, "en")
        began_at = await caller.wait_for_voice(timeout_s=20)
        await told(caller)
        await asyncio.sleep(3.0)  # LiveKit knows how fast it is told once all of it is there
        interrupted_at = time.monotonic()
        speaking = asyncio.create_task(caller.play(english(WAIT)))
        silent_at = await caller.wait_for_silence(0.5, timeout_s=10, since=interrupted_at)
        await speaking
        said = await attribute(caller, "said", holds="young")
        understood = recognise(caller.heard.samples(began_at - 0.3, silent_at), caller.heard.rate, "en")
        assert STORIES["en"].startswith(said.strip()[:40])
        assert abs(len(said.split()) - len(understood.split())) <= 4, (said, understood)
        await attribute(caller, "heard", holds="stop")


async def test_words_of_listening_do_not_stop_it_and_are_kept_from_the_conversation(tellers: Stack) -> None:
    async with calling(tellers, language="en") as caller:
        await greet(caller, "en")
        await told(caller)
        began_at = time.monotonic()
        for text in NODS:
            await caller.play(english(text))
            await asyncio.sleep(1.2)
        assert int(await attribute(caller, "ignored")) >= 2
        await told_without_a_break(caller, began_at)
        assert "right" not in (await attribute(caller, "heard")).lower()


async def test_who_listens_and_then_goes_on_is_heard_from_the_first_word(tellers: Stack) -> None:
    async with calling(tellers, language="en") as caller:
        await greet(caller, "en")
        await told(caller)
        interrupted_at = time.monotonic()
        await caller.play(english(GOING_ON))
        await caller.wait_for_silence(0.4, timeout_s=5, since=interrupted_at)
        heard = await attribute(caller, "heard", holds="daughter")
        assert "right" in heard.lower()


async def test_after_a_false_stop_it_goes_on_from_the_word_it_was_at(tellers: Stack) -> None:
    """Two seconds of voice of which nobody recognises a word: longer than anything that is only listening."""
    async with calling(tellers, language="en", name="unheard") as caller:
        await greet(caller, "en")
        began_at = await caller.wait_for_voice(timeout_s=20)
        await told(caller)
        await caller.play(english(SLOWLY))
        await attribute(caller, "went_on", holds="1", timeout_s=8)
        assert await attribute(caller, "stopped") == "0"
        await asyncio.sleep(4.0)

        over_at = time.monotonic()
        assert first_gap(caller, began_at, over_at) is not None
        understood = recognise(caller.heard.samples(began_at - 0.3, over_at), caller.heard.rate, "en")
        # How far it has come is not told: a word that is not understood would count once more at the end.
        words = STORIES["en"].split()
        beginnings = [" ".join(words[:count]) for count in range(10, len(words) + 1)]
        assert min(word_error_rate(beginning, understood) for beginning in beginnings) <= 0.2, understood


async def test_the_same_words_answer_a_question(tellers: Stack) -> None:
    async with calling(tellers, language="en", name="asked") as caller:
        await greet(caller, "en")
        began_at = await caller.wait_for_voice(timeout_s=20)
        duration_s = english(QUESTION).duration_s
        await asyncio.sleep(max(0.0, began_at + duration_s - 0.5 - time.monotonic()))
        await caller.play(english("Yes."))
        await attribute(caller, "heard", holds="Ye", timeout_s=6)


async def test_a_korean_interruption_silences_it_and_a_korean_nod_does_not(tellers: Stack) -> None:
    async with calling(tellers, language="ko") as caller:
        await greet(caller, "ko")
        await told(caller)
        began_at = time.monotonic()
        await caller.play(korean("네."))
        await asyncio.sleep(1.5)
        await told_without_a_break(caller, began_at)
        interrupted_at = time.monotonic()
        over_at = await caller.play(korean(DAUGHTER))
        gap = first_gap(caller, interrupted_at, time.monotonic())
        assert gap is not None
        assert gap[0] < over_at, "it talked until the caller had given up"
