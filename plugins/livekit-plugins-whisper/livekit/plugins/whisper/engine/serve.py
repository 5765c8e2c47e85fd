"""Runs an engine until it is told to stop, or until nobody needs it any more."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from aiohttp import web

from ..address import Address
from ..errors import EngineError, ModelError
from .engine import Engine
from .loading import Loaded
from .server import build_app

_FIRST_USER_WITHIN_S = 60.0


async def serve(
    models: Iterator[Loaded],
    address: Address,
    *,
    token: str | None = None,
    linger_s: float | None = None,
    announce: Callable[[str], None],
) -> None:
    """Serves on `address` until SIGINT or SIGTERM.

    Args:
        models: what `load` returned.
        token: what every request must carry; needed on TCP.
        linger_s: ends the engine so long after the last process that held a lease is gone; None never does.
        announce: is given one line when the engine is ready.

    Raises:
        ModelError: the model cannot be loaded.
        EngineError: the address cannot be used.
    """
    if not address.path and not token:
        raise EngineError(f"an engine on {address} needs a token: set WHISPER_ENGINE_TOKEN, there and for its users")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    engine = Engine(models)
    idle = _Idle(linger_s, stop)
    app = build_app(engine, token=token, on_users=idle.users)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    async with engine.working():
        await runner.setup()
        try:
            async with _listening(runner, address):
                announce(f"hears on {address} with {engine.describe()}")
                idle.users(0, within_s=_FIRST_USER_WITHIN_S)
                await _either(stop, engine.broken)
            if engine.failed:
                raise ModelError(engine.failed)
        finally:
            idle.cancel()
            await runner.cleanup()


async def _either(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


class _Idle:
    """Sets `stop` when nobody has held a lease for `linger_s`."""

    def __init__(self, linger_s: float | None, stop: asyncio.Event) -> None:
        self._linger_s = linger_s
        self._stop = stop
        self._timer: asyncio.TimerHandle | None = None

    def users(self, count: int, *, within_s: float = 0.0) -> None:
        """There are so many now."""
        self.cancel()
        if count == 0 and self._linger_s is not None:
            delay_s = max(self._linger_s, within_s)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._stop.set)

    def cancel(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


@contextlib.asynccontextmanager
async def _listening(runner: web.AppRunner, address: Address) -> AsyncIterator[None]:
    await _listen(runner, address)
    try:
        yield
    finally:
        if address.path:
            address.path.unlink(missing_ok=True)


async def _listen(runner: web.AppRunner, address: Address) -> None:
    try:
        if address.path:
            _make_way(address.path)
            everybody = os.umask(0o177)
            try:
                await web.UnixSite(runner, address.path).start()
            finally:
                os.umask(everybody)
        else:
            await web.TCPSite(runner, address.host, address.port).start()
    except OSError as error:
        raise EngineError(f"cannot listen on {address}: {error.strerror}; choose another address") from None


def _make_way(path: Path) -> None:
    """Removes the socket of an engine that was killed. Raises `EngineError` where one still answers."""
    if not path.exists():
        return
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(str(path))
        raise EngineError(f"an engine listens on {path} already: stop it, or choose another address")
    path.unlink(missing_ok=True)
