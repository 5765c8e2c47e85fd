"""Whether a call would work: what it depends on, asked all at once."""

import asyncio
import time

import aiohttp

from malbeot.errors import without_passwords
from malbeot.settings import Settings
from malbeot.web.places import Places
from malbeot.web.readiness.dependency import Dependency, Probe, State
from malbeot.web.readiness.probes import probes_of

__all__ = ["Dependency", "Readiness", "State"]

_WITHIN_S = 2.0
_KEEP_S = 1.0
"""However often it is asked, servers are asked once in that time."""


class Readiness:
    """What one web process depends on."""

    def __init__(self, settings: Settings, http: aiohttp.ClientSession, places: Places) -> None:
        self._probes = probes_of(settings, http, places)
        self._lock = asyncio.Lock()
        self._known: list[Dependency] = []
        self._known_at = -_KEEP_S

    async def look(self) -> list[Dependency]:
        """The state of each dependency, not older than a second. Takes 2 s at most."""
        async with self._lock:
            if time.monotonic() - self._known_at >= _KEEP_S:
                self._known = await asyncio.gather(*(_ask(name, probe) for name, probe in self._probes.items()))
                self._known_at = time.monotonic()
            return self._known


async def _ask(name: str, probe: Probe) -> Dependency:
    try:
        async with asyncio.timeout(_WITHIN_S):
            state, why = await probe()
    except TimeoutError:
        state, why = "down", f"no answer within {_WITHIN_S:g} s"
    return Dependency(name=name, state=state, why=without_passwords(" ".join(why.split())))
