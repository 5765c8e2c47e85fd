"""Who is answered next, who gives way, and that nobody is forgotten."""

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from livekit.plugins.whisper.engine.scheduler import Busy, Scheduler
from livekit.plugins.whisper.protocol import Kind

PLACES = 5


@dataclass(eq=False)
class Item:
    """A question, and what became of it."""

    call: str
    kind: Kind
    place: int
    """In the queue of its kind: who took over a place stands where the other stood."""
    fate: str = "waiting"


class Room(RuleBasedStateMachine):
    """The waiting room beside a plain list of what was ever added."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Item] = []
        self.scheduler: Scheduler[Item] = Scheduler(places=PLACES, on_replaced=self.replaced)
        self.told: list[Item] = []

    def replaced(self, item: Item) -> None:
        assert item.fate == "waiting"
        item.fate = "replaced"
        self.told.append(item)

    def waiting(self, *kinds: Kind) -> list[Item]:
        """By rank, then by place."""
        chosen = [item for item in self.items if item.fate == "waiting" and item.kind in (kinds or tuple(Kind))]
        return sorted(chosen, key=lambda item: (item.kind, item.place))

    @rule(call=st.sampled_from("abc"), kind=st.sampled_from(Kind))
    def add(self, call: str, kind: Kind) -> None:
        before, self.told = self.waiting(), []
        interims = self.waiting(Kind.INTERIM)
        mine = [
            item
            for item in self.waiting()
            if item.call == call and (item.kind is Kind.INTERIM or item.kind is kind is Kind.PREFLIGHT)
        ]
        same = [item for item in mine if item.kind is kind]
        item = Item(call, kind, place=same[0].place if same else len(self.items))
        full = len(before) == PLACES and not mine
        try:
            self.scheduler.add(call, kind, item)
        except Busy:
            assert full
            assert kind is Kind.INTERIM or not interims
            assert not self.told
            assert self.waiting() == before
            return
        self.items.append(item)
        # Who gives way: what the same call has asked before, else, in a full room, the youngest interim.
        assert sorted(self.told, key=id) == sorted(mine or (interims[-1:] if full else []), key=id)
        assert bool(self.told) or not full

    @rule(most=st.integers(1, PLACES + 1))
    def take(self, most: int) -> None:
        before = self.waiting()
        taken = self.scheduler.take(most)
        alike = [item for item in before if item.kind is before[0].kind]
        assert taken == alike[:most]
        for item in taken:
            item.fate = "taken"

    @precondition(lambda self: self.waiting())
    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        item = data.draw(st.sampled_from(self.waiting()))
        self.scheduler.discard(item)
        item.fate = "discarded"

    @precondition(lambda self: len(self.items) > len(self.waiting()))
    @rule(data=st.data())
    def discard_one_that_is_gone(self, data: st.DataObject) -> None:
        self.scheduler.discard(data.draw(st.sampled_from([item for item in self.items if item.fate != "waiting"])))

    @invariant()
    def nobody_is_lost_and_the_room_is_never_too_full(self) -> None:
        assert len(self.scheduler) == len(self.waiting()) <= PLACES
        for kind in (Kind.INTERIM, Kind.PREFLIGHT):
            calls = [item.call for item in self.waiting(kind)]
            assert len(calls) == len(set(calls))

    def teardown(self) -> None:
        """Whoever still waits is answered in the end, each once."""
        left, taken = self.waiting(), list[Item]()
        while len(self.scheduler):
            taken += self.scheduler.take(2)
        assert taken == left


def test_any_order_of_what_may_happen() -> None:
    run_state_machine_as_test(Room, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))


@pytest.fixture
def room() -> Scheduler[str]:
    return Scheduler(places=3, on_replaced=lambda _: None)


def test_rank_comes_before_arrival_and_one_kind_is_taken_at_a_time(room: Scheduler[str]) -> None:
    room.add("a", Kind.INTERIM, "interim")
    room.add("b", Kind.PREFLIGHT, "preflight")
    room.add("c", Kind.FINAL, "final")
    assert [room.take(3) for _ in range(4)] == [["final"], ["preflight"], ["interim"], []]


def test_who_speaks_fast_keeps_the_place(room: Scheduler[str]) -> None:
    room.add("fast", Kind.INTERIM, "first")
    room.add("slow", Kind.INTERIM, "other")
    room.add("fast", Kind.INTERIM, "second")
    assert room.take(3) == ["second", "other"]


def test_a_newer_interim_takes_its_own_place_in_a_full_room(room: Scheduler[str]) -> None:
    for call in "abc":
        room.add(call, Kind.INTERIM, f"{call}1")
    room.add("b", Kind.INTERIM, "b2")
    with pytest.raises(Busy):
        room.add("d", Kind.INTERIM, "d1")
    assert room.take(3) == ["a1", "b2", "c1"]


@pytest.mark.parametrize("kind", [Kind.PREFLIGHT, Kind.FINAL])
def test_nothing_is_decoded_for_an_interim_whose_call_has_asked_for_more(room: Scheduler[str], kind: Kind) -> None:
    room.add("a", Kind.INTERIM, "interim")
    room.add("b", Kind.INTERIM, "of another")
    room.add("a", kind, "newer")
    assert [room.take(3) for _ in range(3)] == [["newer"], ["of another"], []]


def test_a_sound_with_many_pauses_has_one_preflight_waiting(room: Scheduler[str]) -> None:
    room.add("a", Kind.PREFLIGHT, "first")
    room.add("b", Kind.PREFLIGHT, "of another")
    for number in range(9):
        room.add("a", Kind.PREFLIGHT, str(number))
    assert room.take(3) == ["8", "of another"]


def test_two_finals_of_a_call_are_both_answered(room: Scheduler[str]) -> None:
    room.add("a", Kind.FINAL, "first")
    room.add("a", Kind.FINAL, "second")
    assert room.take(1) == ["first"]
    assert room.take(1) == ["second"]


def test_finals_do_not_give_way_to_finals(room: Scheduler[str]) -> None:
    for number, kind in enumerate((Kind.FINAL, Kind.PREFLIGHT, Kind.FINAL)):
        room.add("a", kind, str(number))
    with pytest.raises(Busy):
        room.add("b", Kind.FINAL, "late")
