"""Requests that change something come from our own page or from no page at all: other sites' pages are refused."""

from urllib.parse import SplitResult, urlsplit

from fastapi import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from malbeot.web.access.words import ANOTHER_SITE, language_of

_HARMLESS = {"GET", "HEAD", "OPTIONS"}
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SameOrigin:
    """403 where a browser names another origin than the Host that it asks, or `public_url`.

    Whether a proxy speaks TLS is not known here, so hosts and ports are compared and schemes only as far as they
    stand for a port.
    """

    def __init__(self, app: ASGIApp, *, public_url: str | None) -> None:
        self._app = app
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _HARMLESS:
            request = Request(scope)
            origin = request.headers.get("origin")
            if origin is not None and not self._is_ours(origin, request.headers.get("host", "")):
                refusal = JSONResponse({"message": ANOTHER_SITE[language_of(request)]}, status_code=403)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_ours(self, origin: str, host: str) -> bool:
        try:
            asking = urlsplit(origin)
            if asking.scheme not in _DEFAULT_PORTS or not asking.hostname:
                return False  # `null`: a sandboxed frame or a file
            if self._public_url and _place(asking) == _place(urlsplit(self._public_url)):
                return True
            return _place(asking) == _place(urlsplit(f"{asking.scheme}://{host}"))
        except ValueError:  # no address, or no port
            return False


def _place(address: SplitResult) -> tuple[str | None, int | None]:
    return address.hostname, address.port or _DEFAULT_PORTS[address.scheme]
