"""How much a request may send, and how long it may take to: it is held in memory until it is there."""

import asyncio

from fastapi import HTTPException, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from malbeot.web.access.words import language_of
from malbeot.web.chat.refusals import PREFIX, openai_form
from malbeot.web.sentences import sentence

SENT_WITHIN_S = 10.0
_CALLS_KIB = 64
_TEXT_KIB = 1024
"""Of OpenAI's interface, whose requests hold whole conversations (`chat/request.py`)."""
_TOO_LARGE = sentence("too_large")
_TOO_SLOW = sentence("too_slow")


class BodyLimit:
    """413 for a body that is larger, told before it is read where its length is announced, and else while it comes.

    408 for one that does not come to its end in time.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        language = language_of(request)
        ours = request.url.path.startswith(PREFIX)
        most_kib = _TEXT_KIB if ours else _CALLS_KIB
        too_large = _TOO_LARGE[language].format(kib=most_kib)
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > most_kib << 10:
            body = openai_form(413, too_large) if ours else {"message": too_large}
            await JSONResponse(body, status_code=413)(scope, receive, send)
            return
        received = 0
        until: float | None = asyncio.get_running_loop().time() + SENT_WITHIN_S
        """None once it is there: who asked is listened to then for as long as the answer takes."""

        async def receive_some() -> Message:
            nonlocal received, until
            # What is raised here the route hands on to `errors.py`.
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, _TOO_SLOW[language], headers={"Connection": "close"}) from None
            if not message.get("more_body", False):
                until = None
            received += len(message.get("body", b""))
            if received > most_kib << 10:
                raise HTTPException(413, too_large)
            return message

        await self._app(scope, receive_some, send)
