"""Faults on demand, for tests: what happens to the next requests of `/tts`. There only with `--faults`.

`POST /stand-in/faults` plans one, after those planned before; `DELETE` forgets them all. `Plan` is the JSON that it
takes. GPT-SoVITS has no such route.
"""

import asyncio
import logging
import os
import random
import socket
import struct
from contextlib import suppress
from typing import Any, ClassVar, Literal

from fastapi import FastAPI, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

logger = logging.getLogger("malbeot.standin")

PATH = "/stand-in/faults"
_FLUSH_S = 0.05  # what was sent should arrive before the connection or the process goes

_PAGE = "<!doctype html><title>GPT-SoVITS Inference WebUI</title><p>This is not a voice."


class Plan(BaseModel):
    """A fault and how many requests it meets."""

    model_config = ConfigDict(extra="forbid")

    fault: Literal[
        "none",  # speaks as ever: to let requests pass before a fault that was planned after it
        "hang",  # takes the request and answers nothing, not even a head
        "stall",  # sends nothing more for `seconds`, then goes on; without them until the client leaves
        "reset",  # the connection is reset
        "break",  # the connection is closed without the end that the body should have
        "end",  # the body ends properly, too early
        "garble",  # random bytes in place of the sound
        "shift",  # one byte too many, so that the samples after it are out of step
        "slow",  # every piece takes `real_time_factor` times its own length
        "refuse",  # `status` with the body that belongs to it, in any streaming mode
        "html",  # 200 and a web page
        "zeros",  # the model fails: a second of zeros at 16 kHz, models loaded anew, broken ending
        "die",  # the process ends
    ]
    after_bytes: int = Field(default=0, ge=0)
    """Bytes of the body, WAV header included, that are sent before it happens; a shorter body is left as it is."""
    requests: int | None = Field(default=1, ge=1)
    """null is all from then on."""
    seconds: float | None = Field(default=None, ge=0)
    real_time_factor: float = Field(default=1.0, ge=0)
    status: Literal[400, 422, 500, 502, 503] = 400


class TrackedProtocol(H11Protocol):
    """uvicorn's HTTP, which also lets a fault have the connection of a request."""

    transports: ClassVar[dict[tuple[str, int], asyncio.Transport]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client:
            self.transports[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client:
            self.transports.pop(self.client, None)
        super().connection_lost(exc)


def install_faults(app: FastAPI) -> None:
    """Gives `app` the route, and the planned faults to its `/tts`. The server has to run on TrackedProtocol."""
    plans: list[Plan] = []

    @app.post(PATH, status_code=204)
    async def plan(plan: Plan) -> None:
        plans.append(plan)

    @app.delete(PATH, status_code=204)
    async def forget() -> None:
        plans.clear()

    app.add_middleware(_Faults, plans=plans)


class _Over(Exception):
    """The reply is over although the service is not done with it."""


class _Faults:
    def __init__(self, app: ASGIApp, plans: list[Plan]) -> None:
        self._app = app
        self._plans = plans

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plan = self._next() if scope["type"] == "http" and scope["path"] == "/tts" else None
        if plan is None or plan.fault == "none":
            await self._app(scope, receive, send)
            return
        logger.info("fault: %s", plan.fault)
        match plan.fault:
            case "hang":
                await _client_left(receive)
            case "refuse":
                await _refusal(plan.status)(scope, receive, send)
            case "html":
                await HTMLResponse(_PAGE)(scope, receive, send)
            case "zeros":
                scope.setdefault("state", {})["fail_after_bytes"] = plan.after_bytes
                await self._app(scope, receive, send)
            case _:
                with suppress(_Over):
                    await self._app(scope, receive, _Spoiler(plan, scope, receive, send))

    def _next(self) -> Plan | None:
        if not self._plans:
            return None
        plan = self._plans[0]
        if plan.requests is not None:
            plan.requests -= 1
            if not plan.requests:
                self._plans.pop(0)
        return plan


class _Spoiler:
    """The `send` of one reply: passes on `after_bytes` bytes of the body and then does what is planned."""

    def __init__(self, plan: Plan, scope: Scope, receive: Receive, send: Send) -> None:
        self._plan = plan
        self._scope = scope
        self._receive = receive
        self._send = send
        self._left = plan.after_bytes
        self._random = random.Random(plan.after_bytes)
        self._rate_hz = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._plan.fault in ("end", "shift"):  # the length changes
                message["headers"] = [pair for pair in message["headers"] if pair[0].lower() != b"content-length"]
            await self._send(message)
            return
        body: bytes = message.get("body", b"")
        if self._plan.fault == "slow":
            await self._take_time(body)
        passed, rest = body[: self._left], body[self._left :]
        self._left -= len(passed)
        if self._left or not rest:
            await self._send(message)
            return
        await self._pass(passed)
        await self._send({**message, "body": await self._spoilt(rest)})

    async def _spoilt(self, rest: bytes) -> bytes:
        """What is sent in place of `rest`. Raises _Over when nothing more is."""
        match self._plan.fault:
            case "stall" if self._plan.seconds is not None:
                await asyncio.sleep(self._plan.seconds)
                self._plan = Plan(fault="none")
            case "stall":
                await _client_left(self._receive)
                raise _Over
            case "shift":
                self._plan = Plan(fault="none")
                return b"\0" + rest
            case "garble":
                return self._random.randbytes(len(rest))
            case "end":
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
                raise _Over
            case "break":
                raise _Over
            case "reset":
                await asyncio.sleep(_FLUSH_S)
                _reset(TrackedProtocol.transports[self._scope["client"]])
                raise _Over
            case "die":
                await asyncio.sleep(_FLUSH_S)
                os._exit(1)
        return rest

    async def _pass(self, body: bytes) -> None:
        if body:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def _take_time(self, body: bytes) -> None:
        if not self._rate_hz:
            is_wav = body[:4] == b"RIFF"
            self._rate_hz = struct.unpack_from("<I", body, 24)[0] if is_wav else 32000
        await asyncio.sleep(len(body) / 2 / self._rate_hz * self._plan.real_time_factor)


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _reset(transport: asyncio.Transport) -> None:
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _refusal(status: int) -> Response:
    """As GPT-SoVITS answers with that status, or as a proxy before it does."""
    content: dict[str, Any]
    match status:
        case 400:
            return JSONResponse({"message": "tts failed", "Exception": ""}, status_code=status)
        case 422:
            content = {"detail": [{"type": "string_type", "loc": ["body", "text"], "msg": "Input should be a string"}]}
            return JSONResponse(content, status_code=status)
        case 500:
            return PlainTextResponse("Internal Server Error", status_code=status)
        case _:
            return HTMLResponse("<html><h1>Bad Gateway</h1></html>", status_code=status)
