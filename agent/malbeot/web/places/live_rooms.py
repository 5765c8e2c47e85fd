"""The rooms that live at LiveKit: what is true, whatever places are held."""

import asyncio

import aiohttp
from livekit import api

from malbeot.web.places.errors import Unavailable
from malbeot.web.tokens import ROOM_PREFIX

_TIMEOUT_S = 3.0


class LiveRooms:
    """The rooms of calls, and the means to end one. Both raise `Unavailable` where LiveKit does not answer."""

    def __init__(self, livekit: api.LiveKitAPI, url: str) -> None:
        """`url` is LiveKit's, for messages."""
        self._livekit = livekit
        self._url = url

    async def look(self) -> frozenset[str]:
        """The names of all."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                listed = await self._livekit.room.list_rooms(api.ListRoomsRequest())
        except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
            raise self._unavailable(error) from None
        return frozenset(room.name for room in listed.rooms if room.name.startswith(ROOM_PREFIX))

    async def end(self, room: str) -> None:
        """Ends a call. One that is over already is left so."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._livekit.room.delete_room(api.DeleteRoomRequest(room=room))
        except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
            if not isinstance(error, api.TwirpError) or error.code != "not_found":
                raise self._unavailable(error) from None

    def _unavailable(self, error: Exception) -> Unavailable:
        if isinstance(error, api.TwirpError):
            reason = "it refuses our keys" if error.status == 401 else error.message
        else:
            reason = (error.strerror if isinstance(error, aiohttp.ClientConnectorError) else str(error)) or "no answer"
        return Unavailable(
            f"LiveKit server at {self._url} does not say which calls there are ({reason}): start it, or mend "
            "LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
        )
