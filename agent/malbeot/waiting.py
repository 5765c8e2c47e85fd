"""Doing something until told to stop."""

import asyncio
from collections.abc import Coroutine

from livekit.agents import utils


async def until(event: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Does `work` until `event` is set. Whether it was finished; raises what it raises."""
    working = asyncio.create_task(work)
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
        return working.done()
    finally:
        await utils.aio.cancel_and_wait(working, waiting)
