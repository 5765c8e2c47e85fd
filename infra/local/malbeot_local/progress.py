"""How far a long step is: one line now and then, for people and for logs."""

import time
from collections.abc import Callable

Report = Callable[[str], None]
"""Takes one line for the person who waits."""

EVERY_S = 15.0
"""A step that still runs says so at least this often, in seconds."""


class Transfer:
    """Reports the progress of a transfer by percent, at most every `every_s` seconds."""

    def __init__(self, what: str, report: Report, *, every_s: float = 5.0) -> None:
        self._what = what
        self._report = report
        self._every_s = every_s
        self._last = time.monotonic()

    def update(self, done: int, total: int | None) -> None:
        """`done` of `total` bytes have arrived; `total` is None where the sender has not said."""
        now = time.monotonic()
        if now - self._last < self._every_s:
            return
        self._last = now
        if total:
            self._report(f"{self._what}: {100 * done // total} % of {size(total)}")
        else:
            self._report(f"{self._what}: {size(done)}")


def size(count: int) -> str:
    """A number of bytes for people, such as "98 MB"."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count, 0) / 1e6:.0f} MB"
