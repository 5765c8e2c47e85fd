"""Fetches a pinned release and unpacks it."""

import asyncio
import platform
import shutil
import tarfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .cache import Cache
from .download import CONNECT_S, download
from .errors import DownloadError
from .progress import Report, size

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Go's names of what `platform.machine()` says."""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One file of a release. Sizes in bytes; SHA-256 as the release's own checksums file has it."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Release:
    """A version's files for Linux, by Go's name of the processor."""

    title: str
    url: str
    """Where the files lie, without a slash at the end."""
    assets: Mapping[str, Asset]
    unpacked: float
    """How many times larger the release is when it is unpacked."""
    wanted: Callable[[str], bool] = lambda name: True
    """Whether a member of the archive is unpacked."""


async def fetch(
    release: Release, program: str, into: Path, *, cache: Cache, report: Report, connect_s: float = CONNECT_S
) -> None:
    """Downloads the release for this machine, checks it and unpacks it into the new folder `into`.

    `into`'s parent is scratch. The program is then at `into`/`program`, a link where the release has a
    `bin` folder. Raises `DownloadError` where there is no such release or it cannot be had.
    """
    asset = release.assets.get(ARCHITECTURES.get(platform.machine(), ""))
    if asset is None or platform.system() != "Linux":
        raise DownloadError(f"there is none for {platform.system()} on {platform.machine()}")
    needed, free = int(asset.size * (1 + release.unpacked)), cache.free()
    if free < needed:
        raise DownloadError(f"it needs {size(needed)} in {cache.root}, {size(free)} are free")
    archive = into.parent / asset.name
    url = f"{release.url}/{asset.name}"
    what = f"{release.title}: downloading"
    await download(url, archive, sha256=asset.sha256, what=what, report=report, connect_s=connect_s)
    await asyncio.to_thread(unpack, archive, into, release.wanted)
    if not (into / program).exists():
        (into / program).symlink_to(Path("bin") / program)
    if not (into / program).is_file():
        raise DownloadError(f"{asset.name} holds no {program}")


def unpack(archive: Path, into: Path, wanted: Callable[[str], bool]) -> None:
    """Unpacks a .tar.gz or .tar.zst, whose content is trusted by its SHA-256, into the new folder `into`."""
    into.mkdir()
    with archive.open("rb") as packed, ExitStack() as stack:
        stream: IO[bytes] = packed
        if archive.suffix == ".zst":
            import zstandard  # needed for this alone

            stream = stack.enter_context(zstandard.ZstdDecompressor().stream_reader(packed))
        members = stack.enter_context(tarfile.open(fileobj=stream, mode="r|*"))
        _extract(members, into, wanted)


def _extract(archive: tarfile.TarFile, into: Path, wanted: Callable[[str], bool]) -> None:
    for member in archive:
        name = member.name.removeprefix("./")
        target = into / name
        if not wanted(name) or not target.resolve().is_relative_to(into.resolve()):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if member.isdir():
            target.mkdir(exist_ok=True)
        elif member.issym():
            target.symlink_to(member.linkname)
        elif member.islnk():
            target.hardlink_to(into / member.linkname.removeprefix("./"))
        elif (content := archive.extractfile(member)) is not None:
            with target.open("wb") as file:
                shutil.copyfileobj(content, file, 1 << 20)
            target.chmod(0o755 if member.mode & 0o111 else 0o644)
