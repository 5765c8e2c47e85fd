"""Where a server comes from: PATH, the cache, its release, and only then Go."""

import hashlib
import io
import platform
import tarfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from aiohttp import web
from unit.local.tiny import leftovers, write_program

from malbeot_local import livekit, ollama, server
from malbeot_local.cache import Cache
from malbeot_local.errors import LocalError
from malbeot_local.progress import Report
from malbeot_local.release import ARCHITECTURES, Asset
from malbeot_local.server import Server

PROGRAM = b"#!/bin/sh\necho fake ollama version is 0.24.0\n"
Build = Callable[[Cache, Path, Report], Awaitable[None]]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH but the system's own."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


async def build_refuses(cache: Cache, into: Path, report: Report) -> None:
    raise LocalError("there is no Go")


async def build_works(cache: Cache, into: Path, report: Report) -> None:
    report("building")
    write_program(into / "ollama", "built 0.24.0")


def archive(members: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A tar file of executable files, and of links by name and target."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return packed.getvalue()


def with_release(url: str, content: bytes, *, name: str = "o.tar.zst", build: Build = build_refuses) -> Server:
    """Ollama, with `content` as its pinned release at `url` for this machine."""
    asset = Asset(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    release = replace(ollama.RELEASE, url=url, assets={ARCHITECTURES[platform.machine()]: asset})
    return replace(ollama.SERVER, release=release, build=build)


def test_path_comes_first(cache: Cache, path: Path) -> None:
    program = write_program(path / "livekit-server", "livekit-server version 1.99.0")
    write_program(cache.bin / "livekit-server-1.13.5/livekit-server", "livekit-server version 1.13.5")
    found = livekit.search(cache).found
    assert found == server.Found(path=program, version="1.99.0", source="PATH")
    assert livekit.find(cache) == program


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ("livekit-server version 1.5.3", 0, "is version 1.5.3, older than 1.8.3: not used"),
        ("what?", 0, "does not tell its version: not used"),
        ("livekit-server version 1.99.0", 1, "does not tell its version: not used"),
    ],
)
def test_one_on_path_that_does_not_serve_is_passed_over(
    cache: Cache, path: Path, answer: str, status: int, reason: str
) -> None:
    bad = write_program(path / "livekit-server", answer, status=status)
    cached = write_program(cache.bin / "livekit-server-1.13.5/livekit-server", "livekit-server version 1.13.5")
    searched = livekit.search(cache)
    assert searched.ignored == (f"{bad} {reason}",)
    assert searched.found == server.Found(path=cached, version="1.13.5", source="cache")


def test_a_broken_program_in_the_cache_is_not_used(cache: Cache, path: Path) -> None:
    cached = write_program(cache.bin / "ollama-0.24.0/ollama", "")
    cached.write_bytes(b"\x7fELF truncated")
    searched = ollama.search(cache)
    assert searched.found is None
    assert searched.ignored == (f"{cached} does not run (Exec format error): not used",)


def test_nothing_anywhere(cache: Cache, path: Path) -> None:
    assert livekit.search(cache) == server.Search(found=None, ignored=())
    assert ollama.find(cache) is None


async def test_what_is_found_is_neither_fetched_nor_built(cache: Cache, path: Path, reports: list[str]) -> None:
    program = write_program(path / "ollama", "ollama version is 0.30.1")
    got = await server.ensure(with_release("http://127.0.0.1:1", b""), cache, reports.append)
    assert got.path == program
    assert reports == []


async def test_the_release_is_unpacked_with_its_libraries(serve, cache: Cache, path: Path, reports: list[str]) -> None:
    members = {"bin/ollama": PROGRAM, "lib/ollama/libggml-base.so.0": b"code", "lib/ollama/cuda_v12/x.so": b"GPU"}
    content = zstandard.compress(archive(members, {"lib/ollama/libggml-base.so": "libggml-base.so.0"}))

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=content)

    async with serve(handler) as url:
        release = with_release(url, content)
        wanted = replace(release.release, wanted=lambda name: "cuda" not in name)
        got = await server.ensure(replace(release, release=wanted), cache, reports.append)
    folder = cache.bin / "ollama-0.24.0"
    assert got == server.Found(path=folder / "ollama", version="0.24.0", source="cache")
    assert got.path.resolve() == folder / "bin/ollama"  # Ollama looks for ../lib/ollama from there
    assert (folder / "lib/ollama/libggml-base.so").read_bytes() == b"code"
    assert not (folder / "lib/ollama/cuda_v12").exists()
    assert reports[-1] == "Ollama 0.24.0: ready"


async def test_a_gzipped_release_with_the_program_at_its_top(
    serve, cache: Cache, path: Path, reports: list[str]
) -> None:
    import gzip

    content = gzip.compress(archive({"./ollama": PROGRAM, "./LICENSE": b"MIT"}))

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=content)

    async with serve(handler) as url:
        got = await server.ensure(with_release(url, content, name="o.tar.gz"), cache, reports.append)
    assert not got.path.is_symlink()
    assert got.path.read_bytes() == PROGRAM


async def test_a_release_that_is_not_the_pinned_one_is_built_instead(
    serve, cache: Cache, path: Path, reports: list[str]
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=b"tampered with")

    async with serve(handler) as url:
        wanted = with_release(url, b"the pinned one", build=build_works)
        got = await server.ensure(wanted, cache, reports.append)
    assert got.version == "0.24.0"
    assert any("not the pinned" in line for line in reports)
    assert reports[-2:] == ["building", "Ollama 0.24.0: ready"]


async def test_no_way_left(cache: Cache, path: Path, reports: list[str]) -> None:
    with pytest.raises(LocalError, match="there is no Go"):
        await server.ensure(with_release("http://127.0.0.1:1", b"x"), cache, reports.append)
    assert leftovers(cache) == []


async def test_a_release_for_another_machine(
    cache: Cache, path: Path, reports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    wanted = replace(ollama.SERVER, build=build_works)
    await server.ensure(wanted, cache, reports.append)
    assert "Ollama 0.24.0: no release: there is none for Linux on riscv64" in reports


async def test_what_was_built_must_run(cache: Cache, path: Path, reports: list[str]) -> None:
    async def build(cache: Cache, into: Path, report: Report) -> None:
        write_program(into / "ollama", "nothing")

    with pytest.raises(LocalError, match=r"was fetched but cannot be used: .* does not tell its version"):
        await server.ensure(with_release("http://127.0.0.1:1", b"x", build=build), cache, reports.append)


def test_the_environment_keeps_ollama_on_this_machine(tmp_path: Path) -> None:
    added = ollama.environment(tmp_path, "127.0.0.1:4321")
    assert added["OLLAMA_NO_CLOUD"] == "1"
    assert added["OLLAMA_HOST"] == "127.0.0.1:4321"
    assert added["OLLAMA_MODELS"] == str(tmp_path)
    assert added["OLLAMA_DEBUG_LOG_REQUESTS"] == "0"


def test_releases_are_pinned_for_both_processors() -> None:
    for release in (livekit.RELEASE, ollama.RELEASE):
        assert release.url.startswith("https://github.com/")
        assert set(release.assets) == {"amd64", "arm64"}
        assert all(len(asset.sha256) == 64 for asset in release.assets.values())
