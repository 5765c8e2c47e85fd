"""Lets calls on one machine know of each other: who begins an answer early gives way to who waits for one."""

import contextlib
import fcntl
import math
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from malbeot.log import logger

LOOK_EVERY_S = 0.25
"""How old what is known of the others may be: it is asked for with each interim transcript, on the call's own loop."""
_UNBORN_S = 60.0
"""A mark that was made so long ago, and is not shown, never will be."""
_MARK, _UNBORN = ".waiting", ".new"


class Courtesy:
    """One call's mark, a locked file: the lock goes with the process, however it ends.

    It is locked before it is shown under its name, and no name comes twice: whatever is not locked is dead, and who
    clears it away takes nobody's.
    """

    def __init__(self, folder: Path, call: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`folder` is shared by the calls of one machine; `call` names this one."""
        self._folder = folder
        self._call = call
        self._clock = clock
        self._mark: tuple[int, Path] | None = None
        self._fails = False
        self._looked_at = -math.inf
        self._others = False

    def wait(self) -> None:
        """This call's turn was called: from now on it waits for its answer. A failure is told once, in the log."""
        if self._mark is not None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._mark = _new_mark(self._folder, self._call)
        except OSError as error:
            if not self._fails:
                logger.warning("calls cannot give way to each other: %s", error)
            self._fails = True

    def over(self) -> None:
        """It waits no more."""
        if self._mark is None:
            return
        descriptor, path = self._mark
        self._mark = None
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(descriptor)

    def others_wait(self) -> bool:
        """Whether another call waits for its answer, or did a moment ago. What a dead call left is cleared away."""
        now = self._clock()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at, self._others = now, self._look()
        return self._others

    def _look(self) -> bool:
        own = self._mark[1] if self._mark else None
        found = False
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if path.suffix == _MARK and path != own:
                    found = _held(path) or found
                elif path.suffix == _UNBORN and _is_old(path):
                    _held(path)
        return found


def _new_mark(folder: Path, call: str) -> tuple[int, Path]:
    """Its file, open and locked, and where it is. Raises `OSError`."""
    descriptor, name = tempfile.mkstemp(prefix=f"{call}.", suffix=_UNBORN, dir=folder)
    unborn = Path(name)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor, unborn.rename(unborn.with_suffix(_MARK))
    except OSError:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            unborn.unlink()
        raise


def _held(path: Path) -> bool:
    """Whether its call lives. One that does not is cleared away."""
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


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _UNBORN_S
    except OSError:
        return False
