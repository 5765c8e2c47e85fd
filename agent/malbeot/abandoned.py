"""Calls whose process has died: their callers are told at once. LiveKit alone would miss the companion after 20 s."""

import asyncio

import aiohttp
from livekit import api
from livekit.agents import AgentServer

from malbeot.livekit_server import rooms_that_are_gone
from malbeot.log import logger
from malbeot.settings import Settings

_LOOK_EVERY_S = 1.0


async def end_abandoned_calls(server: AgentServer, settings: Settings) -> None:
    """Ends calls that have a room and no process any more, for as long as the worker runs. Runs until cancelled."""
    companions: dict[str, str] = {}
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        present = {job.job.room.name: job.accept_arguments.identity for job in server.active_jobs}
        if left := companions.keys() - present.keys():
            # A call that ends as it should ends its room before its process.
            for room in left - await rooms_that_are_gone(settings, left):
                logger.error("the process of a call has died: the call is ended", extra={"room": room})
                await _end(settings, room, companions[room])
        companions = present


async def _end(settings: Settings, room: str, companion: str) -> None:
    key, secret = settings.livekit_keys
    timeout = aiohttp.ClientTimeout(total=3)
    async with api.LiveKitAPI(settings.livekit_url, key, secret, timeout=timeout) as livekit:
        try:
            # First the companion, so that the caller's page knows why.
            await livekit.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=companion))
            await livekit.room.delete_room(api.DeleteRoomRequest(room=room))
        except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
            # LiveKit misses the companion by itself in the end.
            logger.warning("a call without a process is not ended: %s", str(error) or type(error).__name__)
