"""Calls whose process has died: their callers are told at once. LiveKit alone would miss the companion after 20 s."""

import asyncio
from collections.abc import Awaitable

import aiohttp
from livekit import api
from livekit.agents import AgentServer

from malbeot.livekit_server import rooms_that_live
from malbeot.log import logger
from malbeot.settings import Settings

_LOOK_EVERY_S = 0.25
"""Sooner than a call can greet: one that dies before it was seen would not be missed."""


async def end_abandoned_calls(server: AgentServer, settings: Settings) -> None:
    """Ends calls that have a room and no process any more, for as long as the worker runs. Runs until cancelled."""
    companions: dict[str, str] = {}
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        present = {job.job.room.name: job.accept_arguments.identity for job in server.active_jobs}
        unknown: dict[str, str] = {}
        if left := companions.keys() - present.keys():
            living = await rooms_that_live(settings, left)
            if living is None:  # asked again with the next look
                unknown = {room: companions[room] for room in left}
            # A call that ends as it should ends its room before its process.
            for room in left & (living or set()):
                logger.error("the process of a call has died: the call is ended", extra={"room": room})
                await _end(settings, room, companions[room])
        companions = present | unknown


async def _end(settings: Settings, room: str, companion: str) -> None:
    key, secret = settings.livekit_keys
    timeout = aiohttp.ClientTimeout(total=3)
    async with api.LiveKitAPI(settings.livekit_url, key, secret, timeout=timeout) as livekit:
        # First the companion, so that the caller's page knows why. LiveKit may have missed it already.
        await _unless_gone(livekit.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=companion)))
        await _unless_gone(livekit.room.delete_room(api.DeleteRoomRequest(room=room)))


async def _unless_gone(ending: Awaitable[object]) -> None:
    try:
        await ending
    except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
        if not isinstance(error, api.TwirpError) or error.code != "not_found":
            # LiveKit misses the companion by itself in the end.
            logger.warning("a call without a process is not ended: %s", str(error) or type(error).__name__)
