"""Keeps web sites out: a page that is open in a browser of this machine can ask a server on it for anything."""

from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class NoWebSites:
    """403 for what a page asks; what a person types into the address bar is answered.

    On loopback (`on_loopback`) so is a name that is not this machine's: a page's own name may be rebound to it.
    """

    def __init__(self, app: ASGIApp, *, on_loopback: bool) -> None:
        self._app = app
        self._on_loopback = on_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        by_page = "origin" in headers or headers.get("sec-fetch-site", "none") != "none"
        if by_page or (self._on_loopback and not is_loopback(headers.get("host", ""))):
            await JSONResponse({"message": "this server is not for web pages"}, status_code=403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_loopback(host: str) -> bool:
    """Whether a host, with a port or without, is this machine alone."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost"
