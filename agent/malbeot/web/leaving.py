"""Work that stops when whoever asked for it has left, or takes nothing of it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from livekit.agents import utils
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from malbeot.log import logger

TAKEN_WITHIN_S = 20.0
"""So long a piece of an answer waits for its reader."""


class _NotTaken(Exception):
    """A reader is there, and reads nothing."""


async def unless_left(receive: Receive, work: Coroutine[Any, Any, None]) -> bool:
    """Does `work` while its client is there. Whether it was finished; raises what it raises.

    The request's body must have been read: what else comes of it is dropped.
    """
    working = asyncio.create_task(work, name="web.work")
    leaving = asyncio.create_task(_left(receive), name="web.leaving")
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
        return working.done()
    finally:
        await utils.aio.cancel_and_wait(working, leaving)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_to_reader(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Sends `response`, and stops where its reader takes nothing of it: others wait for what makes it.

    It stays without its end then, and so the server closes the connection.
    """

    async def send_in_time(message: Message) -> None:
        try:
            async with asyncio.timeout(TAKEN_WITHIN_S):
                await send(message)
        except TimeoutError:
            raise _NotTaken from None

    try:
        await response(scope, receive, send_in_time)
    except _NotTaken:
        logger.warning("an answer was stopped: its reader took nothing of it for %g s", TAKEN_WITHIN_S)
