import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from malbeot.turn_taking import courtesy
from malbeot.turn_taking.courtesy import LOOK_EVERY_S, Courtesy


class Clock:
    """Goes on by so much each time that it is asked, that every look is a new one."""

    def __init__(self, step_s: float = LOOK_EVERY_S) -> None:
        self.now = 0.0
        self.step_s = step_s

    def __call__(self) -> float:
        self.now += self.step_s
        return self.now


def call(folder: Path, name: str) -> Courtesy:
    return Courtesy(folder, name, clock=Clock())


def test_nobody_waits_where_no_call_has_been(tmp_path: Path) -> None:
    assert not call(tmp_path / "waiting", "a").others_wait()


def test_a_call_that_waits_is_seen_by_others_and_not_by_itself(tmp_path: Path) -> None:
    one, other = call(tmp_path, "a"), call(tmp_path, "b")
    one.wait()
    one.wait()  # twice is once
    assert other.others_wait()
    assert not one.others_wait()
    one.over()
    assert not other.others_wait()
    assert list(tmp_path.iterdir()) == []


def test_a_call_that_died_does_not_wait_for_ever(tmp_path: Path) -> None:
    dying = (
        "import os, sys; from pathlib import Path; from malbeot.turn_taking.courtesy import Courtesy;"
        "call = Courtesy(Path(sys.argv[1]), 'dead'); call.wait(); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", dying, str(tmp_path)], check=False, timeout=60)
    assert [path.name.startswith("dead.") for path in tmp_path.glob("*.waiting")] == [True]
    assert not call(tmp_path, "a").others_wait()
    assert list(tmp_path.iterdir()) == []


def test_a_mark_is_never_seen_without_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another call looks at every moment at which the mark is made."""
    one, other = call(tmp_path, "a"), call(tmp_path, "b")
    seen: list[bool] = []
    lock = courtesy.fcntl.flock

    def looked_at_before_the_lock(descriptor: int, how: int) -> None:
        monkeypatch.undo()
        seen.append(other.others_wait())
        lock(descriptor, how)
        seen.append(other.others_wait())

    monkeypatch.setattr(courtesy.fcntl, "flock", looked_at_before_the_lock)
    one.wait()
    assert seen == [False, False]
    assert other.others_wait()


def test_who_clears_a_dead_mark_away_takes_nobody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same call waits anew while another one is about to clear its last mark away."""
    one, other, third = call(tmp_path, "a"), call(tmp_path, "b"), call(tmp_path, "c")
    one.wait()
    open_ = os.open

    def opened_at_the_wrong_moment(path: Path, how: int) -> int:
        monkeypatch.undo()
        found = open_(path, how)
        one.over()
        one.wait()
        return found

    monkeypatch.setattr(courtesy.os, "open", opened_at_the_wrong_moment)
    other.others_wait()
    assert third.others_wait()


def test_what_died_before_it_was_shown_is_cleared_away_in_time(tmp_path: Path) -> None:
    young, old = tmp_path / "a.1.new", tmp_path / "a.2.new"
    young.touch()
    old.touch()
    an_hour_ago = time.time() - 3600
    os.utime(old, (an_hour_ago, an_hour_ago))
    assert not call(tmp_path, "b").others_wait()
    assert list(tmp_path.iterdir()) == [young]


def test_the_folder_is_not_looked_at_with_every_question(tmp_path: Path) -> None:
    clock = Clock(step_s=0.0)
    one, other = Courtesy(tmp_path, "a"), Courtesy(tmp_path, "b", clock=clock)
    assert not other.others_wait()
    one.wait()
    clock.now = LOOK_EVERY_S - 0.01
    assert not other.others_wait()
    clock.now = LOOK_EVERY_S
    assert other.others_wait()


def wait_and_look(folder: Path, name: str, missed: "multiprocessing.Queue[int]") -> None:
    own, missing = call(folder, name), 0
    for _ in range(300):
        own.wait()
        assert own._mark
        missing += not own._mark[1].exists()
        own.others_wait()
        own.over()
    missed.put(missing)


def test_calls_that_look_at_each_other_all_the_time_lose_no_mark(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    missed = context.Queue()
    calls = [context.Process(target=wait_and_look, args=(tmp_path, name, missed)) for name in "abc"]
    for process in calls:
        process.start()
    assert [missed.get(timeout=60) for _ in calls] == [0, 0, 0]
    for process in calls:
        process.join(timeout=10)
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_calls_do_not_give_way_and_nothing_breaks(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    unlucky = call(tmp_path / "file" / "waiting", "a")
    unlucky.wait()
    assert not unlucky.others_wait()
    unlucky.over()
