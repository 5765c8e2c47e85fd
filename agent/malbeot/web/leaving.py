"""Work that stops when whoever asked for it has left."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from livekit.agents import utils
from starlette.types import Receive


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
