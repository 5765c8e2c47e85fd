"""Replicas are warmed up before anybody speaks."""

from dataclasses import replace

from livekit.plugins.gpt_sovits.breaker import FAILURES_TO_OPEN, Breaker
from support.voice_pool import RATE, SOUND, VOICE, A, B, House, broken_chunk, nobody, speak
from support.voice_server import Exchange, stream_header


async def test_warming_up_asks_each_replica_once_a_language(house: House) -> None:
    await house.serve(speak, speak)
    korean = replace(VOICE, text_lang="ko")
    assert await house.pool().warm_up([VOICE, korean, replace(VOICE, speed_factor=1.2)]) == []
    assert house.asked() == [2, 2]
    assert {request["text"] for request in house.servers[0].requests} == {"Hello.", "안녕하세요."}
    assert await house.pool().warm_up([VOICE, korean]) == []
    assert house.asked() == [2, 2], "what is warm is left alone"


async def test_warming_up_shares_the_weights_between_the_replicas(house: House) -> None:
    await house.serve(speak, speak, speak)
    pool = house.pool()
    assert await pool.warm_up([A, B]) == []
    assert [len(switches) for switches in house.switches()] == [2, 2, 2]
    held = [status.gpt_weights for status in await pool.status()]
    assert set(held) == {A.gpt_weights, B.gpt_weights}
    assert await pool.warm_up([B, A]) == []
    assert [status.gpt_weights for status in await pool.status()] == held


async def test_warming_up_says_what_failed(house: House) -> None:
    gone = nobody()
    await house.serve(speak, broken_chunk)
    failures = await house.pool([gone, *house.urls]).warm_up([VOICE])
    assert len(failures) == 2
    assert f"cannot connect to {gone}" in failures[0]
    assert f"{house.urls[1]}/tts broke off" in failures[1]
    assert await house.pool([gone, *house.urls]).warm_up([]) == []


async def test_a_server_that_is_not_up_yet_is_not_held_against_the_replica(house: House) -> None:
    async def broken_within_speech(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND[:9000])

    url = nobody()
    pool = house.pool([url])
    for _ in range(FAILURES_TO_OPEN + 1):
        assert len(await pool.warm_up([VOICE])) == 1
    assert pool.ready
    await house.serve(broken_within_speech)
    for _ in range(FAILURES_TO_OPEN + 1):
        assert len(await house.pool().warm_up([VOICE])) == 1
    assert [house.known(each).breaker for each in (url, *house.urls)] == [Breaker(), Breaker()]
