"""The caller's network, cut.

Playwright's offline mode leaves WebRTC alone. Every socket of Chromium, WebRTC's included, is in one process of its
own: while that is stopped nothing goes out and nothing comes in, and the page lives on.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

_NETWORK = "--utility-sub-type=network.mojom.NetworkService"


@contextmanager
def cut_off() -> Iterator[None]:
    """No Chromium that this test runs reaches anything."""
    processes = [child for child in psutil.Process().children(recursive=True) if _has_the_network(child)]
    assert processes, "no Chromium with a network process is running"
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def _has_the_network(process: psutil.Process) -> bool:
    try:
        return _NETWORK in process.cmdline()
    except psutil.Error:  # it has ended meanwhile
        return False
