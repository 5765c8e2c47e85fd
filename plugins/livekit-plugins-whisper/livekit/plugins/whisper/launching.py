"""Starts an engine's process, sees whether it lives, and ends one that hangs. All of it blocks."""

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

from .address import Address
from .errors import EngineError, ModelError
from .log import logger

ENGINE_ENVIRONMENT = {
    # OpenBLAS would use every core for the features, and wait for them at each small product.
    "OPENBLAS_NUM_THREADS": "1",
    # glibc would keep memory for each thread.
    "MALLOC_ARENA_MAX": "2",
    # ONNX Runtime, which faster-whisper imports, reports to its maker unless told not to.
    "ORT_DISABLE_TELEMETRY": "1",
}
"""What an engine's process is started with. Libraries read it when they are loaded, so that an engine that was
started without it starts anew, a second later."""

TOKEN_VARIABLE = "WHISPER_ENGINE_TOKEN"  # noqa: S105
"""Where `serve` finds the token of an engine on TCP."""

MODEL_CANNOT_LOAD = 3
"""The engine's exit status for a `ModelError`; its last line is the message."""

_ANSWER_S = 2.0
_HANGS_FOR_S = 6.0
"""An engine that takes connections and answers nothing for so long hangs; a machine may be slow for a moment."""
_CHECK_EVERY_S = 0.05
_LOADS_WITHIN_S = 300.0
_KILLED_WITHIN_S = 5.0


class Connection(HTTPConnection):
    """HTTP over an engine's Unix socket."""

    def __init__(self, address: Address) -> None:
        super().__init__("localhost", timeout=_ANSWER_S)
        self._path = str(address.path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def is_alive(address: Address) -> bool:
    """Whether an engine answers there, within 2 s."""
    connection = Connection(address)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def start(arguments: Sequence[str], address: Address, *, log: Path, pid_file: Path) -> None:
    """Runs `serve` with these arguments in a session of its own, and returns when it answers.

    Who interrupts or kills the application leaves the engine to the others.

    Raises:
        ModelError: the model cannot be loaded.
        EngineError: the engine ended, or was not ready in time.
        OSError: no process can be started, or a file cannot be written.
    """
    command = [sys.executable, "-m", "livekit.plugins.whisper", "serve", *arguments, "--address", str(address)]
    environment = {**os.environ, **ENGINE_ENVIRONMENT}
    environment.pop(TOKEN_VARIABLE, None)  # on a socket of one user's nobody is asked for it
    to_log = (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    actions = [nothing, to_log, (os.POSIX_SPAWN_DUP2, 1, 2)]
    pid = os.posix_spawn(sys.executable, command, environment, file_actions=actions, setsid=True)
    pid_file.write_text(str(pid))
    deadline = time.monotonic() + _LOADS_WITHIN_S
    while not is_alive(address):
        if (status := _ended(pid)) is not None:
            lines = log.read_text(errors="replace").strip().splitlines() or ["it printed nothing"]
            if status == MODEL_CANNOT_LOAD:
                raise ModelError(lines[-1])
            raise EngineError(f"the Whisper engine ended while it started: {lines[-1][:300]} (log: {log})")
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            raise EngineError(f"the Whisper engine was not ready within {_LOADS_WITHIN_S:.0f} s (log: {log})")
        time.sleep(_CHECK_EVERY_S)


def wait_for_or_end(address: Address, pid_file: Path) -> bool:
    """Whether an engine that was started before answers after all.

    One that loads is waited for, one that hangs is killed.
    """
    process = _running(pid_file, address)
    began = time.monotonic()
    while process is not None and process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if is_alive(address):
            return True
        waited_s = time.monotonic() - began
        if waited_s > (_HANGS_FOR_S if address.path and address.path.exists() else _LOADS_WITHIN_S):
            logger.warning("the Whisper engine hangs: it is killed and started again")
            with suppress(psutil.Error):
                process.kill()
                process.wait(_KILLED_WITHIN_S)
            return False
        time.sleep(_CHECK_EVERY_S)
    return False


def _running(pid_file: Path, address: Address) -> psutil.Process | None:
    """The engine's process, if that is what has its number now."""
    with suppress(OSError, ValueError, psutil.Error):
        pid = int(pid_file.read_text())
        if _ended(pid) is None:
            process = psutil.Process(pid)
            return process if str(address) in process.cmdline() else None
    return None


def _ended(pid: int) -> int | None:
    """The exit status of a child that has ended; 0 where it was waited for already or is nobody's child."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None if psutil.pid_exists(pid) else 0
    return os.waitstatus_to_exitcode(status) if ended else None
