"""Rates: how often an address may, when it may again, and how much memory that takes."""

import asyncio
import time

import pytest
from limits import RateLimitItemPerSecond

from malbeot.web.access import rates
from malbeot.web.access.rates import ADDRESSES, Rate


async def test_so_many_and_then_not_until_the_window_moves_on() -> None:
    rate = Rate(RateLimitItemPerSecond(3))
    assert [rate.take("a") for _ in range(5)] == [True, True, True, False, False]
    assert rate.wait_s("a") == 1
    assert rate.wait_s("b") == 0
    assert rate.take("b")
    await asyncio.sleep(1.1)
    assert rate.wait_s("a") == 0
    assert rate.take("a")


async def test_the_window_moves_and_does_not_jump() -> None:
    rate = Rate(RateLimitItemPerSecond(2))
    assert rate.take("a")
    await asyncio.sleep(0.6)
    assert rate.take("a")
    await asyncio.sleep(0.6)
    assert rate.take("a"), "the first is more than a second ago"
    assert not rate.take("a"), "the second is not"


async def test_who_waits_does_not_wait_longer_for_asking() -> None:
    rate = Rate(RateLimitItemPerSecond(1))
    assert rate.take("a")
    for _ in range(11):
        await asyncio.sleep(0.1)
        if rate.take("a"):
            return
    raise AssertionError("still waiting")


def test_a_thousand_addresses_and_no_more() -> None:
    rate = Rate(RateLimitItemPerSecond(1, 3600))
    for number in range(ADDRESSES * 3):
        assert rate.take(f"address-{number}")
    assert len(rate) == ADDRESSES
    assert not rate.take(f"address-{ADDRESSES * 3 - 1}")
    assert rate.take("address-0"), "it is forgotten"


def test_who_is_counted_again_is_not_the_first_to_be_forgotten() -> None:
    rate = Rate(RateLimitItemPerSecond(2, 3600))
    rate.take("guesser")
    for number in range(rates.ADDRESSES - 1):
        rate.take(f"address-{number}")
    rate.take("guesser")
    rate.take("one more")
    assert rate.wait_s("guesser") > 0


def test_a_clock_that_is_set_back_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rate = Rate(RateLimitItemPerSecond(1, 60))
    assert rate.take("a")
    assert not rate.take("a")
    monkeypatch.setattr(time, "time", lambda now=time.time: now() - 3600)
    assert rate.wait_s("a") == 0
    assert rate.take("a")
    assert not rate.take("a")
    assert 1 <= rate.wait_s("a") <= 60
