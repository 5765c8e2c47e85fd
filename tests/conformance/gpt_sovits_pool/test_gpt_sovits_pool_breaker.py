"""A replica that keeps failing is left alone for a while."""

import time
from dataclasses import replace

import pytest
from livekit.agents import APIConnectionError, APITimeoutError
from prometheus_client import REGISTRY

from livekit.plugins.gpt_sovits.breaker import FAILURES_TO_OPEN, Breaker, State
from livekit.plugins.gpt_sovits.lease import Lease, Record
from livekit.plugins.gpt_sovits.replica import Replica
from support.voice_pool import SOUND, House, broken_chunk, hear, no_answer, speak
from support.voice_server import Exchange


async def test_a_replica_that_keeps_failing_is_left_alone_until_its_pause_is_over(house: House) -> None:
    broken = True

    async def failing_at_first(exchange: Exchange) -> None:
        await (no_answer if broken else speak)(exchange)

    bad, good = await house.serve(failing_at_first, speak)
    pool = house.pool()
    held = Lease.take(Replica(good, house.folder).lock)
    assert held is not None
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(APIConnectionError):
            await hear(pool, timeout_s=0.05)
    assert house.known(bad).breaker.state(time.time()) is State.OPEN
    with pytest.raises(APITimeoutError, match="is busy with other speech") as raised:
        await hear(pool, timeout_s=0.05)
    assert "left alone" in raised.value.message
    assert house.asked() == [FAILURES_TO_OPEN, 0]
    label = {"replica": bad}
    assert REGISTRY.get_sample_value("gpt_sovits_breaker_state", label) == 2

    broken = False
    past = replace(house.known(bad).breaker, open_until_s=time.time() - 1)
    house.know(bad, replace(house.known(bad), breaker=past))
    assert await hear(pool) == SOUND
    assert house.known(bad).breaker == Breaker()
    assert REGISTRY.get_sample_value("gpt_sovits_breaker_state", label) == 0
    held.release()


async def test_where_all_are_left_alone_the_one_that_failed_longest_ago_is_tried(house: House) -> None:
    await house.serve(no_answer, speak)
    now_s = time.time()
    for url, ago_s in zip(house.urls, (1.0, 2.0), strict=True):
        breaker = Breaker(failures=5, failed_at_s=now_s - ago_s, open_until_s=now_s + 30)
        house.know(url, Record(breaker=breaker))
    pool = house.pool()
    assert not pool.ready
    assert await hear(pool) == SOUND
    assert house.asked() == [0, 1]
    assert pool.ready


async def test_a_text_that_nobody_can_speak_does_not_wear_all_replicas_out(house: House) -> None:
    await house.serve(broken_chunk, broken_chunk, broken_chunk)
    pool = house.pool()
    with pytest.raises(APIConnectionError):
        await hear(pool)
    assert house.asked() == [1, 1, 1]
    assert sum(house.known(url).breaker.failures for url in house.urls) == 1
