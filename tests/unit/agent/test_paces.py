"""How a caller pauses is known again in the next call, and nothing of it can break one."""

import json
import os
import threading
from pathlib import Path

import pytest

from livekit.plugins.turns import Pace
from malbeot.turn_taking import paces

SLOW = Pace().learnt(1.6).learnt(1.9)


def files(state: Path) -> list[Path]:
    return sorted((state / "paces").iterdir())


def test_a_caller_is_known_again(tmp_path: Path) -> None:
    paces.keep(tmp_path, "말순", SLOW)
    paces.keep(tmp_path, "Rose", Pace().learnt(0.3))
    assert paces.load(tmp_path, "말순") == SLOW
    assert paces.load(tmp_path, "Rose") == Pace().learnt(0.3)
    assert paces.load(tmp_path, "Somebody else") == Pace()


def test_the_files_do_not_say_who_called(tmp_path: Path) -> None:
    paces.keep(tmp_path, "Rose/../../etc", SLOW)
    (file,) = files(tmp_path)
    assert len(file.stem) == 64
    assert set(json.loads(file.read_text())) == {"median_s", "spread", "weight"}
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_somebody_without_a_name_is_not_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    paces.keep(tmp_path, "", SLOW)
    assert not list(tmp_path.iterdir())
    assert paces.load(tmp_path, "") == Pace()
    assert not caplog.messages


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b"[" * 100_000, b'{"median_s": 1e9, "spread": 1, "weight": 1}', b" " * 9999],
)
def test_a_broken_file_is_one_line_and_the_usual_pace(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    paces.keep(tmp_path, "Rose", SLOW)
    files(tmp_path)[0].write_bytes(content)
    assert paces.load(tmp_path, "Rose") == Pace()
    assert len(caplog.messages) == 1
    assert "Rose" not in caplog.text
    paces.keep(tmp_path, "Rose", SLOW)
    assert paces.load(tmp_path, "Rose") == SLOW


def test_a_folder_that_cannot_be_used_is_one_line_each(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "paces").write_text("a file")
    paces.keep(tmp_path, "Rose", SLOW)
    assert paces.load(tmp_path, "Rose") == Pace()
    assert len(caplog.messages) == 2
    assert "Rose" not in caplog.text


def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    paces.keep(tmp_path, "Rose", SLOW)
    (file,) = files(tmp_path)
    file.unlink()
    file.mkdir()
    paces.keep(tmp_path, "Rose", SLOW)
    assert paces.load(tmp_path, "Rose") == Pace()
    assert files(tmp_path) == [file]
    assert len(caplog.messages) == 2


def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paces, "_MOST_FILES", 3)
    for age, name in enumerate("abcde"):
        paces.keep(tmp_path, name, SLOW)
        for file in files(tmp_path):
            os.utime(file, (file.stat().st_mtime - 60, file.stat().st_mtime - 60))
        assert len(files(tmp_path)) == min(age + 1, 3)
    assert [paces.load(tmp_path, name) == SLOW for name in "abcde"] == [False, False, True, True, True]


def test_calls_may_end_at_the_same_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    threads = [threading.Thread(target=paces.keep, args=(tmp_path, "Rose", SLOW)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paces.load(tmp_path, "Rose") == SLOW
    assert len(files(tmp_path)) == 1
    assert not caplog.messages
