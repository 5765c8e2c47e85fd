"""The companion waits in the room for who calls."""

from types import SimpleNamespace

import pytest
from livekit import rtc

from malbeot.arrival import Arrival


class ScriptedRoom(rtc.EventEmitter[str]):
    """Who is in it, as the test says. `rtc.Room` tells of who comes and that it is gone by the same events."""

    def __init__(self) -> None:
        super().__init__()
        self.remote_participants: dict[str, SimpleNamespace] = {}

    def comes(self, identity: str, kind: int = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD) -> None:
        self.remote_participants[identity] = SimpleNamespace(identity=identity, kind=kind)
        self.emit("participant_connected", self.remote_participants[identity])


@pytest.fixture
def room() -> ScriptedRoom:
    return ScriptedRoom()


@pytest.fixture
def met() -> list[str]:
    """One for each time that the companion was told."""
    return []


@pytest.fixture
def arrival(room: ScriptedRoom) -> Arrival:
    return Arrival(room)  # type: ignore[arg-type]


def test_it_waits_for_a_person_and_is_told_once(room: ScriptedRoom, arrival: Arrival, met: list[str]) -> None:
    arrival.expect(lambda: met.append("caller"))
    room.comes("another-agent", rtc.ParticipantKind.PARTICIPANT_KIND_AGENT)
    assert met == []
    room.comes("caller")
    room.comes("visitor")
    arrival.look()
    assert met == ["caller"]


def test_who_was_there_first_is_seen(room: ScriptedRoom, arrival: Arrival, met: list[str]) -> None:
    arrival.expect(lambda: met.append("caller"))
    room.remote_participants["caller"] = SimpleNamespace(kind=rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD)
    arrival.look()
    assert met == ["caller"]


def test_who_was_there_before_it_was_asked_is_seen(room: ScriptedRoom, arrival: Arrival, met: list[str]) -> None:
    room.comes("caller")
    arrival.look()
    arrival.expect(lambda: met.append("caller"))
    assert met == ["caller"]


def test_who_comes_after_the_end_is_not_met(room: ScriptedRoom, arrival: Arrival, met: list[str]) -> None:
    arrival.expect(lambda: met.append("caller"))
    arrival.give_up()
    arrival.give_up()
    room.comes("caller")
    assert met == []
