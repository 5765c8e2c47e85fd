"""`python -m malbeot_local`, as a person and as the Makefile run it."""

import subprocess
import sys
from pathlib import Path

import pytest

from malbeot_local import __main__, fetch
from malbeot_local.cache import Cache
from malbeot_local.errors import LocalError


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "malbeot_local", *arguments], capture_output=True, text=True)


@pytest.mark.parametrize("arguments", [[], ["fetch", "nonsense"], ["nonsense"]])
def test_wrong_usage_is_exit_2(arguments: list[str]) -> None:
    ended = run(*arguments)
    assert ended.returncode == 2
    assert "usage: python -m malbeot_local" in ended.stderr


def test_verify_tells_what_is_missing_and_what_to_run(tmp_path: Path) -> None:
    ended = run("verify", "--cache", str(tmp_path))
    assert ended.returncode == 1
    assert "model whisper-base: it is missing" in ended.stdout.splitlines()
    assert ended.stderr.count("\n") == 1
    assert "run `python -m malbeot_local fetch`" in ended.stderr


def test_a_cache_that_may_not_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = run("fetch", "models", "--cache", str(tmp_path / "file/cache"))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr


def test_ctrl_c_is_exit_130(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__, "fetch", interrupted)
    assert __main__.main(["fetch", "--cache", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "interrupted: nothing was left half-written\n"


async def test_each_part_is_fetched_where_it_is_asked_for(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def note(name: str):
        async def ensure(cache: Cache, report: object) -> None:
            done.append(name)

        return ensure

    for name in ("livekit", "ollama", "models"):
        monkeypatch.setattr(getattr(fetch, name), "ensure", note(name))
    await fetch.fetch("servers", cache, print)
    assert done == ["livekit", "ollama"]
    await fetch.fetch("models", cache, print)
    assert done == ["livekit", "ollama", "models"]
    await fetch.fetch("all", cache, print)
    assert done[3:] == ["livekit", "ollama", "models"]


def test_verify_raises_where_anything_is_missing(cache: Cache) -> None:
    with pytest.raises(LocalError, match="are missing or corrupt"):
        fetch.verify(cache, lambda line: None)
