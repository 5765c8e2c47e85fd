"""Text and speech let calls go first."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from malbeot.turn_taking.courtesy import Courtesy
from malbeot.web import slots
from malbeot.web.slots import Slots


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Courtesy]:
    """A call, on the same machine."""
    call = Courtesy(tmp_path, "call")
    yield call
    call.over()


@pytest.fixture
def one_slot(tmp_path: Path) -> Slots:
    return Slots(1, calls_wait=Courtesy(tmp_path, "web").others_wait)


async def begun(slot: Slots) -> float:
    """How long it took to begin, in seconds."""
    loop = asyncio.get_running_loop()
    asked_at = loop.time()
    async with slot.one():
        return loop.time() - asked_at


async def test_nothing_waits_where_no_call_does(one_slot: Slots) -> None:
    assert await begun(one_slot) < 0.05


async def test_it_begins_once_the_call_is_answered(one_slot: Slots, call: Courtesy) -> None:
    call.wait()
    async with asyncio.TaskGroup() as both:
        asked = both.create_task(begun(one_slot))
        await asyncio.sleep(0.3)
        call.over()
    assert 0.3 <= asked.result() < 0.6


async def test_it_does_not_wait_for_ever(one_slot: Slots, call: Courtesy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "GIVES_WAY_S", 0.3)
    call.wait()
    assert 0.3 <= await begun(one_slot) < 0.6


async def test_who_leaves_meanwhile_gives_the_slot_back(one_slot: Slots, call: Courtesy) -> None:
    call.wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await begun(one_slot)
    call.over()
    assert await begun(one_slot) < 1.0
