"""What every answer tells the browser to allow."""

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HASHED = "/assets/"
_ANSWERS = ("/api/", "/v1/")
"""Where tokens and conversations are answered: no cache keeps them."""
_HTTPS_ONLY = "max-age=31536000"
"""For a year the browser comes to this host by https alone."""


def _origins(livekit_url: str) -> str:
    """LiveKit's origins: the socket of a call, and the request by which the client asks why that one failed."""
    parts = urlsplit(livekit_url)
    secure = "s" if parts.scheme in ("wss", "https") else ""
    return f"ws{secure}://{parts.netloc} http{secure}://{parts.netloc}"


def security_headers(livekit_url: str) -> dict[str, str]:
    """Content-Security-Policy and its companions: our own files, our own service and LiveKit, nothing else."""
    policy = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        f"connect-src 'self' {_origins(livekit_url)}",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "Permissions-Policy": "microphone=(self), camera=(self), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


class SecureHeaders:
    """Adds the headers and says what may be cached: files whose name holds their hash, nothing else."""

    def __init__(self, app: ASGIApp, *, livekit_url: str) -> None:
        self._app = app
        self._headers = security_headers(livekit_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = _HTTPS_ONLY
                keep = scope["path"].startswith(_HASHED) and message["status"] in (200, 304)
                kind = "no-store" if scope["path"].startswith(_ANSWERS) else "no-cache"
                headers["Cache-Control"] = "public, max-age=31536000, immutable" if keep else kind
            await send(message)

        await self._app(scope, receive, send_with_headers)
