"""The real stand-in voice server as a process of its own, for the length of a test or of a run."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from support.speech import PIPER_VOICE

_READY = re.compile(r"is ready on (http://\S+)")


@dataclass
class Standin:
    """A running stand-in."""

    process: subprocess.Popen[str]
    url: str = ""
    log: list[str] = field(default_factory=list)
    """What it has written so far, line by line."""

    def read_log(self) -> None:
        """Collects its standard error until that ends."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def wait_ready(self, times: int = 1, *, timeout_s: float = 60.0) -> bool:
        """Waits until it has said for the `times`th time that it is ready. False if it ended, or the time is over."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            ready = [found[1] for line in self.log if (found := _READY.search(line))]
            if len(ready) >= times:
                self.url = ready[-1]
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.05)
        return False


@contextmanager
def running_standin(*arguments: str) -> Iterator[Standin]:
    """Starts the stand-in on a free port with the Piper voice, waits until it is ready, and ends it."""
    command = [
        sys.executable,
        "-m",
        "malbeot_local.standin",
        "--port",
        "0",
        "--piper-voice",
        str(PIPER_VOICE),
        *arguments,
    ]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    standin = Standin(process)
    reader = threading.Thread(target=standin.read_log, name="standin-log")
    reader.start()
    try:
        assert standin.wait_ready(), f"the stand-in voice server did not get ready: {standin.log}"
        yield standin
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()
        assert process.stderr is not None
        process.stderr.close()
