"""Finds the engine that fits, and starts one where there is none.

Every process of a user that wants the same model meets at the same socket, in a folder that only
this user can enter. Each holds a lease: a connection that the kernel closes when the process ends,
however it ends. The engine goes a little after the last of them.
"""

import hashlib
import os
import socket
import tempfile
import threading
from dataclasses import asdict, dataclass
from http.client import HTTPException
from pathlib import Path

from filelock import FileLock

from .address import Address
from .errors import EngineError
from .launching import Connection, is_alive, start, wait_for_or_end
from .locate import is_directory
from .version import __version__

LINGER_S = 10.0
"""How long an engine stays when nobody needs it: an application that starts again finds it."""

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
    arguments = [*options.arguments, "--linger", str(LINGER_S)]
    try:
        address = Address.parse(f"unix:{folder / key}.sock")
        with _lock, FileLock(folder / f"{key}.lock"):
            pid_file = folder / f"{key}.pid"
            if not is_alive(address) and not wait_for_or_end(address, pid_file):
                if held := _leases.pop(address, None):
                    held.close()
                start(arguments, address, log=folder / f"{key}.log", pid_file=pid_file)
            _lease(address)
    except OSError as error:
        raise EngineError(f"cannot start the Whisper engine in {folder}: {error.strerror or error}") from None
    except ValueError as error:
        raise EngineError(f"{error}; set XDG_RUNTIME_DIR to a shorter folder") from None
    return address


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


def _lease(address: Address) -> None:
    held = _leases.pop(address, None)
    if held is not None:
        if _is_open(held):
            _leases[address] = held
            return
        held.close()
    connection = Connection(address)
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
    """Whether the engine has closed its end."""
    try:
        return bool(held.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False
