"""A replica that fails within the speech, or ends it too early, or is silent at its end."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from livekit.agents import APIError

from livekit.plugins.gpt_sovits.errors import EarlyEndError
from support.heard import assert_one_clear_line
from support.voice_pool import RATE, SOUND, TEXT, VOICE, House, answer, hear, speak
from support.voice_server import Exchange, Script, stream_header


def within_speech() -> list[tuple[str, Callable[[Exchange], Awaitable[None]]]]:
    async def killed(exchange: Exchange) -> None:
        exchange.writer.transport.abort()

    async def broken(exchange: Exchange) -> None:
        pass

    async def zeros_and_broken(exchange: Exchange) -> None:
        await exchange.chunk(bytes(32000))
        await asyncio.sleep(0.05)

    async def zeros_and_end(exchange: Exchange) -> None:
        await exchange.chunk(bytes(64000))
        await exchange.chunk(b"")

    async def wrongly_chunked(exchange: Exchange) -> None:
        await exchange.send(b"no number\r\nno chunk")
        await exchange.gone()

    async def zeros_for_ever(exchange: Exchange) -> None:
        for _ in range(20):
            await exchange.chunk(bytes(RATE * 2))
        await exchange.gone()

    return [
        ("killed", killed),
        ("broken", broken),
        ("zeros, broken", zeros_and_broken),
        ("stall", Exchange.gone),
        ("zeros for ever", zeros_for_ever),
        ("early end", lambda exchange: exchange.chunk(b"")),
        ("zeros, early end", zeros_and_end),
        ("wrongly chunked", wrongly_chunked),
    ]


@pytest.mark.parametrize("then", [pytest.param(then, id=name) for name, then in within_speech()])
async def test_a_replica_that_fails_within_the_speech_tells_how_far_it_came(house: House, then: Script) -> None:
    heard = SOUND[: RATE // 2 - 2]  # a quarter of a second, and no zero at its end

    async def fail(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + heard)
        await asyncio.sleep(0.05)
        await then(exchange)

    first, _ = await house.serve(fail, speak)
    pool = house.pool()
    got = b""

    async def listen() -> None:
        nonlocal got
        async with pool.speak(TEXT, VOICE, timeout_s=0.5) as reply:
            try:
                async for piece in reply.pieces():
                    got += piece
            finally:
                delivered_s.append(reply.delivered_s)

    delivered_s: list[float] = []
    with pytest.raises(APIError) as raised:
        await listen()
    assert got == heard
    assert delivered_s == [pytest.approx(0.25, abs=0.001)]
    assert not raised.value.retryable
    assert_one_clear_line(raised.value, first, unsaid="kitchen")
    assert house.known(first).breaker.failures == 1
    assert await hear(pool) == SOUND
    assert house.asked() == [1, 1], "the sentence is completed by the other"


async def test_an_early_end_has_an_error_of_its_own(house: House) -> None:
    await house.serve(answer(stream_header(RATE), SOUND))
    with pytest.raises(EarlyEndError, match=r"ended after 1\.2 s of a text that takes"):
        await hear(house.pool(), TEXT * 3)


async def test_silence_at_a_good_end_is_given(house: House) -> None:
    pause = bytes(19200)
    await house.serve(answer(stream_header(RATE), SOUND, pause, SOUND, pause))
    assert await hear(house.pool()) == SOUND + pause + SOUND + pause
