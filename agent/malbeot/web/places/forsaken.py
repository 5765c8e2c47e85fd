"""Calls without a companion: it is sent for once more, and where none comes they end, so that places are given back.

LiveKit sends for a companion once: where no worker is there at that moment, as after a restart, nobody ever comes. The
page leaves such a call by itself after a while; another client may stay in it for ever, and a worker that was killed
remembers nothing of it.
"""

import asyncio
import time

import aiohttp
from livekit import api

from malbeot.log import logger
from malbeot.web.tokens import ROOM_PREFIX

LOOK_EVERY_S = 4.0
"""Twice in a row without its companion: an agent that comes back after LiveKit has lost it is not missed. And twice
without a worker: one that is offered a call takes it within 0.3 s, or later on a busy machine, and whoever sent again
before that would bring a second companion."""
COMES_WITHIN_S = 18.0
"""A companion is there after less than a second, or after its process has been made, which takes some; the page waits
for 20 s. Two looks later the place is free, within 30 s."""
_TIMEOUT_S = 3.0
_ERRORS = (api.TwirpError, aiohttp.ClientError, TimeoutError)


class Forsaken:
    """The calls that are without their companion."""

    def __init__(self, livekit: api.LiveKitAPI) -> None:
        self._livekit = livekit
        self._missed: set[str] = set()
        self._untaken: set[str] = set()
        """Requests for a companion."""
        self._unsent: dict[str, api.CreateAgentDispatchRequest] = {}
        """By room: in place of those that were taken away."""

    async def watch(self) -> None:
        """Looks again and again until it is cancelled, also where LiveKit does not answer."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Ends the calls that were without their companion the last time as well, and sends for those of new ones."""
        missed, self._missed = self._missed, set()
        untaken, self._untaken = self._untaken, set()
        before = time.time() - COMES_WITHIN_S
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                rooms = (await self._livekit.room.list_rooms(api.ListRoomsRequest())).rooms
        except _ERRORS:
            return
        calls = {room.name: room.creation_time > before for room in rooms if room.name.startswith(ROOM_PREFIX)}
        self._unsent = {room: request for room, request in self._unsent.items() if room in calls}
        async with asyncio.TaskGroup() as group:
            for room, is_new in calls.items():
                group.create_task(self._look_at(room, is_new=is_new, missed=missed, untaken=untaken), name=room)

    async def _look_at(self, room: str, *, is_new: bool, missed: set[str], untaken: set[str]) -> None:
        """One call. What fails, as where it ends meanwhile, concerns no other."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                listed = await self._livekit.room.list_participants(api.ListParticipantsRequest(room=room))
                if any(them.kind == api.ParticipantInfo.Kind.AGENT for them in listed.participants):
                    return
                if is_new:
                    await self._send_again(room, untaken)
                else:
                    await self._end(room, missed)
        except _ERRORS:
            return

    async def _send_again(self, room: str, untaken: set[str]) -> None:
        """Where no worker has taken the call since the last look.

        Of several web services only one can take the old request away.
        """
        dispatches = self._livekit.agent_dispatch
        found = await dispatches.list_dispatch(room)
        for sent in found:
            if sent.state.jobs:
                continue
            if sent.id not in untaken:
                self._untaken.add(sent.id)
                continue
            await dispatches.delete_dispatch(sent.id, room)
            self._unsent[room] = api.CreateAgentDispatchRequest(
                room=room, agent_name=sent.agent_name, metadata=sent.metadata
            )
            await dispatches.create_dispatch(self._unsent[room])
        if found:
            self._unsent.pop(room, None)
        elif again := self._unsent.get(room):
            await dispatches.create_dispatch(again)

    async def _end(self, room: str, missed: set[str]) -> None:
        if room not in missed:
            self._missed.add(room)
            return
        await self._livekit.room.delete_room(api.DeleteRoomRequest(room=room))
        logger.error("no companion is in a call: it is ended", extra={"room": room})
