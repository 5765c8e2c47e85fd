"""Whether LiveKit server is there and takes our keys."""

import asyncio
from collections.abc import Collection

import aiohttp
from livekit import api

from malbeot.errors import SettingsError
from malbeot.log import logger
from malbeot.settings import Settings

_RETRY_S = 1.0
_REMIND_EVERY = 30


async def wait_for_livekit(settings: Settings) -> None:
    """Returns as soon as LiveKit answers; says so while it does not. Raises `SettingsError` for refused keys."""
    attempt = 0
    while reason := await unreachable(settings):
        if attempt % _REMIND_EVERY == 0:
            logger.warning(
                "LiveKit server at %s does not answer (%s): waiting for it; start it, or mend LIVEKIT_URL",
                settings.livekit_url,
                reason,
            )
        attempt += 1
        await asyncio.sleep(_RETRY_S)


async def unreachable(settings: Settings) -> str | None:
    """Why LiveKit does not answer, or None where it does. Raises `SettingsError` for refused keys."""
    key, secret = settings.livekit_keys
    timeout = aiohttp.ClientTimeout(total=3)
    try:
        async with api.LiveKitAPI(settings.livekit_url, key, secret, timeout=timeout) as livekit:
            await livekit.room.list_rooms(api.ListRoomsRequest(names=["-"]))
    except api.TwirpError as error:
        if error.status == 401:
            raise SettingsError(
                f"LiveKit server at {settings.livekit_url} refuses our keys: LIVEKIT_API_KEY and "
                "LIVEKIT_API_SECRET must be a pair that the server was started with"
            ) from None
        return error.message
    except (aiohttp.ClientError, TimeoutError) as error:
        return (error.strerror if isinstance(error, aiohttp.ClientConnectorError) else str(error)) or "no answer"
    return None


async def rooms_that_live(settings: Settings, rooms: Collection[str]) -> set[str] | None:
    """Which of these LiveKit has; None where it does not say."""
    key, secret = settings.livekit_keys
    try:
        # LiveKit waits 3 s for what a worker says to a call.
        async with api.LiveKitAPI(settings.livekit_url, key, secret, timeout=aiohttp.ClientTimeout(total=1)) as livekit:
            listed = await livekit.room.list_rooms(api.ListRoomsRequest(names=list(rooms)))
    except (api.TwirpError, aiohttp.ClientError, TimeoutError):
        return None
    return {room.name for room in listed.rooms}
