"""The engine's process: what it says of itself, its CPU time and its memory."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import psutil
from livekit.plugins import whisper

MB = 10**6


@dataclass(frozen=True)
class Engine:
    """The process that recognises for all calls, and processes it has begun."""

    pid: int
    cpu_threads: int
    """Threads of one decoding."""
    workers: int
    compute_type: str

    def cpu_s(self) -> float:
        """CPU time so far, user and system, of all its threads."""
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def memory_mb(self) -> dict[str, float]:
        """Resident, proportional and unique set size now, in MB (10^6 bytes)."""
        return memory_mb(self._processes())

    def peak_mb(self) -> float:
        """The largest resident set size of its life, in MB (10^6 bytes)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        (kib,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(kib) * 1024 / MB

    def _processes(self) -> list[psutil.Process]:
        process = psutil.Process(self.pid)
        return [process, *process.children(recursive=True)]


@contextmanager
def apart_from_others() -> Iterator[None]:
    """An engine that is started inside is nobody else's. It ends by itself a little after this process."""
    with tempfile.TemporaryDirectory(prefix="malbeot-bench-") as folder, patch.dict(os.environ, XDG_RUNTIME_DIR=folder):
        yield


async def find(ears: whisper.STT) -> Engine:
    """The running engine of `ears`; it is started where there is none."""
    status = await ears.engine_status()
    return Engine(**{name: status[name] for name in ("pid", "cpu_threads", "workers", "compute_type")})


def memory_mb(processes: list[psutil.Process]) -> dict[str, float]:
    """Sums of resident, proportional and unique set sizes, in MB (10^6 bytes)."""
    known = [process.memory_full_info() for process in processes]
    return {name: round(sum(getattr(one, name) for one in known) / MB, 1) for name in ("rss", "pss", "uss")}
