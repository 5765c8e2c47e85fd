import subprocess
import sys
from pathlib import Path

from malbeot.turn_taking.courtesy import Courtesy


def test_nobody_waits_where_no_call_has_been(tmp_path: Path) -> None:
    assert not Courtesy(tmp_path / "waiting", "a").others_wait()


def test_a_call_that_waits_is_seen_by_others_and_not_by_itself(tmp_path: Path) -> None:
    one, other = Courtesy(tmp_path, "a"), Courtesy(tmp_path, "b")
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
    assert (tmp_path / "dead.waiting").exists()
    assert not Courtesy(tmp_path, "a").others_wait()
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_calls_do_not_give_way_and_nothing_breaks(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    courtesy = Courtesy(tmp_path / "file" / "waiting", "a")
    courtesy.wait()
    assert not courtesy.others_wait()
    courtesy.over()
