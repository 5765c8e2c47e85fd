"""The places of all calls: at most MAX_CALLS at once, over all web processes and workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livekit import api

from malbeot.settings import Settings
from malbeot.web.places.counted import CountedPlaces as Places
from malbeot.web.places.errors import Full, TooMany, Unavailable
from malbeot.web.places.live_rooms import LiveRooms
from malbeot.web.places.redis_store import open_redis
from malbeot.web.places.sqlite_store import open_sqlite

__all__ = ["Full", "Places", "TooMany", "Unavailable", "open_places"]


@asynccontextmanager
async def open_places(settings: Settings, livekit: api.LiveKitAPI) -> AsyncIterator[Places]:
    """Kept in Redis where there is one, else in a file, of which `Unavailable` is raised where it cannot be had."""
    keeping = open_redis(settings.redis_url) if settings.redis_url else open_sqlite(settings.malbeot_state)
    async with keeping as store:
        yield Places(store, LiveRooms(livekit, settings.livekit_url), limit=settings.max_calls)
