"""Ports on loopback: which are taken, and by whom."""

import contextlib
import socket

import psutil

from malbeot.errors import MalbeotError


def require_free(host: str, port: int, *, what: str, setting: str, udp: bool = False) -> None:
    """Raises `MalbeotError` that names the port, who has it, and the setting that moves us away."""
    if port == 0:
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0 if udp else 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            name = f"{'UDP ' if udp else ''}port {port}"
            raise MalbeotError(
                f"{what} cannot listen on {host}, {name}: {_holder(port, udp) or error.strerror}; "
                f"stop that, or choose another port with {setting}"
            ) from None


def _holder(port: int, udp: bool) -> str | None:
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("udp" if udp else "tcp"):
            listening = udp or connection.status == psutil.CONN_LISTEN
            if listening and connection.laddr and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid}) has it"
    return None
