"""What can go wrong on one machine.

* `LocalError`: its message is the one line a person reads.
  * `DownloadError`: a file could not be had, or is not the one that was pinned.
  * `CommandError`: a program that was run failed.
"""

import errno

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL_WORDS = ("No space left on device", "Disk quota exceeded", "File too large")


class LocalError(Exception):
    """What happened, why, and what to do, in one line."""


class DownloadError(LocalError):
    """A file could not be downloaded, or its content is not what was pinned."""


class CommandError(LocalError):
    """A program failed. `output` holds the last lines it printed, standard error included."""

    def __init__(self, message: str, *, status: int, output: str) -> None:
        super().__init__(message)
        self.status = status
        self.output = output


def cannot_write(path: object, error: BaseException) -> LocalError | None:
    """The line for a disk that is full or not ours to write, or None for any other error."""
    if isinstance(error, CommandError) and any(word in error.output for word in _FULL_WORDS):
        return disk_full(path)
    if isinstance(error, OSError) and error.errno in _FULL:
        return disk_full(path)
    if isinstance(error, OSError) and error.errno in _FORBIDDEN:
        return LocalError(f"cannot write {path}: {error.strerror}; set MALBEOT_CACHE to a folder that you may write")
    return None


def disk_full(path: object) -> LocalError:
    return LocalError(f"cannot write {path}: the disk is full; free some space or set MALBEOT_CACHE to another disk")
