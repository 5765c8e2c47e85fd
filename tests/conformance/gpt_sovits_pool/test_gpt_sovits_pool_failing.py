"""A replica that fails before any sound: another makes it good, and where none can, one error tells why."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from livekit.plugins.gpt_sovits.lease import Record
from support.heard import assert_one_clear_line
from support.voice_pool import RATE, SOUND, TEXT, VOICE, House, answer, broken_chunk, hear, no_answer, nobody, speak
from support.voice_server import Exchange, Script, stream_header

WARM = Record(warm=("en",))


async def reset(exchange: Exchange) -> None:
    exchange.writer.transport.abort()


async def second_of_zeros_and_broken(exchange: Exchange) -> None:
    await exchange.head()
    await exchange.chunk(stream_header(RATE) + bytes(32000))


def failing() -> list[tuple[str, Script, str]]:
    page = {"content_type": "text/html"}

    async def wrongly_chunked(exchange: Exchange) -> None:
        await exchange.head()
        await asyncio.sleep(0.02)
        await exchange.send(b"no number\r\nno chunk")
        await exchange.gone()

    return [
        ("wrongly chunked", wrongly_chunked, "broke off before any sound"),
        ("stall", Exchange.gone, "was silent for 0.3 s"),
        ("closed", no_answer, "the connection to"),
        ("reset", reset, "the connection to"),
        ("broken chunk", broken_chunk, "broke off before any sound"),
        ("zeros and broken", second_of_zeros_and_broken, "broke off before any sound"),
        ("zeros", answer(stream_header(RATE), bytes(32000)), "nothing but zeros"),
        ("mark", answer(stream_header(16000), bytes(32000)), "16000 Hz mark of failure"),
        ("rate", answer(stream_header(22050), SOUND), "22050 Hz"),
        ("empty", answer(), "sent no sound"),
        ("page", answer(b"<html>", content_type="text/html"), "text/html"),
        ("page in disguise", answer(b"<html>"), "does not begin as a WAV"),
        ("400", answer(b'{"message":"no file"}', status="400 Bad Request", **page), "no file"),
        ("404", answer(b"nothing", status="404 Not Found"), "answered 404"),
        ("500", answer(b"broken", status="500 Internal Server Error"), "answered 500"),
        ("502", answer(b"broken", status="502 Bad Gateway", **page), "answered 502"),
    ]


@pytest.mark.parametrize(("script", "said"), [pytest.param(*rest, id=name) for name, *rest in failing()])
async def test_a_failure_before_sound_is_made_good_by_another(
    house: House, script: Script, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await house.serve(script, speak)
    house.know(first, WARM)
    pool = house.pool(first_byte_s=0.3)
    assert await hear(pool) == SOUND
    assert house.asked() == [1, 1]
    assert said in caplog.text
    assert first in caplog.text
    assert await hear(pool) == SOUND
    assert house.asked() == [1, 2], "the one that failed is no longer first"
    assert house.known(first).breaker.failures == 1
    assert house.known(second).breaker.failures == 0


async def test_nobody_there_is_made_good_by_another(house: House) -> None:
    await house.serve(speak)
    assert await hear(house.pool([nobody(), *house.urls])) == SOUND


async def test_after_the_deadline_the_next_is_asked_at_once(
    house: House, record_property: Callable[[str, object], None]
) -> None:
    late, _ = await house.serve(Exchange.gone, speak)
    over_s = []
    for _ in range(5):
        house.know(late, WARM)
        house.know(house.urls[1], replace(WARM, used_at_s=time.time()))
        begun = time.monotonic()
        async with house.pool(first_byte_s=0.2).speak(TEXT, VOICE, timeout_s=5.0) as reply:
            over_s.append(time.monotonic() - begun - 0.2)
            assert not reply.complete
    record_property("failover_s", sorted(over_s))
    print("failover after the deadline, s:", [round(value, 4) for value in sorted(over_s)])
    assert house.asked() == [5, 5]
    assert max(over_s) < 2.0


async def test_a_sound_replica_that_is_cold_is_waited_for(house: House) -> None:
    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(0.5)
        await speak(exchange)

    cold, _ = await house.serve(slow, speak)
    assert await hear(house.pool(first_byte_s=0.2)) == SOUND
    assert house.asked() == [1, 0]
    assert house.known(cold).warm == ("en",)


async def test_what_the_request_itself_is_wrong_about_is_asked_once(house: House) -> None:
    body = b'{"detail":[{"loc":["body","top_k"],"msg":"wrong"}]}'
    await house.serve(answer(body, status="422 Unprocessable Content", content_type="application/json"), speak)
    with pytest.raises(APIError) as raised:
        await hear(house.pool())
    assert house.asked() == [1, 0]
    assert not raised.value.retryable
    assert house.known(house.urls[0]).breaker.failures == 0


async def test_where_all_fail_one_error_names_each_and_its_reason(house: House) -> None:
    gone = nobody()
    await house.serve(answer(b"", status="500 Internal Server Error"), answer(b"<html>", content_type="text/html"))
    with pytest.raises(APIConnectionError) as raised:
        await hear(house.pool([gone, *house.urls]))
    assert_one_clear_line(raised.value, gone, *house.urls, unsaid="kitchen")
    assert "cannot connect" in raised.value.message
    assert "answered 500" in raised.value.message
    assert "text/html" in raised.value.message
    assert raised.value.retryable


async def test_where_no_retry_can_help_the_error_says_so(house: House) -> None:
    page = answer(b"<html>", content_type="text/html")
    await house.serve(page, page)
    with pytest.raises(APIConnectionError) as raised:
        await hear(house.pool())
    assert not raised.value.retryable


@pytest.mark.parametrize(
    ("statuses", "status_code", "retryable"),
    [((400, 500), 500, True), ((500, 400), 500, True), ((400, 404), 404, False), ((500, 422), 422, False)],
)
async def test_where_all_refuse_it_is_a_status_that_tells_whether_to_retry(
    house: House, statuses: tuple[int, ...], status_code: int, retryable: bool
) -> None:
    await house.serve(*(answer(b"", status=f"{status} No") for status in statuses))
    with pytest.raises(APIStatusError) as raised:
        await hear(house.pool())
    assert (raised.value.status_code, raised.value.retryable) == (status_code, retryable)
    assert_one_clear_line(raised.value, *house.urls, unsaid="kitchen")


async def test_where_all_are_late_it_is_a_timeout(house: House) -> None:
    await house.serve(Exchange.gone, Exchange.gone)
    with pytest.raises(APITimeoutError) as raised:
        await hear(house.pool(), timeout_s=0.2)
    assert_one_clear_line(raised.value, *house.urls, unsaid="kitchen")
    assert raised.value.retryable


async def test_the_error_of_a_single_replica_is_its_own(house: House) -> None:
    await house.serve(answer(b"", status="400 Bad Request"))
    with pytest.raises(APIStatusError) as raised:
        await hear(house.pool())
    assert raised.value.status_code == 400
