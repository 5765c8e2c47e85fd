"""Where a voice's weights are held, and when a replica is switched to others."""

import asyncio

import pytest
from livekit.agents import APIConnectionError, APIStatusError

from livekit.plugins.gpt_sovits.lease import Record
from support.voice_pool import RATE, SOUND, A, B, House, hear, speak
from support.voice_server import Exchange, stream_header


async def test_a_voice_stays_where_its_weights_are(house: House) -> None:
    await house.serve(speak, speak)
    pool = house.pool()
    for voice in (A, B, A, B, B, A):
        assert await hear(pool, voice=voice) == SOUND
    assert house.asked() == [3, 3]
    assert sorted(house.switches()) == [
        ["/set_gpt_weights?weights_path=voices/a.ckpt", "/set_sovits_weights?weights_path=voices/a.pth"],
        ["/set_gpt_weights?weights_path=voices/b.ckpt", "/set_sovits_weights?weights_path=voices/b.pth"],
    ]


@pytest.mark.parametrize(("busy_s", "switches"), [(0.3, 0), (1.5, 2)])
async def test_a_short_wait_for_the_weights_is_better_than_a_switch(house: House, busy_s: float, switches: int) -> None:
    begun = asyncio.Event()

    async def take_long(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND)
        if not begun.is_set():
            begun.set()
            await asyncio.sleep(busy_s)
        await exchange.chunk(b"")

    holder, _ = await house.serve(take_long, speak)
    house.know(holder, Record(switched=True, gpt_weights=A.gpt_weights, sovits_weights=A.sovits_weights))
    pool = house.pool()
    first = asyncio.create_task(hear(pool, voice=A))
    await begun.wait()
    assert await hear(pool, voice=A) == SOUND
    assert await first == SOUND
    assert [len(paths) for paths in house.switches()] == [0, switches]


async def test_after_a_failure_both_weights_are_set_again(house: House) -> None:
    async def fail_once(exchange: Exchange) -> None:
        if exchange.path == "/tts" and house.asked()[0] == 2:
            exchange.writer.transport.abort()
        else:
            await speak(exchange)

    await house.serve(fail_once)
    pool = house.pool()
    assert await hear(pool, voice=A) == SOUND
    with pytest.raises(APIConnectionError):
        await hear(pool, voice=A)
    assert await hear(pool, voice=A) == SOUND
    assert len(house.switches()[0]) == 4
    assert await hear(pool, voice=A) == SOUND
    assert len(house.switches()[0]) == 4


async def test_weights_that_cannot_be_set_are_one_clear_line(house: House) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.reply(
            b'{"message":"change gpt weight failed","Exception":"no such file"}',
            status="400 Bad Request",
            content_type="application/json",
        )

    (url,) = await house.serve(refuse)
    with pytest.raises(APIStatusError) as raised:
        await hear(house.pool(), voice=A)
    assert f"{url}/set_gpt_weights answered 400: change gpt weight failed; no such file" in raised.value.message
    assert house.asked() == [0]
    assert not house.known(url).holds(A)


async def test_a_switch_that_was_broken_off_is_not_taken_for_done(house: House) -> None:
    (url,) = await house.serve(Exchange.gone)
    task = asyncio.create_task(hear(house.pool(), voice=A))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert house.known(url) == Record(switched=True)


async def test_a_voice_without_weights_keeps_off_replicas_that_were_switched(house: House) -> None:
    await house.serve(speak, speak)
    pool = house.pool()
    await hear(pool, voice=A)
    for _ in range(3):
        await hear(pool)
    assert house.asked() == [1, 3]
    house.know(house.urls[1], Record(switched=True))
    with pytest.raises(APIConnectionError, match="this voice names none") as raised:
        await hear(pool)
    assert not raised.value.retryable
