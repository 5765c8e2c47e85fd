"""Calls without a companion: it is sent for once more, and where none comes they end, so that places are given back.

LiveKit sends for a companion once: where no worker is there at that moment, as after a restart, nobody ever comes. The
page leaves such a call by itself after a while; another client may stay in it for ever, and a worker that was killed
remembers nothing of it.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from livekit import api

from malbeot.log import logger
from malbeot.web.tokens import ROOM_PREFIX

LOOK_EVERY_S = 4.0
"""Twice in a row without its companion: an agent that comes back after LiveKit has lost it is not missed. And twice
without a worker: one that is offered a call takes it within 0.2 s, or later on a busy machine, and whoever sent again
before that would bring a second companion."""
COMES_WITHIN_S = 18.0
"""A companion is there after less than a second, or after its process has been made, which takes some; the page waits
for 20 s. Two looks later the place is free, within 30 s."""
_TIMEOUT_S = 3.0


class Forsaken:
    """The calls that are without their companion."""

    def __init__(self, livekit: api.LiveKitAPI) -> None:
        self._livekit = livekit
        self._missed: set[str] = set()
        self._untaken: set[str] = set()
        """Requests for a companion."""

    async def watch(self) -> None:
        """Looks again and again until it is cancelled, also where LiveKit does not answer."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Ends the calls that were without their companion the last time as well, and sends for those of new ones."""
        missed, self._missed = self._missed, set()
        untaken, self._untaken = self._untaken, set()
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                before = time.time() - COMES_WITHIN_S
                rooms = (await self._livekit.room.list_rooms(api.ListRoomsRequest())).rooms
                created = {room.name: room.creation_time for room in rooms if room.name.startswith(ROOM_PREFIX)}
                alone = {room for room in created if not await self._has_companion(room)}
                new = {room for room in alone if created[room] > before}
                for room in new:
                    await self._send_again(room, untaken)
                for room in (alone - new) & missed:
                    await self._end(room)
        except (api.TwirpError, aiohttp.ClientError, TimeoutError):
            return
        self._missed = alone - new - missed

    async def _has_companion(self, room: str) -> bool:
        with _unless_gone():
            listed = await self._livekit.room.list_participants(api.ListParticipantsRequest(room=room))
            return any(them.kind == api.ParticipantInfo.Kind.AGENT for them in listed.participants)
        return True

    async def _send_again(self, room: str, untaken: set[str]) -> None:
        """Where no worker has taken the call since the last look.

        Of several web services only one can take the old request away.
        """
        with _unless_gone():
            for sent in await self._livekit.agent_dispatch.list_dispatch(room):
                if sent.state.jobs:
                    continue
                if sent.id not in untaken:
                    self._untaken.add(sent.id)
                else:
                    await self._livekit.agent_dispatch.delete_dispatch(sent.id, room)
                    again = api.CreateAgentDispatchRequest(
                        room=room, agent_name=sent.agent_name, metadata=sent.metadata
                    )
                    await self._livekit.agent_dispatch.create_dispatch(again)

    async def _end(self, room: str) -> None:
        logger.error("no companion is in a call: it is ended", extra={"room": room})
        with _unless_gone():
            await self._livekit.room.delete_room(api.DeleteRoomRequest(room=room))


@contextmanager
def _unless_gone() -> Iterator[None]:
    """Calls end while they are looked at."""
    try:
        yield
    except api.TwirpError as error:
        if error.code != api.TwirpErrorCode.NOT_FOUND:
            raise
