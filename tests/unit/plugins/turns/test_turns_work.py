"""What an answer cost is counted to the second at which it was cancelled, and is of use only if it was heard."""

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator

import pytest
from livekit import rtc
from livekit.agents import llm
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.agent_activity import _SpeechHandleContextVar

from livekit.plugins.turns.speculation.work import Work

RATE = 16000


class Ledger:
    """What it was told, and a clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = 100.0
        self.told: list[tuple[float, float, bool]] = []
        self.work = Work(self._take, lambda: self.now)

    def _take(self, *, model_s: float, voice_s: float, used: bool) -> None:
        self.told.append((round(model_s, 6), round(voice_s, 6), used))


@contextlib.contextmanager
def speech() -> Iterator[SpeechHandle]:
    """One that LiveKit's nodes are asked for."""
    handle = SpeechHandle.create()
    token = _SpeechHandleContextVar.set(handle)
    try:
        yield handle
    finally:
        _SpeechHandleContextVar.reset(token)


async def over(handle: SpeechHandle, *, heard: bool) -> None:
    if heard:
        handle._item_added([llm.ChatMessage(role="assistant", content=["Well."])])
    handle._mark_done()
    await asyncio.sleep(0)


async def answer(ledger: Ledger, *takes_s: float) -> AsyncIterator[str]:
    for seconds in takes_s:
        ledger.now += seconds
        yield "word "


async def never() -> AsyncIterator[str]:
    await asyncio.Event().wait()
    yield ""


async def words(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


def sound(seconds: float) -> rtc.AudioFrame:
    samples = round(seconds * RATE)
    return rtc.AudioFrame(bytes(2 * samples), RATE, 1, samples)


async def voice(text: AsyncIterable[str]) -> AsyncIterator[rtc.AudioFrame]:
    async for _ in text:
        yield sound(0.5)


async def stalls(text: AsyncIterable[str]) -> AsyncIterator[rtc.AudioFrame]:
    """Makes something of the first words, and nothing of the others."""
    async for _ in text:
        yield sound(0.5)
        break
    async for _ in text:
        pass
    await asyncio.Event().wait()


async def cancelled(ledger: Ledger, source: AsyncIterable[object], *, after_s: float) -> None:
    async def read() -> None:
        async for _ in source:
            pass

    reading = asyncio.create_task(read())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    ledger.now += after_s
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


@pytest.mark.parametrize("heard", [True, False])
async def test_an_answer_is_of_use_if_something_was_heard(heard: bool) -> None:
    ledger = Ledger()
    with speech() as handle:
        assert [word async for word in ledger.work.writing(answer(ledger, 0.5, 0.25))] == ["word ", "word "]
        assert len([frame async for frame in ledger.work.speaking(words("One", "two"), voice)]) == 2
        assert ledger.told == [], "before it is known"
        await over(handle, heard=heard)
    assert ledger.told == [(0.75, 1.0, heard)]


async def test_a_request_that_is_cancelled_before_its_first_word_is_counted() -> None:
    ledger = Ledger()
    with speech() as handle:
        await cancelled(ledger, ledger.work.writing(never()), after_s=0.4)
        await over(handle, heard=False)
    assert ledger.told == [(0.4, 0.0, False)]


async def test_speech_that_is_cancelled_is_counted_with_the_time_for_which_it_was_awaited() -> None:
    ledger = Ledger()
    with speech() as handle:
        [_ async for _ in ledger.work.writing(answer(ledger, 0.1))]
        await cancelled(ledger, ledger.work.speaking(words("One", "two"), stalls), after_s=0.3)
        await over(handle, heard=False)
    assert ledger.told == [(0.1, 0.8, False)]


async def test_a_voice_that_waits_for_words_costs_nothing() -> None:
    ledger = Ledger()
    with speech() as handle:
        [_ async for _ in ledger.work.writing(answer(ledger, 0.1))]
        await cancelled(ledger, ledger.work.speaking(never(), voice), after_s=5.0)
        await over(handle, heard=False)
    assert ledger.told == [(0.1, 0.0, False)]


async def test_what_comes_after_the_end_is_counted_at_once() -> None:
    ledger = Ledger()
    with speech() as handle:
        writing = ledger.work.writing(answer(ledger, 0.1, 0.2))
        await anext(writing)
        await over(handle, heard=True)
        [_ async for _ in writing]
    assert ledger.told == [(0.0, 0.0, True), (0.3, 0.0, True)]


async def test_what_is_said_without_the_language_model_is_no_answer() -> None:
    ledger = Ledger()
    with speech() as handle:
        [_ async for _ in ledger.work.speaking(words("Hello."), voice)]
        await over(handle, heard=True)
    assert ledger.told == []


async def test_what_is_raised_comes_through_and_is_counted() -> None:
    async def broken() -> AsyncIterator[str]:
        ledger.now += 0.2
        yield "Well"
        raise ConnectionError("gone")

    ledger = Ledger()
    with speech() as handle:
        with pytest.raises(ConnectionError, match="gone"):
            [_ async for _ in ledger.work.writing(broken())]
        await over(handle, heard=False)
    assert ledger.told == [(0.2, 0.0, False)]
