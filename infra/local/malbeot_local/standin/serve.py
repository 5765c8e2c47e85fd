"""Runs the stand-in: port first, voices next, ready last; ends at once when told to."""

import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import LocalError
from .app import NAME, create_app
from .engine import Engine
from .faults import TrackedProtocol, install_faults
from .no_web_sites import NoWebSites, is_loopback
from .references import References, own_references
from .synthesis import Synthesis
from .versions import DEFAULT, VERSIONS
from .weights import Weights

logger = logging.getLogger("malbeot.standin")


@dataclass(frozen=True)
class Settings:
    """How the stand-in runs."""

    host: str = "127.0.0.1"
    port: int = 9880
    """0 takes a free one; the ready line names it."""
    piper_voice: Path | None = None
    version: str = DEFAULT
    """A name in VERSIONS."""
    weights: Mapping[str, str | None] = field(default_factory=dict)
    """Paths to be taken for weights although no file is there, with the version that a SoVITS one switches to."""
    config: Path | None = None
    """Where the paths of the loaded weights are kept over restarts."""
    references: Path | None = None
    """The folder of the reference recordings; without it the stand-in's own."""
    load_s: float = 0.0
    cold_s: float = 0.0
    faults: bool = False


def serve(settings: Settings) -> None:
    """Serves until SIGTERM, SIGINT or `/control?command=exit`.

    Raises LocalError when the port is taken, a voice cannot be loaded or a file cannot be read or written.
    """
    _configure_logging()
    listener = _bind(settings.host, settings.port)
    with listener:
        server = _Server(_synthesis(settings), listener, faults=settings.faults)
        # uvicorn raises the signal that ended it once more when it is done; a clean end is not a death by signal.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        try:
            server.run(sockets=[listener])
        except OSError as error:
            raise _taken(settings.host, settings.port, error) from error


def _synthesis(settings: Settings) -> Synthesis:
    engine = Engine.load(settings.piper_voice)
    weights = Weights(
        VERSIONS[settings.version], pretend=settings.weights, config=settings.config, load_s=settings.load_s
    )
    references = References(settings.references or own_references(engine))
    return Synthesis(engine, weights, references, cold_s=settings.cold_s)


class _Server(uvicorn.Server):
    def __init__(self, synthesis: Synthesis, listener: socket.socket, *, faults: bool) -> None:
        self._synthesis = synthesis
        self._address = "http://{}:{}".format(*_shown(listener))
        app = create_app(synthesis, self._control)
        if faults:
            install_faults(app)
        config = uvicorn.Config(
            NoWebSites(app, on_loopback=is_loopback(listener.getsockname()[0])),
            http=TrackedProtocol if faults else H11Protocol,
            proxy_headers=False,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # it would show GET /tts with its text
            server_header=False,
            headers=[("Server", "malbeot-stand-in")],
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        voices = ", ".join(voice.name for voice in self._synthesis.engine.voices)
        logger.info("%s is ready on %s (voices: %s; this is not GPT-SoVITS)", NAME, self._address, voices)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._synthesis.stop()
        super().handle_exit(sig, frame)

    def _control(self, command: str) -> None:
        logger.info("told to %s", command)
        if command == "restart":
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
        self._synthesis.stop()
        self.should_exit = True


def _bind(host: str, port: int) -> socket.socket:
    """A bound socket that does not listen yet: who connects before the voices are loaded is refused."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise LocalError(f"no such address: {host}: {error.strerror}; give one of this machine with --host") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _taken(host, port, error) from error
    return listener


def _taken(host: str, port: int, error: OSError) -> LocalError:
    if error.errno == errno.EADDRINUSE:
        return LocalError(f"port {port} on {host} is taken: stop what listens there, or choose another with --port")
    return LocalError(f"cannot listen on {host} port {port}: {error.strerror}; choose another with --host and --port")


def _shown(listener: socket.socket) -> tuple[str, int]:
    host, port = listener.getsockname()[:2]
    return (f"[{host}]" if ":" in host else host), port


def _configure_logging() -> None:
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logger.setLevel(logging.INFO)
