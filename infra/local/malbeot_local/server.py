"""How a server program is had: found on PATH, else cached, else its pinned release, else built with Go."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .cache import Cache
from .errors import DownloadError, LocalError
from .progress import Report
from .release import Release, fetch

_VERSION = re.compile(r"\b(\d+)\.(\d+)\.(\d+)")
_VERSION_TIMEOUT_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server program: what it is called, which versions serve, and the ways to have it."""

    title: str
    program: str
    version: str
    """The version that is fetched or built where none is found."""
    minimum: tuple[int, int, int]
    """The oldest version on PATH that is used."""
    version_environment: Mapping[str, str]
    """What `--version` needs in its environment."""
    release: Release
    build: Callable[[Cache, Path, Report], Awaitable[None]]
    """Builds into a folder to create, whose parent is scratch."""

    def folder(self, cache: Cache) -> Path:
        return cache.bin / f"{self.program}-{self.version}"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A program that can be used."""

    path: Path
    version: str
    source: Literal["PATH", "cache"]


@dataclass(frozen=True, kw_only=True)
class Search:
    """What was found, and one line for each candidate that was passed over."""

    found: Found | None
    ignored: tuple[str, ...]


def search(server: Server, cache: Cache) -> Search:
    """Looks on PATH, then in the cache, and asks each candidate for its version. It blocks: up to 20 s a candidate."""
    ignored: list[str] = []
    on_path = shutil.which(server.program)
    candidates: list[tuple[Path, Literal["PATH", "cache"]]] = [(Path(on_path), "PATH")] if on_path else []
    if (cached := server.folder(cache) / server.program).exists():
        candidates.append((cached, "cache"))
    for path, source in candidates:
        try:
            version = _version(server, path)
        except LocalError as error:
            ignored.append(str(error))
            continue
        if version < server.minimum:
            oldest = ".".join(map(str, server.minimum))
            ignored.append(f"{path} is version {'.'.join(map(str, version))}, older than {oldest}: not used")
            continue
        found = Found(path=path, version=".".join(map(str, version)), source=source)
        return Search(found=found, ignored=tuple(ignored))
    return Search(found=None, ignored=tuple(ignored))


async def ensure(server: Server, cache: Cache, report: Report) -> Found:
    """Finds the program or has it fetched or built.

    Safe to run in several processes at once. Raises `LocalError` where no way works.
    """
    looked = await asyncio.to_thread(search, server, cache)
    for line in looked.ignored:
        report(line)
    if looked.found:
        return looked.found
    async with cache.lock(server.folder(cache), report):
        looked = await asyncio.to_thread(search, server, cache)
        if not looked.found:
            await _obtain(server, cache, report)
            looked = await asyncio.to_thread(search, server, cache)
    if not looked.found:
        raise LocalError(f"{server.title} was fetched but cannot be used: {'; '.join(looked.ignored)}")
    report(f"{server.title} {looked.found.version}: ready")
    return looked.found


async def _obtain(server: Server, cache: Cache, report: Report) -> None:
    folder = server.folder(cache)
    report(f"{server.title} {server.version}: not on this machine, fetching its release")
    try:
        with cache.store(folder) as fresh:
            await fetch(server.release, server.program, fresh, cache=cache, report=report)
            return
    except DownloadError as error:
        report(f"{server.title} {server.version}: no release: {error}")
    with cache.store(folder) as fresh:
        await server.build(cache, fresh, report)


def _version(server: Server, path: Path) -> tuple[int, int, int]:
    """The version that the program says it has. Raises `LocalError` where it does not run or says none."""
    try:
        answer = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(server.version_environment),
            timeout=_VERSION_TIMEOUT_S,
            check=False,
        )
    except OSError as error:
        raise LocalError(f"{path} does not run ({error.strerror}): not used") from error
    except subprocess.TimeoutExpired as error:
        raise LocalError(f"{path} did not tell its version within {_VERSION_TIMEOUT_S:g} s: not used") from error
    match = _VERSION.search(answer.stdout.decode(errors="replace"))
    if answer.returncode or not match:
        raise LocalError(f"{path} does not tell its version: not used")
    return int(match[1]), int(match[2]), int(match[3])
