"""Which questions are answered next. Pure: no clock, no threads, no model.

Finals go before preflights before interims, and among equals who came first. A call has at most one
interim waiting, whose place any newer question of that call takes, and at most one preflight, whose
place a newer preflight takes: the newer covers what the older was about, and a sound with many short
pauses would fill the room otherwise. When the room is full a question of a higher rank takes the place
of the youngest interim; where there is none it is refused at once, so that nobody waits for what will
come too late.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..protocol import Kind

T = TypeVar("T")


@dataclass(frozen=True)
class Waiting(Generic[T]):
    """A question that waits."""

    number: int
    """In order of arrival."""
    call: str
    kind: Kind
    item: T


class Busy(Exception):
    """The room is full."""


class Scheduler(Generic[T]):
    """The waiting room. `on_replaced` hears of each item that lost its place."""

    def __init__(self, *, places: int, on_replaced: Callable[[T], None]) -> None:
        self._places = places
        self._on_replaced = on_replaced
        self._waiting: list[Waiting[T]] = []
        self._number = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, call: str, kind: Kind, item: T) -> None:
        """Lets a question wait. Raises `Busy`."""
        older = {Kind.INTERIM, kind} - {Kind.FINAL}
        replaced = [other for other in self._waiting if other.call == call and other.kind in older]
        if not replaced and len(self._waiting) >= self._places:
            interims = [other for other in self._waiting if other.kind is Kind.INTERIM]
            if kind is Kind.INTERIM or not interims:
                raise Busy
            replaced = [max(interims, key=lambda other: other.number)]
        self._number += 1
        number = self._number
        for other in replaced:
            self._waiting.remove(other)
            self._on_replaced(other.item)
            if (other.call, other.kind) == (call, kind):
                number = other.number  # the same place: who speaks fast must not wait for ever
        self._waiting.append(Waiting(number, call, kind, item))

    def discard(self, item: T) -> None:
        """Forgets a question whose asker is gone."""
        self._waiting = [other for other in self._waiting if other.item is not item]

    def take(self, most: int) -> list[T]:
        """Up to `most` questions of the highest rank that waits, oldest first."""
        if not self._waiting:
            return []
        first = min(self._waiting, key=lambda other: (other.kind, other.number))
        alike = sorted((other for other in self._waiting if other.kind is first.kind), key=lambda other: other.number)
        chosen = alike[:most]
        self._waiting = [other for other in self._waiting if other not in chosen]
        return [other.item for other in chosen]
