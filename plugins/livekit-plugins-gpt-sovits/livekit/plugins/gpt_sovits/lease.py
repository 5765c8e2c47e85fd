"""Sole use of a replica among all processes of this user on this machine, and what they know of it.

A file per replica is locked (`flock`) while a request runs; the kernel frees it when the process ends, however
that comes about. The file holds the `Record` as JSON. Machines that share a replica do not see each other's locks:
give each machine replicas of its own.
"""

import contextlib
import fcntl
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from .breaker import Breaker
from .voice import Voice


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known of a replica. It is only as true as nobody else changes the server."""

    gpt_weights: str = ""
    """The path last set with success; "" is whatever the server started with or, once `switched`, unknown."""
    sovits_weights: str = ""
    switched: bool = False
    """Whether weights were ever set: from then on it cannot speak a voice that names none, as nothing tells
    which weights it began with, and the server keeps a switch over its own restarts."""
    warm: tuple[str, ...] = ()
    """Languages spoken with these weights since the last failure."""
    used_at_s: float = 0.0
    """Wall clock of the last success."""
    breaker: Breaker = field(default_factory=Breaker)

    def can_speak(self, voice: Voice) -> bool:
        return bool(voice.gpt_weights) or not self.switched

    def holds(self, voice: Voice) -> bool:
        """Whether `voice` can be spoken without setting weights."""
        if not voice.gpt_weights:
            return not self.switched
        return (self.gpt_weights, self.sovits_weights) == (voice.gpt_weights, voice.sovits_weights)

    def is_warm(self, voice: Voice) -> bool:
        return self.holds(voice) and voice.text_lang in self.warm

    def spoken(self, voice: Voice, now_s: float) -> "Record":
        warm = tuple(sorted({*self.warm, voice.text_lang}))
        return replace(self, warm=warm, used_at_s=now_s, breaker=self.breaker.succeeded())

    def forgotten(self) -> "Record":
        """After a failure: the server may hold other weights than it was told to, or none."""
        return replace(self, gpt_weights="", sovits_weights="", warm=())

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Record":
        """Nothing is a replica nobody has used. Raises ValueError for what is no record."""
        if not data:
            return cls()
        try:
            fields: dict[str, Any] = json.loads(data)
            breaker = Breaker(**fields.pop("breaker"))
            return cls(**{**fields, "warm": tuple(fields["warm"])}, breaker=breaker)
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise ValueError("this is no record of a replica") from error


class Lease:
    """Sole use of a replica until `release`. None of its methods blocks."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.record = _parsed(os.pread(descriptor, os.fstat(descriptor).st_size, 0))

    @classmethod
    def take(cls, path: Path) -> "Lease | None":
        """None while somebody else has it. Raises OSError."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:  # else a cleaner of old files took it away: others lock a new one
                return cls(descriptor)
        except BlockingIOError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def note(self, record: Record) -> None:
        """Keeps `record` for whoever has the lease next."""
        self.record = record
        # Spaces to the old length: one write, so that nobody who looks meets half of the old record.
        data = record.to_json().ljust(os.fstat(self._descriptor).st_size)
        os.pwrite(self._descriptor, data, 0)

    def release(self) -> None:
        """The second time it does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def look(path: Path) -> Record:
    """The record as it is now, without the lease."""
    try:
        return _parsed(path.read_bytes())
    except FileNotFoundError:
        return Record()


def is_leased(path: Path) -> bool:
    """Whether somebody has the lease. Looking takes it for a moment."""
    with contextlib.suppress(OSError):
        lease = Lease.take(path)
        if lease is None:
            return True
        lease.release()
    return False


def default_state_dir() -> Path:
    """Where the processes of this user meet."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    name = "livekit-gpt-sovits"
    return Path(runtime, name) if runtime else Path(tempfile.gettempdir(), f"{name}-{os.getuid()}")


def private(folder: Path) -> Path:
    """Makes `folder`, which nobody else can enter. Raises OSError with one clear line."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise OSError(f"cannot make {folder} for the voice replicas' locks: {error.strerror}") from None
    if status.st_uid != os.getuid() or status.st_mode & 0o077 or folder.is_symlink():
        raise OSError(f"others can enter {folder}, where the voice replicas' locks would be: remove it")
    return folder


def _parsed(data: bytes) -> Record:
    try:
        return Record.from_json(data)
    except ValueError:  # damaged, or another version's: the weights may be any
        return Record(switched=True)
