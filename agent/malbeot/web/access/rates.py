"""How often one address may do something: a moving window, in this process's memory."""

import math
import time
from collections import OrderedDict

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

ADDRESSES = 1000
"""Addresses remembered. With one more, the one that was longest not counted is forgotten."""

_SET_BACK_S = 1.0


class Rate:
    """At most `item` from each address."""

    def __init__(self, item: RateLimitItem) -> None:
        self._item = item
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._addresses: OrderedDict[str, None] = OrderedDict()
        self._ahead_s = _ahead_s()

    def __len__(self) -> int:
        """Addresses remembered."""
        return len(self._storage.events)

    def take(self, address: str) -> bool:
        """Counts one, or, where that would be too many, counts nothing and returns False."""
        self._mind_the_clock()
        self._remember(address)
        return self._limiter.hit(self._item, address)

    def wait_s(self, address: str) -> int:
        """Whole seconds until one more is not too many; 0 where it is not."""
        self._mind_the_clock()
        if self._limiter.test(self._item, address):
            return 0
        return max(1, math.ceil(self._limiter.get_window_stats(self._item, address).reset_time - time.time()))

    def _mind_the_clock(self) -> None:
        """The storage goes by the time of day. Where that was set back, it would count what was for as long again."""
        ahead_s = _ahead_s()
        if ahead_s < self._ahead_s - _SET_BACK_S:
            self._storage.reset()
            self._addresses.clear()
        self._ahead_s = ahead_s

    def _remember(self, address: str) -> None:
        self._addresses[address] = None
        self._addresses.move_to_end(address)
        if len(self._addresses) > ADDRESSES:
            oldest, _ = self._addresses.popitem(last=False)
            # The storage keeps an empty list for every key it has seen. Its own thread looks through them under
            # each one's lock.
            with self._storage.locks[self._item.key_for(oldest)]:
                self._limiter.clear(self._item, oldest)


def _ahead_s() -> float:
    """How far the time of day is ahead of the clock that nobody sets."""
    return time.time() - time.monotonic()
