"""Where a request comes from: this machine, or beyond it, and then which address its tries count for."""

import ipaddress
import re

from fastapi import Request

_HOST = re.compile(r"(?:\[(?P<bracketed>[0-9a-fA-F:.]+)\]|(?P<name>[^\s:@/\[\]]+))(?::\d*)?")
_FORWARDING = {"forwarded", "via", "x-real-ip", "x-client-ip", "cf-connecting-ip", "true-client-ip"}
_HOME = 56
"""Leading bits of an IPv6 address that count together: a home may get that many, and chooses the rest as it likes."""


def is_from_here(request: Request) -> bool:
    """Whether a browser or program of this machine asks.

    The connection alone does not tell: a proxy or tunnel on this machine connects from loopback for the whole world,
    and adds a forwarding header; a foreign page whose name was rebound to loopback connects from here, and its Host
    is not loopback. A proxy or tunnel that adds nothing cannot be told from this machine, so where the service has a
    public address this opens no door (`Access`).
    """
    if not is_loopback(request.client.host if request.client else ""):
        return False
    if any(name in _FORWARDING or name.startswith("x-forwarded-") for name in request.headers):
        return False
    host = _HOST.fullmatch(request.headers.get("host", ""))
    return host is not None and is_loopback(host["bracketed"] or host["name"])


def is_loopback(host: str) -> bool:
    """Whether a host, without port or brackets, is this machine's loopback."""
    address = _address(host)
    return address.is_loopback if address else host.lower() == "localhost"


def counted_address(request: Request) -> str:
    """The address whose tries are counted: the peer's, or the one for which a proxy on this machine asks.

    Of X-Forwarded-For the last entry that is not loopback: what stands before it is what the caller sent, and loopback
    after it is a tunnel in front of the proxy, both on this machine.
    """
    peer = request.client.host if request.client else ""
    if not is_loopback(peer):
        return _counted(peer) or "unknown"
    entries = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for entry in map(_without_port, reversed(entries)):
        if not is_loopback(entry):
            return _counted(entry) or _counted(peer)
    return _counted(peer)


def _without_port(entry: str) -> str:
    host = _HOST.fullmatch(entry.strip())
    return host["bracketed"] or host["name"] if host else entry.strip()


def _counted(host: str) -> str:
    address = _address(host)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address), _HOME), strict=False))
    return str(address) if address else ""


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None) or address
