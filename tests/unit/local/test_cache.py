"""The cache is written all or not at all, by one process at a time."""

import asyncio
import errno
import os
import subprocess
from pathlib import Path

import pytest
from unit.local.tiny import leftovers, names

from malbeot_local.cache import Cache, default_root
from malbeot_local.errors import LocalError


def test_a_file_is_stored(cache: Cache) -> None:
    with cache.store(cache.clips / "sorry.wav") as fresh:
        fresh.write_bytes(b"RIFF")
        assert not (cache.clips / "sorry.wav").exists()
    assert (cache.clips / "sorry.wav").read_bytes() == b"RIFF"
    assert names(cache.clips) == ["sorry.wav"]


def test_a_folder_is_replaced(cache: Cache) -> None:
    folder = cache.models / "tiny"
    folder.mkdir(parents=True)
    (folder / "old").touch()
    with cache.store(folder) as fresh:
        fresh.mkdir()
        (fresh / "new").touch()
        (fresh.parent / "scratch").touch()
    assert names(folder) == ["new"]
    assert names(cache.models) == ["tiny"]


def test_a_failure_leaves_what_was_there(cache: Cache) -> None:
    folder = cache.models / "tiny"
    folder.mkdir(parents=True)
    (folder / "old").touch()

    def fail() -> None:
        with cache.store(folder) as fresh:
            fresh.mkdir()
            raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        fail()
    assert names(folder) == ["old"]
    assert names(cache.models) == ["tiny"]


@pytest.mark.parametrize(("number", "told"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "Read-only file system")])
def test_a_disk_that_refuses_is_one_line_that_says_what_to_do(cache: Cache, number: int, told: str) -> None:
    def fail() -> None:
        with cache.store(cache.clips / "sorry.wav"):
            raise OSError(number, os.strerror(number))

    with pytest.raises(LocalError, match=told) as caught:
        fail()
    assert "MALBEOT_CACHE" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_connection_error_is_not_taken_for_a_disk_error(cache: Cache) -> None:
    def fail() -> None:
        with cache.store(cache.clips / "sorry.wav"):
            raise ConnectionResetError(errno.ECONNRESET, "reset")

    with pytest.raises(ConnectionResetError):
        fail()


async def test_the_second_waits_for_the_first_and_says_so(cache: Cache, reports: list[str]) -> None:
    order: list[str] = []
    held = asyncio.Event()

    async def hold(name: str) -> None:
        async with cache.lock(cache.models / "tiny", reports.append):
            order.append(f"{name} in")
            held.set()
            await asyncio.sleep(0.3)
            order.append(f"{name} out")

    first = asyncio.create_task(hold("first"))
    await held.wait()
    await asyncio.gather(first, hold("second"))
    assert order == ["first in", "first out", "second in", "second out"]
    assert reports == ["waiting: another process is fetching tiny"]


async def test_the_lock_clears_what_a_killed_process_left(cache: Cache, reports: list[str]) -> None:
    left = cache.models / ".tiny.tmp-abcd"
    other = cache.models / ".other.tmp-abcd"
    for folder in (left, other):
        folder.mkdir(parents=True)
        (folder / "half").touch()
    async with cache.lock(cache.models / "tiny", reports.append):
        pass
    assert leftovers(cache) == [other / "half"]


def test_need_tells_how_much_is_missing(cache: Cache) -> None:
    with pytest.raises(LocalError, match=r"model x needs 1000000000\.0 GB"):
        cache.need(10**18, "model x")
    cache.need(1, "model x")


def test_the_default_root_follows_the_environment() -> None:
    assert default_root({"MALBEOT_CACHE": "/a"}) == Path("/a")
    assert default_root({"XDG_CACHE_HOME": "/b"}) == Path("/b/malbeot")
    assert default_root({}) == Path.home() / ".cache/malbeot"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk(tmp_path: Path) -> None:
    mounted = tmp_path / "small"
    mounted.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", mounted], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        cache = Cache(mounted / "cache")

        def fill() -> None:
            with cache.store(cache.models / "tiny") as fresh:
                fresh.mkdir()
                (fresh / "model.bin").write_bytes(bytes(1 << 20))

        with pytest.raises(LocalError, match="disk is full"):
            fill()
        assert leftovers(cache) == []
    finally:
        subprocess.run(["umount", mounted], check=True)
