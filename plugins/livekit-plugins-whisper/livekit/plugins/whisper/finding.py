"""Finds the engine that fits, and starts one where there is none.

Every process of a user that wants the same model meets at the same socket, in a folder that only
this user can enter. Each holds a lease: a connection that the kernel closes when the process ends,
however it ends. The engine goes a little after the last of them.
"""

import hashlib
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil
from filelock import FileLock

from .address import Address
from .errors import EngineError, ModelError
from .locate import is_directory
from .log import logger
from .version import __version__

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

LINGER_S = 10.0
"""How long an engine stays when nobody needs it: an application that starts again finds it."""

MODEL_CANNOT_LOAD = 3
"""The engine's exit status for a `ModelError`; its last line is the message."""

_ANSWER_S = 2.0
_CHECK_EVERY_S = 0.05
_LOADS_WITHIN_S = 300.0
_KILLED_WITHIN_S = 5.0

_lock = threading.Lock()
_leases: dict[Address, socket.socket] = {}


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """What an engine must be like. Processes with equal options share one."""

    model: str
    """A directory (absolute), a name, or a Hugging Face repository."""
    device: str = "auto"
    compute_type: str = "default"
    local_files_only: bool = True

    @classmethod
    def of(cls, model: str | Path, device: str, compute_type: str, *, local_files_only: bool) -> "EngineOptions":
        """The same whether a directory is given as text or as a path, relative or absolute."""
        name = str(Path(model).expanduser().absolute()) if is_directory(model) else str(model)
        return cls(model=name, device=device, compute_type=compute_type, local_files_only=local_files_only)

    @property
    def arguments(self) -> list[str]:
        """The command line of `serve`."""
        fetch = [] if self.local_files_only else ["--download"]
        return [self.model, "--device", self.device, "--compute-type", self.compute_type, *fetch]


def prewarm(
    model: str | Path = "base",
    *,
    device: str = "auto",
    compute_type: str = "default",
    local_files_only: bool = True,
) -> None:
    """Finds or starts the engine for an `STT` with the same arguments, and keeps it until this process ends.

    For a worker's setup function: the model is loaded before the first call. Blocks and raises as
    `find_or_start` does.
    """
    find_or_start(EngineOptions.of(model, device, compute_type, local_files_only=local_files_only))


def release() -> None:
    """Gives up what this process holds: its engines end soon, unless others use them."""
    with _lock:
        for held in _leases.values():
            held.close()
        _leases.clear()


def find_or_start(options: EngineOptions) -> Address:
    """The address of a living engine. Blocks: milliseconds where there is one, else while the model is loaded.

    This process holds a lease from then on, until it ends.

    Raises:
        ModelError: the model cannot be loaded.
        EngineError: the engine cannot be started.
    """
    folder = _folder()
    key = hashlib.sha256(repr((__version__, sorted(asdict(options).items()))).encode()).hexdigest()[:16]
    address = Address.parse(f"unix:{folder / key}.sock")
    with _lock, FileLock(folder / f"{key}.lock"):
        if not is_alive(address):
            _kill(folder / f"{key}.pid", address)
            _start(options, address, log=folder / f"{key}.log", pid_file=folder / f"{key}.pid")
        _lease(address)
    return address


def is_alive(address: Address) -> bool:
    """Whether an engine answers there, within 2 s. Blocks."""
    connection = _Connection(address)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


class _Connection(HTTPConnection):
    """HTTP over an engine's Unix socket."""

    def __init__(self, address: Address) -> None:
        super().__init__("localhost", timeout=_ANSWER_S)
        self._path = str(address.path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _folder() -> Path:
    """A folder that nobody else can enter. Raises `EngineError`."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = (
        Path(runtime, "livekit-whisper") if runtime else Path(tempfile.gettempdir(), f"livekit-whisper-{os.getuid()}")
    )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise EngineError(
            f"cannot make {folder} for the Whisper engine: {error.strerror}; set XDG_RUNTIME_DIR"
        ) from None
    if status.st_uid != os.getuid() or status.st_mode & 0o077 or folder.is_symlink():
        raise EngineError(f"others can enter {folder}, where the Whisper engine would listen: remove it")
    return folder


def _start(options: EngineOptions, address: Address, *, log: Path, pid_file: Path) -> None:
    command = [sys.executable, "-m", "livekit.plugins.whisper", "serve", *options.arguments]
    command += ["--address", str(address), "--linger", str(LINGER_S)]
    to_log = (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    # In a session of its own: who interrupts or kills the application leaves the engine to the others.
    pid = os.posix_spawn(
        sys.executable,
        command,
        {**os.environ, **ENGINE_ENVIRONMENT},
        file_actions=[nothing, to_log, (os.POSIX_SPAWN_DUP2, 1, 2)],
        setsid=True,
    )
    pid_file.write_text(str(pid))
    deadline = time.monotonic() + _LOADS_WITHIN_S
    while not is_alive(address):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            lines = log.read_text(errors="replace").strip().splitlines() or ["it printed nothing"]
            if os.waitstatus_to_exitcode(status) == MODEL_CANNOT_LOAD:
                raise ModelError(lines[-1])
            raise EngineError(f"the Whisper engine ended while it started: {lines[-1][:300]} (log: {log})")
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            raise EngineError(f"the Whisper engine was not ready within {_LOADS_WITHIN_S:.0f} s (log: {log})")
        time.sleep(_CHECK_EVERY_S)


def _kill(pid_file: Path, address: Address) -> None:
    """Ends an engine of ours that does not answer any more."""
    with suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int(pid_file.read_text()))
        if str(address) in process.cmdline():
            logger.warning("the Whisper engine hangs: it is killed and started again")
            process.kill()
            process.wait(_KILLED_WITHIN_S)


def _lease(address: Address) -> None:
    held = _leases.pop(address, None)
    if held is not None:
        if _is_open(held):
            _leases[address] = held
            return
        held.close()
    connection = _Connection(address)
    try:
        connection.request("GET", "/lease")
        connection.getresponse()
    except (OSError, HTTPException):
        connection.close()
        raise EngineError(f"the Whisper engine on {address} ended as soon as it had started") from None
    assert connection.sock is not None
    connection.sock.setblocking(False)
    _leases[address] = connection.sock


def _is_open(held: socket.socket) -> bool:
    """Reads the heartbeats that have come; at their end the engine is gone."""
    try:
        while held.recv(65_536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False
