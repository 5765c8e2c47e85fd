"""The cache outside the checkout: servers and models, fetched once and shared by every clone."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from .errors import LocalError, cannot_write
from .progress import Report, size

_LOCK_POLL_S = 0.2


def default_root(environment: Mapping[str, str]) -> Path:
    """`MALBEOT_CACHE`, else `malbeot` in `XDG_CACHE_HOME`, else `~/.cache/malbeot`."""
    if chosen := environment.get("MALBEOT_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "malbeot"


class Cache:
    """Names the places in the cache and writes to it atomically. Nothing is created until it is written."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def bin(self) -> Path:
        """One folder a program and version, such as `ollama-0.24.0`."""
        return self.root / "bin"

    @property
    def models(self) -> Path:
        """One folder a model, such as `whisper-base`."""
        return self.root / "models"

    @property
    def clips(self) -> Path:
        """Prepared clips, WAV."""
        return self.root / "clips"

    @property
    def ollama(self) -> Path:
        """The model store of an Ollama that Malbeot starts (`OLLAMA_MODELS`)."""
        return self.root / "ollama"

    @contextmanager
    def store(self, destination: Path) -> Iterator[Path]:
        """Fills `destination`, a file or a folder, all or not at all.

        Yields a path to create, in a new folder beside `destination`; anything else in that folder is
        scratch. On success it replaces `destination` by renaming; on failure nothing is left. Raises
        `LocalError` where the disk is full or may not be written.
        """
        temporary: Path | None = None
        try:
            destination.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=_prefix(destination), dir=destination.parent))
            fresh = temporary / destination.name
            yield fresh
            if destination.is_dir():
                destination.rename(temporary / "replaced")
            fresh.rename(destination)
        except (OSError, LocalError) as error:
            line = cannot_write(destination, error)
            if line is None:
                raise
            raise line from error
        finally:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)

    @asynccontextmanager
    async def lock(self, destination: Path, report: Report) -> AsyncIterator[None]:
        """Holds `destination` against other processes, waiting for them, and clears what a killed one left."""
        name = str(destination.relative_to(self.root)).replace(os.sep, "-")
        path = self.root / ".locks" / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise cannot_write(self.root, error) or error from error
        try:
            waiting = False
            while not _try_lock(descriptor):
                if not waiting:
                    report(f"waiting: another process is fetching {destination.name}")
                waiting = True
                await asyncio.sleep(_LOCK_POLL_S)
            for left in destination.parent.glob(f"{_prefix(destination)}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield
        finally:
            os.close(descriptor)

    def free(self) -> int:
        """Bytes that are free on the cache's disk."""
        existing = next(path for path in (self.root, *self.root.parents) if path.exists())
        return shutil.disk_usage(existing).free

    def need(self, count: int, what: str) -> None:
        """Raises `LocalError` where less than `count` bytes are free for `what`."""
        if (free := self.free()) < count:
            raise LocalError(
                f"{what} needs {size(count)} in {self.root}, {size(free)} are free: "
                "free some space or set MALBEOT_CACHE to another disk"
            )


def _prefix(destination: Path) -> str:
    return f".{destination.name}.tmp-"


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
