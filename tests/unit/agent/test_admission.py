"""A worker never accepts more calls than it may answer, whatever arrives when."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from malbeot.admission import STARTS_WITHIN_S, Admission


def test_two_at_once_and_one_place() -> None:
    admission = Admission(1)
    assert admission.admit("a", running=())
    assert not admission.admit("b", running=())
    assert admission.admit("a", running=()), "it is asked about again"


def test_a_job_that_runs_is_counted_once() -> None:
    admission = Admission(2)
    assert admission.admit("a", running=())
    assert admission.admit("b", running={"a"})
    assert not admission.admit("c", running={"a"})
    assert not admission.admit("c", running={"a", "b"})
    assert admission.admit("c", running={"b"})


def test_what_is_settled_leaves_its_place_to_what_runs() -> None:
    admission = Admission(1)
    assert admission.admit("a", running=())
    admission.settle("a")
    admission.settle("never")
    assert not admission.admit("b", running={"a"})
    assert admission.admit("b", running=())


def test_what_is_over_takes_no_place_whether_it_runs_or_not() -> None:
    admission = Admission(2)
    assert admission.admit("a", running=())
    assert not admission.admit("c", running={"b"})
    assert admission.admit("c", running={"b"}, over={"a"})
    assert admission.accepted == {"c"}
    assert admission.admit("d", running={"b"}, over={"b"})
    assert not admission.admit("e", running={"b"}, over={"b"})


@given(st.floats(0, 100))
def test_a_job_that_never_starts_is_forgotten(waited_s: float) -> None:
    now = [0.0]
    admission = Admission(1, clock=lambda: now[0])
    assert admission.admit("a", running=())
    now[0] = waited_s
    assert admission.admit("b", running=()) == (waited_s >= STARTS_WITHIN_S)


class Worker(RuleBasedStateMachine):
    """Jobs arrive, begin and end in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.admission = Admission(3)
        self.accepted: set[str] = set()
        self.running: set[str] = set()
        self.arrived = 0

    @rule()
    def arrives(self) -> None:
        self.arrived += 1
        job, free = str(self.arrived), len(self.accepted | self.running) < 3
        assert self.admission.admit(job, running=self.running) == free
        if free:
            self.accepted.add(job)

    @rule()
    def begins(self) -> None:
        if self.accepted:
            job = self.accepted.pop()
            self.running.add(job)
            self.admission.settle(job)

    @rule()
    def fails(self) -> None:
        if self.accepted:
            self.admission.settle(self.accepted.pop())

    @rule()
    def ends(self) -> None:
        if self.running:
            self.running.pop()

    @invariant()
    def holds(self) -> None:
        assert len(self.accepted | self.running) <= 3


TestWorker = Worker.TestCase
