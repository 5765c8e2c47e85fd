"""The three header libraries that Ollama's Go module lacks: nlohmann/json, stb and miniaudio.

Ollama keeps copies of them in `llama/llama.cpp/vendor`, a folder that Go leaves out of modules.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from . import command
from .cache import Cache
from .errors import CommandError, LocalError
from .progress import Report

PACKAGES = {"nlohmann-json3-dev": "nlohmann/json.hpp", "libstb-dev": "stb/stb_image.h"}
"""Debian's packages, and the header that each is needed for."""
MINIAUDIO = "github.com/gen2brain/malgo@v0.11.24"
"""The Go module that carries miniaudio.h."""
SYSTEM = Path("/usr/include")
_MINIAUDIO = "miniaudio/miniaudio.h"


async def include_folder(go: Path, environment: Mapping[str, str], cache: Cache, report: Report) -> Path:
    """A folder for `-I` with whichever of the headers the system lacks.

    Debian's packages are unpacked, not installed, which needs no rights. The folder stays in the cache:
    Go reuses what it compiled only while the flags stay the same. Raises `LocalError`.
    """
    folder = cache.root / "include"
    missing = [name for name, header in PACKAGES.items() if not _has(folder, header) and not _has(SYSTEM, header)]
    if _has(folder, _MINIAUDIO) and not missing:
        return folder
    async with cache.lock(folder, report):
        with cache.store(folder) as fresh:
            if folder.is_dir():
                shutil.copytree(folder, fresh)
            if missing:
                await _unpack_packages(missing, fresh.parent, report)
                shutil.copytree(fresh.parent / "debian/usr/include", fresh, dirs_exist_ok=True)
            miniaudio = await _miniaudio(go, environment, fresh.parent, report)
            (fresh / "miniaudio").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(miniaudio, fresh / _MINIAUDIO)
    return folder


def _has(folder: Path, header: str) -> bool:
    return (folder / header).is_file()


async def _miniaudio(go: Path, environment: Mapping[str, str], scratch: Path, report: Report) -> Path:
    described: list[str] = []

    def keep(line: str) -> bool:
        described.append(line)
        return False

    await command.run(
        [go, "mod", "download", "-json", MINIAUDIO],
        what="header miniaudio.h",
        report=report,
        environment=environment,
        folder=scratch,
        on_line=keep,
    )
    return Path(json.loads("\n".join(described))["Dir"]) / "miniaudio.h"


async def _unpack_packages(missing: list[str], scratch: Path, report: Report) -> None:
    """Unpacks Debian packages into `scratch`/debian, with apt's own keys but apt's state in `scratch`."""
    names = " ".join(missing)
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise LocalError(f"the headers {', '.join(PACKAGES[name] for name in missing)} are missing: install them")
    report(f"headers: fetching {names}")
    debs, lists = scratch / "debs", scratch / "apt/lists"
    for folder in (lists / "partial", scratch / "apt/archives/partial", debs):
        folder.mkdir(parents=True)
    try:
        if _apt_has_lists():
            try:
                await _apt(["download", *missing], scratch, [], report)
            except CommandError:  # the lists are old and name files that are gone
                await _download_afresh(missing, scratch, report)
        else:
            await _download_afresh(missing, scratch, report)
        for deb in debs.glob("*.deb"):
            await command.run(["dpkg-deb", "-x", deb, scratch / "debian"], what="headers", report=report)
    except CommandError as error:
        raise LocalError(f"{error}; run `apt-get install {names}` as root") from error


async def _download_afresh(missing: list[str], scratch: Path, report: Report) -> None:
    own_lists = ["-o", f"Dir::State::Lists={scratch}/apt/lists"]
    await _apt(["update"], scratch, own_lists, report)
    await _apt(["download", *missing], scratch, own_lists, report)


async def _apt(arguments: list[str], scratch: Path, options: list[str], report: Report) -> None:
    apt = ["apt-get", "-q", *options, "-o", f"Dir::Cache={scratch}/apt", "-o", "APT::Sandbox::User=root"]
    environment = {**os.environ, "LC_ALL": "C"}
    await command.run(
        [*apt, *arguments], what="headers", report=report, environment=environment, folder=scratch / "debs"
    )


def _apt_has_lists() -> bool:
    return any(Path("/var/lib/apt/lists").glob("*_Packages*"))
