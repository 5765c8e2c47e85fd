"""Lets calls on one machine know of each other: who begins an answer early gives way to who waits for one."""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import IO

from malbeot.log import logger


class Courtesy:
    """One call's mark, a locked file: the lock goes with the process, however it ends."""

    def __init__(self, folder: Path, call: str) -> None:
        """`folder` is shared by the calls of one machine; `call` names this one."""
        self._path = folder / f"{call}.waiting"
        self._mark: IO[bytes] | None = None
        self._fails = False

    def wait(self) -> None:
        """This call's turn was called: from now on it waits for its answer. A failure is told once, in the log."""
        if self._mark is not None:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            mark = self._path.open("wb")
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                mark.close()
                raise
            self._mark = mark
        except OSError as error:
            if not self._fails:
                logger.warning("calls cannot give way to each other: %s", error)
            self._fails = True

    def over(self) -> None:
        """It waits no more."""
        if self._mark is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            self._mark.close()
            self._mark = None

    def others_wait(self) -> bool:
        """Whether another call waits for its answer. What a dead call left is cleared away."""
        with contextlib.suppress(OSError):
            for path in self._path.parent.glob("*.waiting"):
                if path != self._path and _held(path):
                    return True
        return False


def _held(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        with contextlib.suppress(OSError):
            path.unlink()
        return False
    finally:
        os.close(file)
