"""Which replicas a pool is made of, and what it tells and counts of them."""

import pytest
from prometheus_client import REGISTRY

from livekit.plugins.gpt_sovits.breaker import State
from livekit.plugins.gpt_sovits.pool import Pool
from support.voice_pool import TEXT, A, House, answer, hear, nobody, speak
from support.voice_server import Exchange


async def test_the_status_tells_who_is_up_and_holds_what(house: House) -> None:
    async def up(exchange: Exchange) -> None:
        if exchange.fields or exchange.path.startswith("/set_"):
            await speak(exchange)
        else:
            await exchange.reply(b'{"message":"text is required"}', status="400 Bad Request")

    page = answer(b"<html>", content_type="text/html")
    await house.serve(up, page)
    gone = nobody()
    pool = house.pool([house.urls[0], house.urls[1].replace("//", "//me:secret@"), gone])
    async with pool.speak(TEXT, A, timeout_s=5):
        speaking, web, none = await pool.status()
    assert (speaking.alive, speaking.busy, speaking.gpt_weights) == (True, True, A.gpt_weights)
    assert (web.alive, web.busy) == (False, False)
    assert web.url == house.urls[1], "without the password"
    assert "answered 200 (text/html)" in web.why_not
    assert "secret" not in web.why_not
    assert f"cannot connect to {gone}" in none.why_not
    speaking = (await pool.status())[0]
    assert (speaking.switched, none.switched) == (True, False)
    assert (speaking.busy, speaking.warm, speaking.breaker) == (False, ("en",), State.CLOSED)


async def test_a_replica_is_counted_under_its_url(house: House) -> None:
    (url,) = await house.serve(speak)
    await hear(house.pool())

    def value(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(f"gpt_sovits_{name}", {"replica": url, **labels})

    assert value("requests_total", outcome="ok") == 1
    assert value("time_to_first_byte_seconds_count") == 1
    assert value("real_time_factor_count") == 1
    assert value("queue_wait_seconds_count") == 1


@pytest.mark.parametrize("urls", [[], [""], ["127.0.0.1:9880"], ["ws://127.0.0.1:9880"], ["http://"]])
async def test_a_url_that_is_none_is_a_value_error(house: House, urls: list[str]) -> None:
    with pytest.raises(ValueError, match="voice server"):
        Pool(urls, http=lambda: house.session, state_dir=house.folder)
