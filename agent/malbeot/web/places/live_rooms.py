"""The rooms at LiveKit: what is true, whatever places are held."""

import asyncio
import math

import aiohttp
from livekit import api

from malbeot.call import AGENT_NAME, CallRequest
from malbeot.web.places.errors import Unavailable
from malbeot.web.places.store import JOINS_WITHIN_S
from malbeot.web.tokens import ROOM_PREFIX

_TIMEOUT_S = 3.0

EMPTY_TIMEOUT_S = math.ceil(JOINS_WITHIN_S) + 1
"""How long a room lasts whose caller has not come, the companion in it or not. LiveKit counts whole seconds, the first
of them in part."""
DEPARTURE_TIMEOUT_S = 5
"""How long a room lasts after the last caller has left."""
MAX_PARTICIPANTS = 8
"""Who may be in a room at once: a caller who comes anew may meet what is left of the last time."""


class LiveRooms:
    """The rooms of calls, and the means to make and end one. All raise `Unavailable` where LiveKit does not answer."""

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
            raise self._unavailable("does not say which calls there are", error) from None
        return frozenset(room.name for room in listed.rooms if room.name.startswith(ROOM_PREFIX))

    async def make(self, room: str, request: CallRequest) -> None:
        """Makes the room of a call, to which LiveKit sends the companion at once."""
        wanted = api.CreateRoomRequest(
            name=room,
            empty_timeout=EMPTY_TIMEOUT_S,
            departure_timeout=DEPARTURE_TIMEOUT_S,
            max_participants=MAX_PARTICIPANTS,
            agents=[api.RoomAgentDispatch(agent_name=AGENT_NAME, metadata=request.model_dump_json())],
        )
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._livekit.room.create_room(wanted)
        except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
            raise self._unavailable("makes no room for a call", error) from None

    async def end(self, room: str) -> None:
        """Ends a call. One that is over already is left so."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._livekit.room.delete_room(api.DeleteRoomRequest(room=room))
        except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
            if not isinstance(error, api.TwirpError) or error.code != "not_found":
                raise self._unavailable("does not end a call", error) from None

    def _unavailable(self, fails: str, error: Exception) -> Unavailable:
        if isinstance(error, api.TwirpError):
            reason = "it refuses our keys" if error.status == 401 else error.message
        else:
            reason = (error.strerror if isinstance(error, aiohttp.ClientConnectorError) else str(error)) or "no answer"
        return Unavailable(
            f"LiveKit server at {self._url} {fails} ({reason}): start it, or mend LIVEKIT_URL, LIVEKIT_API_KEY and "
            "LIVEKIT_API_SECRET"
        )
