"""The engine as a server: HTTP on a Unix socket, or on TCP with a token.

POST /recognize   one question (`protocol.py`)
GET  /health      what is loaded, as JSON
GET  /metrics     Prometheus
GET  /lease       never ends; says that somebody needs the engine, and is told every second that it lives
"""

import asyncio
import hmac
import os
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from ..log import logger
from ..protocol import MAX_AUDIO_S, SAMPLE_RATE, BadQuestion, unpack
from ..version import __version__
from .engine import Engine, Replaced
from .scheduler import Busy

_BODY_BYTES = int(MAX_AUDIO_S * SAMPLE_RATE * 2) + 65_536
_RETRY_AFTER_S = 1

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(
    engine: Engine, *, token: str | None = None, on_users: Callable[[int], None] = lambda _: None
) -> web.Application:
    """The engine's HTTP interface. With a token every request must carry it as `Authorization: Bearer`."""
    users = 0

    async def recognize(request: web.Request) -> web.Response:
        try:
            question, samples = unpack(await request.read())
        except BadQuestion as error:
            return _refuse(HTTPStatus.BAD_REQUEST, str(error))
        if question.language and question.language not in engine.languages:
            return _refuse(HTTPStatus.BAD_REQUEST, f"{engine.loaded.name} does not know {question.language!r}")
        try:
            heard = await engine.ask(question, samples)
        except Busy:
            return _refuse(HTTPStatus.SERVICE_UNAVAILABLE, "too many are waiting", {"Retry-After": str(_RETRY_AFTER_S)})
        except Replaced:
            return _refuse(HTTPStatus.CONFLICT, "a newer question of the call took its place")
        except Exception as error:
            # The engine's messages name shapes and devices, never what was said.
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            logger.error("recognition failed: %s", reason)
            return _refuse(HTTPStatus.INTERNAL_SERVER_ERROR, reason)
        return web.Response(body=heard.model_dump_json().encode(), content_type="application/json")

    async def health(request: web.Request) -> web.Response:
        if engine.failed:
            return _refuse(HTTPStatus.INTERNAL_SERVER_ERROR, engine.failed)
        loaded = engine.loaded
        return web.json_response(
            {
                "version": __version__,
                "pid": os.getpid(),
                "model": loaded.name,
                "path": str(loaded.path),
                "device": loaded.device,
                "compute_type": loaded.compute_type,
                "workers": loaded.workers,
                "cpu_threads": loaded.cpu_threads,
            }
        )

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(body=engine.metrics.text(), content_type="text/plain")

    async def lease(request: web.Request) -> web.StreamResponse:
        nonlocal users
        response = web.StreamResponse()
        users += 1
        engine.metrics.users.set(users)
        on_users(users)
        try:
            await response.prepare(request)
            await asyncio.Event().wait()  # until the user's process is gone
            return response
        finally:
            users -= 1
            engine.metrics.users.set(users)
            on_users(users)

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if token and not hmac.compare_digest(given.encode(errors="surrogateescape"), f"Bearer {token}".encode()):
            return _refuse(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong")
        return await handler(request)

    app = web.Application(middlewares=[admit], client_max_size=_BODY_BYTES)
    app.add_routes(
        [
            web.post("/recognize", recognize),
            web.get("/health", health),
            web.get("/metrics", metrics),
            web.get("/lease", lease),
        ]
    )
    return app


def _refuse(status: HTTPStatus, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=reason, headers=headers)
