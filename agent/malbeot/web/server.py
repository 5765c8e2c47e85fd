"""`malbeot web`: the service on its address until it is told to stop."""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Iterator

import uvicorn

from malbeot.errors import MalbeotError
from malbeot.log import logger
from malbeot.persona_choice import load_all
from malbeot.settings import Settings
from malbeot.up.ports import require_free
from malbeot.web.access.invitation_key import read_key
from malbeot.web.app import create_app
from malbeot.web.head_limit import HurriedProtocol
from malbeot.web.reach import reach
from malbeot.web.tls import tls_context

_DRAIN_S = 3
"""How long requests in flight may take after the signal to stop."""

_CONNECTIONS = 500
"""At once: who comes then is answered 503, while the process still has files to open for calls."""


class _Server(uvicorn.Server):
    """Ends by returning. uvicorn's own would kill the process with the signal again once it has stopped."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


async def serve(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM.

    Raises `MalbeotError` where the address cannot be had, LiveKit's keys are missing, a persona, the certificate or
    the key of invitations is broken.
    """
    _ = settings.livekit_keys  # missing ones are told before anything starts
    personas = load_all(settings)
    read_key(settings.malbeot_state)
    context = tls_context(settings)
    with _listen(settings) as listener:
        options = uvicorn.Config(
            create_app(settings, personas),
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            http=HurriedProtocol,
            ws="none",
            # Who asks is told apart from who forwards by `access/peers.py`, which needs the connection's own address.
            proxy_headers=False,
            ssl_context_factory=(lambda *_: context) if context else None,
            lifespan="on",
            timeout_graceful_shutdown=_DRAIN_S,
            limit_concurrency=_CONNECTIONS,
        )
        logger.info("the caller page is on %s", reach(settings, listener.getsockname()[1]))
        await _Server(options).serve(sockets=[listener])
    logger.info("the caller page has stopped")


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    try:
        listener = socket.create_server((settings.web_host, settings.web_port), family=family)
        # asyncio sees to it only where a socket names its protocol, which this one does not. Without it the body of an
        # answer waits some 40 ms until the client has acknowledged its head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            require_free(settings.web_host, settings.web_port, what="the caller page", setting="WEB_PORT")
        raise MalbeotError(
            f"the caller page cannot listen on {settings.web_host}, port {settings.web_port}: {error.strerror}; "
            "mend WEB_HOST or choose another port with WEB_PORT"
        ) from None
