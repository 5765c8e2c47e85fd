"""How many calls one invitation has at once, of those that this process began."""

import time
from collections import OrderedDict

from malbeot.web.places.errors import TooMany
from malbeot.web.places.live_rooms import LiveRooms
from malbeot.web.places.store import JOINS_WITHIN_S

AT_ONCE = 3
"""One that goes on, and two that are given up for lost."""
INVITATIONS = 1000
"""Remembered. With one more, the one that has called least lately is forgotten."""


class InvitedCalls:
    """Their rooms, by invitation. LiveKit is asked for those that are over only where there seem to be too many."""

    def __init__(self, rooms: LiveRooms) -> None:
        self._rooms = rooms
        self._begun: OrderedDict[str, dict[str, float]] = OrderedDict()

    async def add(self, invitation: str, room: str) -> None:
        """Counts a call that is about to begin. Raises `TooMany` and `Unavailable`."""
        if len(self._begun.get(invitation, ())) >= AT_ONCE:
            live = await self._rooms.look()
            joined_by = time.monotonic() - JOINS_WITHIN_S
            begun = self._begun.get(invitation, {})
            for over in [room for room, at in begun.items() if at < joined_by and room not in live]:
                del begun[over]
            if len(begun) >= AT_ONCE:
                raise TooMany(AT_ONCE, JOINS_WITHIN_S)
        self._begun.setdefault(invitation, {})[room] = time.monotonic()
        self._begun.move_to_end(invitation)
        if len(self._begun) > INVITATIONS:
            self._begun.popitem(last=False)

    def forget(self, room: str) -> None:
        """The call is over."""
        for begun in self._begun.values():
            if begun.pop(room, None) is not None:
                return
