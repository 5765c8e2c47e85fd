"""Places: never more calls than there are, whatever keeps them, and every place comes back."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager
from itertools import chain
from pathlib import Path

import pytest
from livekit import api
from redis.asyncio import Redis

from malbeot.settings import Settings
from malbeot.web.places import Full, Places, Unavailable, open_places
from malbeot.web.places.live_rooms import LiveRooms
from malbeot.web.places.redis_store import RedisStore, open_redis
from malbeot.web.places.sqlite_store import open_sqlite
from malbeot.web.places.store import JOINS_WITHIN_S, Outcome, Store
from support.redis_server import RedisServer, running_redis
from support.scripted_livekit import ScriptedLiveKit, scripted_livekit

KEY, SECRET = "key", "s" * 40
Open = Callable[[], AbstractAsyncContextManager[Store]]


@pytest.fixture(scope="module")
async def redis() -> AsyncIterator[RedisServer]:
    async with running_redis() as server:
        yield server


@pytest.fixture(params=["sqlite", "redis"])
async def settings(request: pytest.FixtureRequest, redis: RedisServer, tmp_path: Path) -> Settings:
    url = None
    if request.param == "redis":
        await redis.stop()
        await redis.start()  # empty
        url = redis.url
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        livekit_api_key=KEY,
        livekit_api_secret=SECRET,  # type: ignore[arg-type]
        malbeot_state=tmp_path / "state",
        redis_url=url,
        max_calls=3,
    )


@pytest.fixture
def open_store(settings: Settings) -> Open:
    return lambda: open_redis(settings.redis_url) if settings.redis_url else open_sqlite(settings.malbeot_state)


@pytest.fixture
async def store(open_store: Open) -> AsyncIterator[Store]:
    async with open_store() as opened:
        yield opened


@pytest.fixture
async def livekit() -> AsyncIterator[ScriptedLiveKit]:
    async with scripted_livekit(KEY, SECRET) as server:
        yield server


@pytest.fixture
async def places(settings: Settings, livekit: ScriptedLiveKit) -> AsyncIterator[Places]:
    async with api.LiveKitAPI(livekit.url, KEY, SECRET) as client, open_places(settings, client) as opened:
        yield opened


async def look(store: Store, *live: str) -> None:
    await store.note(live, began=(await store.count(fresh_s=1)).now)


async def calls(store: Store) -> int:
    return (await store.count(fresh_s=60)).calls


async def test_nothing_is_decided_before_livekit_was_looked_at(store: Store) -> None:
    assert (await store.take("call-1", limit=1, fresh_s=1)).outcome is Outcome.STALE
    assert (await store.count(fresh_s=1)).outcome is Outcome.STALE
    await look(store)
    assert (await store.take("call-1", limit=1, fresh_s=1)).outcome is Outcome.TAKEN
    await asyncio.sleep(0.06)
    assert (await store.take("call-2", limit=2, fresh_s=0.05)).outcome is Outcome.STALE


async def test_rooms_and_places_are_counted_once_each(store: Store) -> None:
    await look(store, "call-elsewhere")
    assert (await store.take("call-1", limit=2, fresh_s=1)).outcome is Outcome.TAKEN
    assert (await store.take("call-1", limit=2, fresh_s=1)).outcome is Outcome.TAKEN, "it has its place"
    assert (await store.take("call-2", limit=2, fresh_s=1)).outcome is Outcome.FULL
    await look(store, "call-elsewhere", "call-1")
    assert await calls(store) == 2
    assert (await store.take("call-2", limit=3, fresh_s=1)).outcome is Outcome.TAKEN


async def test_a_place_comes_back_when_its_room_is_gone_or_never_came(store: Store) -> None:
    await look(store)
    await store.take("call-seen", limit=9, fresh_s=1)
    await store.take("call-waits", limit=9, fresh_s=1)
    await look(store, "call-seen")
    await look(store)
    assert await calls(store) == 1, "the one whose caller has 20 s to come"
    began = (await store.count(fresh_s=1)).now
    await store.note((), began=began + JOINS_WITHIN_S - 1)
    assert await calls(store) == 1
    await store.note((), began=began + JOINS_WITHIN_S + 1)
    assert await calls(store) == 0


async def test_a_look_that_may_have_seen_less_changes_nothing(store: Store) -> None:
    began = (await store.count(fresh_s=1)).now
    await look(store)
    await store.take("call-1", limit=9, fresh_s=1)
    await look(store, "call-1", "call-2")
    await store.note((), began=began)
    assert await calls(store) == 2
    await look(store)
    assert await calls(store) == 0


async def test_what_is_freed_is_free_at_once(store: Store) -> None:
    await look(store, "call-1", "call-2")
    await store.take("call-1", limit=9, fresh_s=1)
    await store.free("call-1")
    await store.free("call-never")
    assert await calls(store) == 1


async def test_it_says_when_a_place_is_given_back(store: Store) -> None:
    await look(store)
    assert (await store.count(fresh_s=1)).back_in_s == JOINS_WITHIN_S
    await store.take("call-1", limit=1, fresh_s=1)
    await asyncio.sleep(0.05)
    verdict = await store.take("call-2", limit=1, fresh_s=1)
    assert verdict.outcome is Outcome.FULL
    assert JOINS_WITHIN_S - 5 < verdict.back_in_s < JOINS_WITHIN_S
    await look(store, "call-1")
    assert JOINS_WITHIN_S - 5 < (await store.count(fresh_s=1)).back_in_s < JOINS_WITHIN_S, (
        "its caller may not have come"
    )


async def test_a_call_that_lasts_says_nothing_of_when_its_place_is_given_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for keeper in ("sqlite_store", "redis_store"):
        monkeypatch.setattr(f"malbeot.web.places.{keeper}.JOINS_WITHIN_S", 0.05)
    await look(store)
    await store.take("call-1", limit=1, fresh_s=1)
    await look(store, "call-1")
    await asyncio.sleep(0.1)
    assert (await store.count(fresh_s=1)).back_in_s == 0.05


async def test_processes_that_begin_and_ask_at_once_share_the_places(open_store: Open) -> None:
    async def process(number: int) -> list[Outcome]:
        async with open_store() as store:
            await look(store)
            rooms = [f"call-{number}-{i}" for i in range(25)]
            verdicts = await asyncio.gather(*(store.take(room, limit=20, fresh_s=1e6) for room in rooms))
            return [verdict.outcome for verdict in verdicts]

    outcomes = list(chain(*await asyncio.gather(*(process(number) for number in range(6)))))
    assert outcomes.count(Outcome.TAKEN) == 20
    assert outcomes.count(Outcome.FULL) == 130


async def test_many_who_ask_at_once_share_one_look(places: Places, livekit: ScriptedLiveKit) -> None:
    livekit.rooms |= {"call-elsewhere", "no call"}
    livekit.delay_s = 0.2
    results = await asyncio.gather(*(places.take(f"call-{i}") for i in range(40)), return_exceptions=True)
    assert livekit.looks == 1
    assert results.count(None) == 2
    refused = [result for result in results if isinstance(result, Full)]
    assert len(refused) == 38
    assert all(0 < why.retry_after_s <= 20 for why in refused)
    assert await places.taken() == 3


async def test_a_full_house_is_looked_at_again_every_second(places: Places, livekit: ScriptedLiveKit) -> None:
    livekit.rooms |= {"call-a", "call-b", "call-c"}
    with pytest.raises(Full) as full:
        await places.take("call-d")
    assert full.value.retry_after_s == 30
    livekit.rooms.remove("call-b")
    async with asyncio.timeout(3):
        while True:
            try:
                await places.take("call-d")
                break
            except Full:
                await asyncio.sleep(0.1)
    assert livekit.looks == 2


@pytest.mark.parametrize("how", ["broken", "silent", "away"])
async def test_livekit_that_does_not_answer(
    settings: Settings, livekit: ScriptedLiveKit, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr("malbeot.web.places.live_rooms._TIMEOUT_S", 0.3)
    livekit.broken = how == "broken"
    livekit.delay_s = 1.0 if how == "silent" else 0.0
    url = "ws://127.0.0.1:1" if how == "away" else livekit.url
    async with api.LiveKitAPI(url, KEY, SECRET) as client, open_places(settings, client) as places:
        began = asyncio.get_running_loop().time()
        results = await asyncio.gather(*(places.take(f"call-{i}") for i in range(20)), return_exceptions=True)
        assert asyncio.get_running_loop().time() - began < 1.2, "all of them waited for one look"
        assert all(isinstance(why, Unavailable) and "\n" not in str(why) for why in results), results
        assert livekit.looks <= 1
        if how != "away":
            livekit.broken, livekit.delay_s = False, 0.0
            await places.take("call-1")


class FlushedStore(RedisStore):
    """A real Redis that is emptied as soon as something is noted in it."""

    def __init__(self, url: str, client: Redis) -> None:
        super().__init__(url, client)
        self._client = client

    async def note(self, live: Collection[str], *, began: float) -> None:
        await super().note(live, began=began)
        await self._client.flushall()


async def test_a_redis_that_forgets_what_was_just_seen_gives_no_place(
    redis: RedisServer, livekit: ScriptedLiveKit
) -> None:
    async with Redis.from_url(redis.url) as client, api.LiveKitAPI(livekit.url, KEY, SECRET) as service:
        await client.flushall()
        places = Places(FlushedStore(redis.url, client), LiveRooms(service, livekit.url), limit=3)
        with pytest.raises(Unavailable, match="try again"):
            await places.take("call-1")
        with pytest.raises(Unavailable, match="try again"):
            await places.taken()
        # As nothing was kept of it.
        assert (await client.keys("*")) == []


async def test_what_keeps_places_goes_away_and_comes_back(redis: RedisServer, tmp_path: Path) -> None:
    async with open_redis(redis.url.replace("redis://", "redis://:password-not-to-tell@")) as store:
        await look(store)
        await redis.stop()
        with pytest.raises(Unavailable, match=r"Redis at 127\.0\.0\.1:\d+ .*REDIS_URL") as refused:
            await store.take("call-1", limit=1, fresh_s=1)
        assert "password-not-to-tell" not in str(refused.value)
        await redis.start()
        assert (await store.take("call-1", limit=1, fresh_s=1)).outcome is Outcome.STALE
        await look(store)
        assert (await store.take("call-1", limit=1, fresh_s=1)).outcome is Outcome.TAKEN


async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "state") as store:
        await look(store, "call-1")
        files = sorted((tmp_path / "state").iterdir())
        assert [file.name for file in files] == ["places.sqlite3", "places.sqlite3-shm", "places.sqlite3-wal"]
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    async with open_sqlite(tmp_path / "state") as store:
        assert await calls(store) == 1


async def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "places.sqlite3").write_text("This is a letter and no database. " * 100)
    with pytest.raises(Unavailable, match=r"places\.sqlite3 cannot be read .*delete the file"):
        async with open_sqlite(tmp_path):
            pass
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="MALBEOT_STATE"):
        async with open_sqlite(tmp_path / "file"):
            pass


async def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        await look(store)
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(Unavailable, match=r"cannot be kept in .*full.*check the disk"):
            await store.note([f"call-{'x' * 100}-{i}" for i in range(1000)], began=(await store.count(fresh_s=1)).now)
        assert await calls(store) == 0
        store._connection.execute(f"PRAGMA max_page_count = {2**30}")
        await look(store, "call-1")
        assert await calls(store) == 1


async def test_times_from_before_a_restart_are_long_ago(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_sqlite(tmp_path) as store:
        clock = [1000.0]
        monkeypatch.setattr("malbeot.web.places.sqlite_store.time.monotonic", lambda: clock[0])
        await look(store)
        assert (await store.take("call-1", limit=1, fresh_s=1)).outcome is Outcome.TAKEN
        clock[0] = 5.0
        assert (await store.take("call-2", limit=1, fresh_s=math.inf)).outcome is Outcome.STALE
        await look(store)
        assert (await store.take("call-2", limit=1, fresh_s=1)).outcome is Outcome.TAKEN
