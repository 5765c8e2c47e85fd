"""Recognition engines for tests: started by them, used by nobody else, and gone afterwards."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from livekit.plugins.whisper import finding

_ENDS_WITHIN_S = 10.0


@contextmanager
def engines_of_our_own() -> Iterator[Path]:
    """What is found or started inside has nothing to do with the user's own engines. Yields their folder."""
    with tempfile.TemporaryDirectory(prefix="malbeot-") as runtime, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", runtime)
        folder = Path(runtime) / "livekit-whisper"
        try:
            yield folder
        finally:
            finding.release()
            for process in engines(folder):
                process.send_signal(signal.SIGCONT)
                process.terminate()
                try:
                    process.wait(_ENDS_WITHIN_S)
                except psutil.TimeoutExpired:
                    process.kill()
                    raise AssertionError(f"the engine did not end within {_ENDS_WITHIN_S:g} s") from None


def engines(folder: Path) -> list[psutil.Process]:
    """The engines that were started there and run."""
    found = []
    for file in folder.glob("*.pid"):
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(file.read_text()))
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def the_engine(folder: Path) -> psutil.Process:
    """The only one."""
    (engine,) = engines(folder)
    return engine


def kill(process: psutil.Process) -> None:
    """SIGKILL, as when memory runs out."""
    os.kill(process.pid, signal.SIGKILL)
