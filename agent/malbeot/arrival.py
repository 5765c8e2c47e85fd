"""The companion is sent to a call's room when that is made: it is ready there, and greets who calls when they come."""

from collections.abc import Callable

from livekit import rtc


class Arrival:
    """Tells when the caller is in a call's room. Nobody watches the clock: a room into which nobody comes goes away."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._meet: Callable[[], None] | None = None

    def expect(self, meet: Callable[[], None]) -> None:
        """Calls `meet` once, when the caller is there: now, or later."""
        self._meet = meet
        self._room.on("participant_connected", self.look)
        self.look()

    def look(self, *_: object) -> None:
        """To be called, too, when the room was joined: who was there before is not told of."""
        agent = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        if self._meet and any(them.kind != agent for them in self._room.remote_participants.values()):
            meet = self._meet
            self.give_up()
            meet()

    def give_up(self) -> None:
        """The call is over, or has begun."""
        if self._meet:
            self._meet = None
            self._room.off("participant_connected", self.look)
