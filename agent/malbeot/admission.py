"""How many calls one worker answers, counted so that several which arrive in the same instant are not all answered."""

import time
from collections.abc import Callable, Collection

STARTS_WITHIN_S = 30.0
"""How long an accepted job may take until it runs. LiveKit gives it to a worker within 7.5 s, or to nobody."""


class Admission:
    """One worker's. A job counts from when it is accepted, not only once it runs."""

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._accepted: dict[str, float] = {}

    def admit(self, job: str, *, running: Collection[str]) -> bool:
        """Whether `job` may be accepted while those in `running` run; it counts from now on."""
        oldest = self._clock() - STARTS_WITHIN_S
        self._accepted = {
            name: at for name, at in self._accepted.items() if at > oldest and name not in running and name != job
        }
        if len(self._accepted) + len(set(running) - {job}) >= self._limit:
            return False
        self._accepted[job] = self._clock()
        return True

    def settle(self, job: str) -> None:
        """`job` runs now, or never will."""
        self._accepted.pop(job, None)
