"""When a replica that keeps failing is left alone, and for how long. Pure: the time is given."""

from dataclasses import dataclass
from enum import StrEnum

FAILURES_TO_OPEN = 3
"""Consecutive failures after which a replica is left alone."""
FIRST_PAUSE_S = 2.0
"""How long at first. Each further failure doubles it."""
LONGEST_PAUSE_S = 60.0


class State(StrEnum):
    CLOSED = "closed"
    """Asked as any other."""
    OPEN = "open"
    """Left alone."""
    HALF_OPEN = "half-open"
    """Its pause is over: the next request tells. There is one at a time, as a replica serves no more."""


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """One replica's circuit breaker. Times are seconds of the wall clock: processes share it."""

    failures: int = 0
    """In a row, until now."""
    failed_at_s: float = 0.0
    """When the last was; 0 for never."""
    open_until_s: float = 0.0

    def state(self, now_s: float) -> State:
        if self.failures < FAILURES_TO_OPEN:
            return State.CLOSED
        # An end further off than the longest pause comes of a clock that was set back: it does not hold.
        return State.OPEN if 0 < self.open_until_s - now_s <= LONGEST_PAUSE_S else State.HALF_OPEN

    def failed(self, now_s: float) -> "Breaker":
        failures = self.failures + 1
        pause_s = 0.0
        if failures >= FAILURES_TO_OPEN:
            doublings = min(failures - FAILURES_TO_OPEN, 16)
            pause_s = min(FIRST_PAUSE_S * 2**doublings, LONGEST_PAUSE_S)
        return Breaker(failures=failures, failed_at_s=now_s, open_until_s=now_s + pause_s)

    def succeeded(self) -> "Breaker":
        return Breaker()
