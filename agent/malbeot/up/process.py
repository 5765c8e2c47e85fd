"""One server process: started in a group of its own, ready when its check says so, gone when stopped."""

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from malbeot.errors import MalbeotError

_PR_SET_PDEATHSIG = 1
_CHECK_EVERY_S = 0.1
_libc = ctypes.CDLL(None)


@dataclass(frozen=True, kw_only=True)
class Service:
    """What to run. `ready` is asked ten times a second until it says so or `ready_within_s` is over."""

    name: str
    log_name: str
    command: Sequence[str]
    env: Mapping[str, str]
    address: str
    ready: Callable[[], Awaitable[bool]]
    ready_within_s: float = 60.0
    hangs_after_s: float | None = None
    """Whether it is asked while it runs, and after how many seconds without an answer it is killed."""
    stop_within_s: float = 10.0


class Process:
    """A running `Service`. Its output goes to `log`, or to our own where `log` is None."""

    def __init__(self, service: Service, log: Path | None) -> None:
        self.service = service
        self.log = log
        self._process: asyncio.subprocess.Process | None = None
        self._answered = 0.0
        self.hung = False
        """Whether it was ended because it did not answer."""

    async def start(self) -> float:
        """Starts it and waits until it is ready. The seconds that took; raises `MalbeotError` where it isn't."""
        began = time.monotonic()
        service = self.service
        self.hung = False
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(self.log.open("ab")) if self.log else None
            self._process = await asyncio.create_subprocess_exec(
                *service.command,
                env=dict(service.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT if output else None,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        while not await service.ready():
            if self._process.returncode is not None:
                raise MalbeotError(f"{service.name} stopped while starting: {self.last_words()}")
            if time.monotonic() - began > service.ready_within_s:
                raise MalbeotError(
                    f"{service.name} was not ready within {service.ready_within_s:.0f} s: {self.last_words()}"
                )
            await asyncio.sleep(_CHECK_EVERY_S)
        self._answered = time.monotonic()
        return time.monotonic() - began

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def wait(self) -> int:
        """Its exit status, once it has ended."""
        assert self._process is not None
        return await self._process.wait()

    async def end_if_it_hangs(self) -> None:
        """Kills it where it has not answered for as long as its service says."""
        if self.service.hangs_after_s is None:
            return
        if await self.service.ready():
            self._answered = time.monotonic()
        elif time.monotonic() - self._answered > self.service.hangs_after_s:
            self.hung = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """Asks it to end, waits, and leaves nothing of its group behind."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), self.service.stop_within_s)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """The end of its log, for a message of one line."""
        if self.log is None:
            return "see its log above"
        said = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        lines = said.strip().splitlines() or ["it printed nothing"]
        return f"{lines[-1][:300]} (log: {self.log})"


def _die_with_parent() -> None:
    # Linux: where we are killed without a chance to stop our servers, they are told to end.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
