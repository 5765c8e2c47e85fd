"""Calls whose process has died are ended; calls that ended by themselves are none of these."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from livekit.agents import AgentServer
from livekit.agents.job import JobAcceptArguments, RunningJobInfo
from livekit.protocol.agent import Job
from livekit.protocol.models import Room

from malbeot import abandoned
from malbeot.settings import Settings
from support.scripted_livekit import ScriptedLiveKit, scripted_livekit

KEY, SECRET = "key", "s" * 40
DIED = "the process of a call has died"


class ScriptedServer(AgentServer):
    """A worker with the calls that it is told to have."""

    calls: set[str]

    @property
    def active_jobs(self) -> list[RunningJobInfo]:
        return [
            RunningJobInfo(
                accept_arguments=JobAcceptArguments(name="", identity=f"companion of {room}", metadata=""),
                job=Job(room=Room(name=room)),
                url="",
                token="",
                worker_id="",
                fake_job=True,
            )
            for room in self.calls
        ]


@pytest.fixture
async def livekit() -> AsyncIterator[ScriptedLiveKit]:
    async with scripted_livekit(KEY, SECRET) as server:
        yield server


@pytest.fixture
async def worker(
    livekit: ScriptedLiveKit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ScriptedServer]:
    """Has two calls, and is watched."""
    monkeypatch.setattr(abandoned, "_LOOK_EVERY_S", 0.02)
    livekit.rooms |= {"call-1", "call-2"}
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        livekit_url=livekit.url,
        livekit_api_key=KEY,
        livekit_api_secret=SECRET,  # type: ignore[arg-type]
        malbeot_state=tmp_path,
    )
    server = ScriptedServer(ws_url=livekit.url, api_key=KEY, api_secret=SECRET)
    server.calls = {"call-1", "call-2"}
    watching = asyncio.create_task(abandoned.end_abandoned_calls(server, settings))
    await asyncio.sleep(0.1)
    try:
        yield server
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def gone(livekit: ScriptedLiveKit, room: str) -> None:
    deadline = time.monotonic() + 3
    while room in livekit.rooms:
        assert time.monotonic() < deadline, "its room did not end"
        await asyncio.sleep(0.02)


async def test_the_room_ends_even_where_livekit_has_missed_the_companion_already(
    livekit: ScriptedLiveKit, worker: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    worker.calls.remove("call-1")
    await gone(livekit, "call-1")
    assert livekit.rooms == {"call-2"}
    assert [record.message for record in caplog.records if DIED in record.message]
    assert "is not ended" not in caplog.text


async def test_a_call_that_ended_as_it_should_has_not_died_whatever_livekit_says(
    livekit: ScriptedLiveKit, worker: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    livekit.broken = True
    livekit.rooms.remove("call-1")
    worker.calls.remove("call-1")
    await asyncio.sleep(0.2)
    livekit.broken = False
    await asyncio.sleep(0.2)
    assert DIED not in caplog.text


async def test_a_call_that_died_while_livekit_said_nothing_is_ended_afterwards(
    livekit: ScriptedLiveKit, worker: ScriptedServer
) -> None:
    livekit.broken = True
    worker.calls.remove("call-1")
    await asyncio.sleep(0.2)
    assert livekit.rooms == {"call-1", "call-2"}
    livekit.broken = False
    await gone(livekit, "call-1")
