"""Calls without a companion: it is sent for again, and where none comes they end; those that have one go on."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from livekit import api

from malbeot.web.places.forsaken import COMES_WITHIN_S, Forsaken
from support.scripted_livekit import ScriptedLiveKit, scripted_livekit

KEY, SECRET = "key", "s" * 40


@pytest.fixture
async def livekit() -> AsyncIterator[ScriptedLiveKit]:
    async with scripted_livekit(KEY, SECRET) as server:
        yield server


@pytest.fixture
async def forsaken(livekit: ScriptedLiveKit) -> AsyncIterator[Forsaken]:
    async with api.LiveKitAPI(livekit.url, KEY, SECRET) as service:
        yield Forsaken(service)


async def test_a_call_that_is_without_its_companion_twice_is_ended(
    livekit: ScriptedLiveKit, forsaken: Forsaken
) -> None:
    livekit.rooms |= {"call-1", "call-2", "others"}
    livekit.with_companion |= {"call-2"}
    await forsaken.look()
    assert livekit.rooms == {"call-1", "call-2", "others"}
    await forsaken.look()
    assert livekit.rooms == {"call-2", "others"}


async def test_a_companion_that_comes_back_is_not_missed(livekit: ScriptedLiveKit, forsaken: Forsaken) -> None:
    livekit.rooms |= {"call-1"}
    for _ in range(4):
        await forsaken.look()
        livekit.with_companion ^= {"call-1"}
    assert livekit.rooms == {"call-1"}


async def test_a_companion_has_its_time_to_come(livekit: ScriptedLiveKit, forsaken: Forsaken) -> None:
    livekit.created_at = time.time()
    livekit.rooms |= {"call-1"}
    await forsaken.look()
    await forsaken.look()
    assert livekit.rooms == {"call-1"}
    livekit.created_at -= COMES_WITHIN_S + 1
    await forsaken.look()
    await forsaken.look()
    assert not livekit.rooms


async def test_it_begins_anew_where_livekit_did_not_answer(livekit: ScriptedLiveKit, forsaken: Forsaken) -> None:
    livekit.rooms |= {"call-1"}
    await forsaken.look()
    livekit.broken = True
    await forsaken.look()
    livekit.broken = False
    await forsaken.look()
    assert livekit.rooms == {"call-1"}
    await forsaken.look()
    assert not livekit.rooms


@pytest.mark.parametrize("is_new", [True, False])
async def test_a_call_that_ends_while_it_is_looked_at_changes_nothing_for_others(
    livekit: ScriptedLiveKit, forsaken: Forsaken, is_new: bool
) -> None:
    livekit.rooms |= {"call-1", "call-2", "call-3"}
    livekit.vanished |= {"call-1"}
    if is_new:
        livekit.created_at = time.time()
        sent(livekit, "call-2")
    for _ in range(2):
        await forsaken.look()
    if is_new:
        assert livekit.dispatches["call-2"].id == "AD_0"
    else:
        assert not livekit.rooms & {"call-2", "call-3"}


def sent(livekit: ScriptedLiveKit, room: str, *, taken: bool = False) -> None:
    state = api.AgentDispatchState(jobs=[api.Job(id="AJ_1")] if taken else [])
    livekit.dispatches[room] = api.AgentDispatch(
        id=f"AD_{room}", room=room, agent_name="companion", metadata=room, state=state
    )
    livekit.rooms.add(room)


async def test_a_companion_is_sent_for_again_where_no_worker_took_the_call(
    livekit: ScriptedLiveKit, forsaken: Forsaken
) -> None:
    livekit.created_at = time.time()
    sent(livekit, "call-1")
    sent(livekit, "call-2", taken=True)
    await forsaken.look()
    sent(livekit, "call-3")
    assert livekit.dispatches["call-1"].id == "AD_call-1", "a worker may be about to take it"
    await forsaken.look()
    again = livekit.dispatches["call-1"]
    assert (again.id, again.agent_name, again.metadata) == ("AD_0", "companion", "call-1")
    assert [livekit.dispatches[room].id for room in ("call-2", "call-3")] == ["AD_call-2", "AD_call-3"]
    await forsaken.look()
    assert [livekit.dispatches[room].id for room in ("call-1", "call-3")] == ["AD_0", "AD_1"]
    await forsaken.look()
    assert livekit.dispatches["call-1"].id == "AD_2"


async def test_a_request_that_was_taken_away_is_made_again_however_late(
    livekit: ScriptedLiveKit, forsaken: Forsaken
) -> None:
    livekit.created_at = time.time()
    sent(livekit, "call-1")
    livekit.makes_dispatches = False
    for _ in range(3):
        await forsaken.look()
    assert not livekit.dispatches
    livekit.makes_dispatches = True
    await forsaken.look()
    assert livekit.dispatches["call-1"].metadata == "call-1"


async def test_of_several_web_services_one_sends_for_the_companion(
    livekit: ScriptedLiveKit, forsaken: Forsaken
) -> None:
    livekit.created_at = time.time()
    sent(livekit, "call-1")
    livekit.delay_s = 0.01  # both see the first one
    async with api.LiveKitAPI(livekit.url, KEY, SECRET) as service:
        other = Forsaken(service)
        for _ in range(2):
            await asyncio.gather(forsaken.look(), other.look())
    assert livekit.dispatches["call-1"].id == "AD_0"
