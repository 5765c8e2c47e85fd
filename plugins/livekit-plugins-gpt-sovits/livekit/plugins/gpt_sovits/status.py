"""What is to be told of a replica: for people, not for choosing."""

import time
from dataclasses import dataclass

import aiohttp
from livekit.agents import APIError
from yarl import URL

from .breaker import State
from .errors import mapped_errors
from .lease import is_leased
from .replica import Replica
from .wire import CLOSE

_PROBE_S = 2.0
_UP = (400, 422, 500)
"""What `GET /tts` without parameters is answered by a voice server that is up. There is no health route."""


@dataclass(frozen=True, kw_only=True)
class ReplicaStatus:
    """What is known of one replica at this moment."""

    url: str
    """Without credentials."""
    alive: bool
    why_not: str
    """"" where it is alive."""
    gpt_weights: str
    """As last set by a process of this user here; "" is unknown, or what the server started with."""
    sovits_weights: str
    switched: bool
    """Whether weights were ever set: then it speaks no voice that names none."""
    warm: tuple[str, ...]
    """Languages spoken since."""
    breaker: State
    busy: bool


async def status(replica: Replica, session: aiohttp.ClientSession) -> ReplicaStatus:
    """Asks the server whether it is up, without its lock. In mode 0 a server that speaks does not answer."""
    record, busy = replica.look(), is_leased(replica.lock)
    why_not = await probe(replica, session)
    return ReplicaStatus(
        url=replica.name,
        alive=not why_not,
        why_not=why_not,
        gpt_weights=record.gpt_weights,
        sovits_weights=record.sovits_weights,
        switched=record.switched,
        warm=record.warm,
        breaker=record.breaker.state(time.time()),
        busy=busy,
    )


async def probe(replica: Replica, session: aiohttp.ClientSession) -> str:
    """Why it seems to be no voice server that is up; "" where it does. It may be asked while it speaks."""
    address = URL(replica.url) / "tts"
    shown = str(address.with_user(None))
    timeout = aiohttp.ClientTimeout(total=_PROBE_S)
    try:
        with mapped_errors(shown, timeout_s=_PROBE_S, speaking=lambda: False):
            async with session.get(address, headers=CLOSE, timeout=timeout, allow_redirects=False) as response:
                if response.status in _UP and response.content_type != "text/html":
                    return ""
                return f"{shown} answered {response.status} ({response.content_type}): is this GPT-SoVITS' api_v2?"
    except APIError as error:
        return error.message
