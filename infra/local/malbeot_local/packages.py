"""Fetches pinned packages from the Python package index with pip, without installing them."""

import os
import re
import sys
from pathlib import Path

from . import command, locks
from .errors import CommandError, DownloadError
from .progress import Report, Transfer

_PROGRESS = re.compile(r"^Progress (\d+) of (\d+)$")  # pip's --progress-bar raw
_MISMATCH = "DO NOT MATCH THE HASHES"
_UNREACHABLE = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "No matching distribution")


async def fetch(lock: str, names: frozenset[str], into: Path, *, what: str, report: Report) -> dict[str, Path]:
    """Downloads the wheels of `names` into the existing folder `into`, as the lock file `lock` pins them.

    Returns each package's wheel. Raises `DownloadError` where the index cannot be reached or holds
    something else than was pinned, `CommandError` for any other failure of pip.
    """
    requirements = into / "requirements.txt"
    requirements.write_text(locks.pinned(lock, names))
    scratch = into / "pip"
    scratch.mkdir()
    transfer = Transfer(what, report)

    def progress(line: str) -> bool:
        if match := _PROGRESS.match(line.strip()):
            transfer.update(int(match[1]), int(match[2]))
        return match is not None

    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    pip += ["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--retries=2", "--progress-bar=raw"]
    pip += ["--dest", str(into), "--requirement", str(requirements)]
    environment = {**os.environ, "TMPDIR": str(scratch), "PYTHONUNBUFFERED": "1"}
    try:
        await command.run(pip, what=what, report=report, environment=environment, on_line=progress)
    except CommandError as error:
        if _MISMATCH in error.output:
            raise DownloadError(f"{what}: the package index holds other files than were pinned: not used") from error
        if any(sign in error.output for sign in _UNREACHABLE):
            raise DownloadError(
                f"{what}: the package index cannot be reached; connect this machine once, "
                "or copy the cache folder from one that has been"
            ) from error
        raise
    return {name: _wheel(into, name) for name in names}


def _wheel(folder: Path, package: str) -> Path:
    return next(folder.glob(f"{package.replace('-', '_')}-*.whl"))
