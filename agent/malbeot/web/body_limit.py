"""How much a request may send: its body is read before it is known who asks, and would fill the memory."""

from fastapi import HTTPException, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from malbeot.web.access.words import language_of
from malbeot.web.chat.refusals import PREFIX, openai_form
from malbeot.web.sentences import sentence

MOST_MIB = 4
_MOST = MOST_MIB << 20
_TOO_LARGE = sentence("too_large")


class BodyLimit:
    """413 for a body that is larger, told before it is read where its length is announced, and else while it comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        too_large = _TOO_LARGE[language_of(request)].format(mib=MOST_MIB)
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > _MOST:
            ours = request.url.path.startswith(PREFIX)
            body = openai_form(413, too_large) if ours else {"message": too_large}
            await JSONResponse(body, status_code=413)(scope, receive, send)
            return
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > _MOST:
                raise HTTPException(413, too_large)  # the route hands it on to `errors.py`
            return message

        await self._app(scope, receive_some, send)
