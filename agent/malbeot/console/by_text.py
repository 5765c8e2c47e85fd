"""Typed conversation: a line in, the companion's lines out. Works at a terminal and through pipes."""

import asyncio
import sys
import threading

from malbeot import console
from malbeot.call import CallRequest
from malbeot.console.conversation import conversation
from malbeot.persona import Persona
from malbeot.providers import Loaded
from malbeot.settings import Settings


async def talk(settings: Settings, persona: Persona, request: CallRequest, loaded: Loaded) -> None:
    """Until end of input (Ctrl-D)."""
    async with conversation(settings, persona, request, loaded) as session:
        console.say("type, and press Enter; Ctrl-D ends it")
        lines: asyncio.Queue[str] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        # A daemon thread: a blocked read cannot be cancelled, and must not keep the process.
        reader = threading.Thread(target=_read, args=(loop, lines), daemon=True)
        reader.start()
        while line := await lines.get():
            if line.strip():
                await session.run(user_input=line.strip())


def _read(loop: asyncio.AbstractEventLoop, lines: "asyncio.Queue[str]") -> None:
    while True:
        line = sys.stdin.readline()
        loop.call_soon_threadsafe(lines.put_nowait, line)
        if not line:
            return
