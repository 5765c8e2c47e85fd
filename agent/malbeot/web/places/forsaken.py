"""Calls to which no companion comes, or whose companion is gone: they end, so that their places are given back.

The page leaves such a call by itself; another client may stay in it for ever, and a worker that was killed remembers
nothing of it.
"""

import asyncio
import time

import aiohttp
from livekit import api

from malbeot.log import logger
from malbeot.web.tokens import ROOM_PREFIX

LOOK_EVERY_S = 4.0
"""Twice in a row without its companion: an agent that comes back after LiveKit has lost it is not missed."""
COMES_WITHIN_S = 12.0
"""A companion is there after less than a second, or after its process has been made, which takes some."""
_TIMEOUT_S = 3.0


class Forsaken:
    """The calls that are without their companion."""

    def __init__(self, livekit: api.LiveKitAPI) -> None:
        self._livekit = livekit
        self._missed: set[str] = set()

    async def watch(self) -> None:
        """Looks again and again until it is cancelled, also where LiveKit does not answer."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Ends the calls that were without their companion the last time as well."""
        missed, self._missed = self._missed, set()
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                alone = await self._without_companion()
                for room in alone & missed:
                    logger.error("no companion is in a call: it is ended", extra={"room": room})
                    await self._livekit.room.delete_room(api.DeleteRoomRequest(room=room))
        except (api.TwirpError, aiohttp.ClientError, TimeoutError):
            return
        self._missed = alone - missed

    async def _without_companion(self) -> set[str]:
        before = time.time() - COMES_WITHIN_S
        rooms = (await self._livekit.room.list_rooms(api.ListRoomsRequest())).rooms
        calls = [room.name for room in rooms if room.name.startswith(ROOM_PREFIX) and room.creation_time <= before]
        return {room for room in calls if not await self._has_companion(room)}

    async def _has_companion(self, room: str) -> bool:
        listed = await self._livekit.room.list_participants(api.ListParticipantsRequest(room=room))
        return any(them.kind == api.ParticipantInfo.Kind.AGENT for them in listed.participants)
