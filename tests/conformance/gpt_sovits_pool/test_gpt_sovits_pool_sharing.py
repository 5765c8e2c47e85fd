"""Tasks and processes share the replicas: one speech at a time on each, which is free however a speech ends."""

import asyncio
import signal
import sys
import time
from pathlib import Path

import pytest
from livekit.agents import APIConnectionError, APITimeoutError

from livekit.plugins.gpt_sovits.lease import Record
from livekit.plugins.gpt_sovits.replica import Replica
from support.voice_pool import RATE, SOUND, TEXT, VOICE, House, hear, speak
from support.voice_server import Exchange, Script, stream_header


async def test_leaving_closes_the_connection_and_frees_the_replica_at_once(house: House) -> None:
    closed = asyncio.Event()

    async def for_ever(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND)
        await exchange.gone()
        closed.set()

    (url,) = await house.serve(for_ever)
    started = asyncio.Event()

    async def listen() -> None:
        async with house.pool().speak(TEXT, VOICE, timeout_s=5) as reply:
            started.set()
            async for _ in reply.pieces():
                pass

    task = asyncio.create_task(listen())
    await started.wait()
    assert Replica(url, house.folder).take() is None
    await asyncio.sleep(0.05)
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    turn = Replica(url, house.folder).take()
    assert turn is not None
    turn.leave()
    async with asyncio.timeout(1):
        await closed.wait()
    print("barge-in to closed connection, ms:", round(1000 * (time.monotonic() - begun), 2))
    assert house.known(url).breaker.failures == 0


async def test_cancelled_before_any_sound_it_frees_the_replica_too(house: House) -> None:
    closed = asyncio.Event()

    async def stall(exchange: Exchange) -> None:
        await exchange.gone()
        closed.set()

    (url,) = await house.serve(stall)
    task = asyncio.create_task(hear(house.pool()))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    turn = Replica(url, house.folder).take()
    assert turn is not None
    assert turn.record == Record()
    turn.leave()
    async with asyncio.timeout(1):
        await closed.wait()


async def test_tasks_of_one_process_take_turns_and_use_every_replica(house: House) -> None:
    at_once = [0, 0]

    def counted(which: int) -> Script:
        async def serve(exchange: Exchange) -> None:
            at_once[which] += 1
            assert at_once[which] == 1
            await speak(exchange)
            at_once[which] -= 1

        return serve

    await house.serve(counted(0), counted(1))
    pool = house.pool()
    heard = await asyncio.gather(*(hear(pool) for _ in range(10)))
    assert heard == [SOUND] * 10
    assert min(house.asked()) >= 3


OTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
import aiohttp
from livekit.plugins.gpt_sovits import Voice
from livekit.plugins.gpt_sovits.pool import Pool

async def main(url, folder, text, times):
    voice = Voice(ref_audio_path="june.wav", prompt_lang="en", text_lang="en")
    async with aiohttp.ClientSession() as session:
        pool = Pool([url], http=lambda: session, state_dir=Path(folder))
        for _ in range(int(times)):
            async with pool.speak(text, voice, timeout_s=20) as reply:
                async for _ in reply.pieces():
                    pass

asyncio.run(main(*sys.argv[1:]))
"""


async def another_process(url: str, folder: Path, *, times: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", OTHER_PROCESS, url, str(folder), TEXT, str(times))


async def test_two_processes_never_overlap_on_one_replica(house: House) -> None:
    at_once, most, begun = 0, 0, asyncio.Event()

    async def counted(exchange: Exchange) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        begun.set()
        await speak(exchange)
        at_once -= 1

    (url,) = await house.serve(counted)
    other = await another_process(url, house.folder, times=20)
    await begun.wait()  # the other process speaks
    pool = house.pool()
    for _ in range(20):
        assert await hear(pool, timeout_s=20) == SOUND
    assert await other.wait() == 0
    assert house.asked() == [40]
    assert most == 1


async def test_a_process_that_is_killed_leaves_the_replica_free(house: House) -> None:
    begun = asyncio.Event()

    async def first_for_ever(exchange: Exchange) -> None:
        if begun.is_set():
            await speak(exchange)
            return
        begun.set()
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND)
        await exchange.gone()

    (url,) = await house.serve(first_for_ever)
    other = await another_process(url, house.folder, times=1)
    await begun.wait()
    with pytest.raises(APITimeoutError, match="is busy"):
        await hear(house.pool(), timeout_s=0.1)
    other.send_signal(signal.SIGKILL)
    assert await hear(house.pool()) == SOUND
    assert await other.wait() == -signal.SIGKILL


async def test_draining_waits_for_what_runs_and_takes_nothing_new(house: House) -> None:
    await house.serve(speak)
    pool = house.pool()
    async with pool.speak(TEXT, VOICE, timeout_s=5) as reply:
        closing = asyncio.create_task(pool.aclose())
        await asyncio.sleep(0.02)
        assert not closing.done()
        with pytest.raises(APIConnectionError, match="is closed"):
            await hear(pool)
        assert b"".join([piece async for piece in reply.pieces()]) == SOUND
    await closing
    await pool.aclose()


async def test_draining_has_an_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livekit.plugins.gpt_sovits.pool._DRAIN_S", 0.1)

    async def for_ever(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND)
        await exchange.gone()

    (url,) = await house.serve(for_ever)
    pool = house.pool()
    speech = asyncio.create_task(hear(pool, timeout_s=30))
    await asyncio.sleep(0.1)
    await pool.aclose()
    with pytest.raises(APIConnectionError):
        await speech
    assert house.known(url).breaker.failures == 0, "it was we who closed it"


async def test_a_folder_that_was_cleaned_away_is_made_anew(house: House) -> None:
    await house.serve(speak)
    house.folder = house.folder / "state"
    pool = house.pool()
    house.folder.rmdir()
    assert await hear(pool) == SOUND
