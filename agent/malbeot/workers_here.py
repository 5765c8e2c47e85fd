"""Which workers answer calls on this machine, by their own account.

LiveKit server tells nobody which workers it has. So each worker leaves a file in MALBEOT_STATE once LiveKit
has registered it: named like the port of its health check on loopback, it holds its process number.
"""

import asyncio
import contextlib
import json
import os
from pathlib import Path

import aiohttp
import psutil

from malbeot.call import AGENT_NAME
from malbeot.log import logger

_FOLDER = "workers"


def announce(state: Path, port: int) -> None:
    """Leaves the file of this process, whose health check listens on `port`, and removes those of dead ones."""
    folder = state / _FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file in _files(folder):
            if not _runs(file):
                file.unlink(missing_ok=True)
        (folder / str(port)).write_text(str(os.getpid()), encoding="ascii")
    except OSError as error:  # it answers calls all the same
        logger.warning("cannot write to %s: %s; /ready will not know this worker", folder, error.strerror)


async def calls_here(state: Path, http: aiohttp.ClientSession) -> list[int]:
    """How many calls each worker has that answers here; empty where none does."""
    files = await asyncio.to_thread(_files, state / _FOLDER)
    counts = await asyncio.gather(*(_calls(int(file.name), http) for file in files))
    return [count for count in counts if count is not None]


async def _calls(port: int, http: aiohttp.ClientSession) -> int | None:
    """None where no worker of ours is well at `port`."""
    here = f"http://127.0.0.1:{port}"
    with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError, TypeError, AttributeError):
        async with http.get(f"{here}/") as health, http.get(f"{here}/worker") as worker:
            about = json.loads(await worker.content.read(1 << 16))
            if health.status == 200 and about.get("agent_name") == AGENT_NAME:
                return int(about.get("active_jobs", 0))  # protobuf's JSON leaves out a zero
    return None


def _files(folder: Path) -> list[Path]:
    with contextlib.suppress(FileNotFoundError):
        return [file for file in folder.iterdir() if file.name.isascii() and file.name.isdecimal()]
    return []


def _runs(file: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return psutil.pid_exists(int(file.read_text(encoding="ascii")))
    return False
