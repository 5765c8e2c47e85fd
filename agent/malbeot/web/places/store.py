"""What keeps the places, for any number of web processes: held to the same tests whatever it is made of.

A place is a room and when it was taken. Beside the places a store keeps what was last seen at LiveKit: the rooms that
lived, and when that was answered. Times are in seconds on the store's own clock, the same for all its processes; one
that lies in the future is from before the clock was set, and counts as long ago.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

JOINS_WITHIN_S = 20.0
"""How long a place is held whose caller has not come."""


class Outcome(StrEnum):
    TAKEN = "taken"
    FULL = "full"
    STALE = "stale"
    """What was last seen at LiveKit is too old to decide by."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a question. `calls` counts rooms that live and places; for a stale verdict it is no answer."""

    outcome: Outcome
    now: float
    calls: int
    back_in_s: float
    """Seconds until the first place is given back whose caller may not have come: a room is there before its caller.
    `JOINS_WITHIN_S` where there is none."""


class Store(Protocol):
    """Every method raises `Unavailable`, and is one atomic step for all processes."""

    async def take(self, room: str, *, limit: int, fresh_s: float) -> Verdict:
        """Takes a place for `room`, which may hold one already, if there are less than `limit` calls.

        Decides only by what was seen at LiveKit at most `fresh_s` ago.
        """

    async def count(self, *, fresh_s: float) -> Verdict:
        """The same without taking one: the outcome is `FULL` or `STALE`."""

    async def note(self, live: Collection[str], *, began: float) -> None:
        """These rooms live, by a look at LiveKit that began at `began`; places are given back by it.

        Does nothing where a look was answered after this one began: this one may have seen less.
        """

    async def free(self, room: str) -> None:
        """Gives the place back, and forgets that the room was seen."""
