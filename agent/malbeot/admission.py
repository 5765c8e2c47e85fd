"""How many calls one worker answers, counted so that several which arrive in the same instant are not all answered."""

import time
from collections.abc import Callable, Collection

from livekit.agents import AgentServer, JobRequest

from malbeot.livekit_server import rooms_that_live
from malbeot.log import logger
from malbeot.settings import Settings

STARTS_WITHIN_S = 30.0
"""How long an accepted call may take until it runs. LiveKit gives it to a worker within 7.5 s, or to nobody."""
_FULL_LOAD = 0.69
"""What a worker says of itself that has all its places taken. LiveKit server gives calls to none that says 0.7 or more
(its `agents.target_load`), and tries a call once."""


class Admission:
    """One worker's. A call, known by its room, counts from when it is accepted, not only once it runs."""

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._accepted: dict[str, float] = {}

    @property
    def accepted(self) -> frozenset[str]:
        """What does not run yet."""
        return frozenset(self._accepted)

    def admit(self, call: str, *, running: Collection[str], over: Collection[str] = ()) -> bool:
        """Whether `call` may be accepted while those in `running` run; it counts from now on. Those `over` do not."""
        oldest = self._clock() - STARTS_WITHIN_S
        others = set(running) - set(over) - {call}
        self._accepted = {
            name: at
            for name, at in self._accepted.items()
            if at > oldest and name not in others and name not in over and name != call
        }
        if len(self._accepted) + len(others) >= self._limit:
            return False
        self._accepted[call] = self._clock()
        return True

    def settle(self, call: str) -> None:
        """`call` runs now, or never will."""
        self._accepted.pop(call, None)


async def admit(job: JobRequest, *, server: AgentServer, admission: Admission, settings: Settings) -> None:
    """Accepts a call, or leaves it to another worker.

    One that is over for its caller takes no place, though its process may last for seconds yet. LiveKit even sends for
    a companion to a room that is gone: its caller hung up at once, or two ended it at once, for which it is made anew.
    """
    room = job.room.name
    known = {room} | _running(server) | admission.accepted
    living = await rooms_that_live(settings, known)
    over = set() if living is None else known - living
    if room in over:
        logger.info("a call was over before it was answered", extra={"room": room})
        await job.reject()
    elif not admission.admit(room, running=_running(server), over=over):
        logger.warning("a call is refused: all places of this worker are taken", extra={"room": room})
        await job.reject(terminate=False)
    else:
        try:
            await job.accept()  # returns once it runs
        finally:
            admission.settle(room)


def share_of_places(server: AgentServer, *, max_calls: int) -> float:
    """What the worker says of its load."""
    # Never more: calls that are over may have processes for seconds yet, and the next one is for `admit` to judge.
    return _FULL_LOAD * min(1.0, len(_running(server)) / max_calls)


def _running(server: AgentServer) -> set[str]:
    return {running.job.room.name for running in server.active_jobs}
