"""LiveKit keys of one machine."""

import stat
from pathlib import Path

import pytest

from malbeot.errors import MalbeotError
from malbeot.keys import ensure_keys, keys_file, read_keys


def test_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    keys = ensure_keys(state)
    assert ensure_keys(state) == keys == read_keys(state)
    assert stat.S_IMODE(keys_file(state).stat().st_mode) == 0o600
    assert len(keys[1]) >= 32, "LiveKit refuses shorter secrets"


def test_two_machines_have_different_keys(tmp_path: Path) -> None:
    assert ensure_keys(tmp_path / "a") != ensure_keys(tmp_path / "b")


@pytest.mark.parametrize("content", ["", "key", "key: short", "a: " + "b" * 40 + "\nc: " + "d" * 40])
def test_a_file_that_is_no_key_file(tmp_path: Path, content: str) -> None:
    keys_file(tmp_path).write_text(content)
    with pytest.raises(MalbeotError, match="holds no LiveKit key: delete it"):
        read_keys(tmp_path)


def test_no_place_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MalbeotError, match="set MALBEOT_STATE"):
        ensure_keys(tmp_path / "file")
