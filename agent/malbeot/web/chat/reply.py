"""The response: the model is asked when it is sent, and stops when its reader leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Any

from fastapi import HTTPException
from livekit.agents import APIError, llm
from sse_starlette import ServerSentEvent
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from malbeot.web.chat.answer import Answer, answering
from malbeot.web.chat.events import Events
from malbeot.web.chat.options import ModelOptions
from malbeot.web.chat.refusals import busy, model_failed, openai_form, refusal, refused
from malbeot.web.chat.request import ChatRequest
from malbeot.web.chat.sessions import Answering, Session
from malbeot.web.chat.wire import Wire, to_json
from malbeot.web.leaving import send_to_reader, unless_left
from malbeot.web.slots import Busy, Slots

_PATIENCE_S = 5.0
"""So long a stream is not begun: a model that fails at once is told by the status. Later, heartbeats matter more."""


class Reply(Response):
    """Answers one request. What was answered is remembered in `session`, of a reader who left what had come by then."""

    def __init__(
        self,
        request: ChatRequest,
        *,
        model: llm.LLM[Any],
        system: str,
        options: ModelOptions,
        session: Session | None,
        slots: Slots,
    ) -> None:
        super().__init__()
        self._request = request
        self._model = model
        self._system = llm.ChatMessage(role="system", content=[system])
        self._options = options
        self._session = session
        self._slots = slots
        self._wire = Wire(request.model)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = [llm.ChatMessage(role=_role(message.role), content=[message.text]) for message in self._request.messages]
        async with AsyncExitStack() as held:
            try:
                if self._session:
                    held.enter_context(self._session.turn())
                if not await unless_left(receive, held.enter_async_context(self._slots.one())):
                    return
            except Answering:
                await refused(_still_answering())(scope, receive, send)
                return
            except Busy:
                await refused(busy())(scope, receive, send)
                return
            earlier = await self._session.earlier() if self._session else []
            context = llm.ChatContext([self._system, *earlier, *said])
            async with answering(self._model, context, self._options) as answer:
                response = await self._respond(answer, receive)
                if response:
                    await send_to_reader(response, scope, receive, send)
            if self._session and answer.text:
                await self._session.add(said, answer.text)

    async def _respond(self, answer: Answer, receive: Receive) -> Response | None:
        """None where the reader has left."""
        try:
            if self._request.stream:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PATIENCE_S):
                        if not await unless_left(receive, answer.begun()):
                            return None
                return Events(self._events(answer))
            if not await unless_left(receive, answer.whole()):
                return None
        except APIError as error:
            return refused(model_failed(error))
        return JSONResponse(self._wire.completion(answer.text, finish_reason=answer.finish_reason, usage=answer.usage))

    async def _events(self, answer: Answer) -> AsyncIterator[ServerSentEvent]:
        yield _event(self._wire.chunk({"role": "assistant", "content": ""}))
        try:
            async for piece in answer:
                yield _event(self._wire.chunk({"content": piece}))
        except APIError as error:
            why = model_failed(error)
            yield _event(to_json(openai_form(why.status_code, why.detail)))
            return
        yield _event(self._wire.chunk({}, finish_reason=answer.finish_reason))
        if self._request.stream_options and self._request.stream_options.include_usage:
            yield _event(self._wire.usage_chunk(answer.usage))
        yield _event("[DONE]")


def _still_answering() -> HTTPException:
    message = "session: its last message is still being answered: wait for that, or send another session"
    return refusal(409, message, param="session", code="session_busy")


def _event(data: str) -> ServerSentEvent:
    return ServerSentEvent(data, sep="\n")


def _role(role: str) -> Any:
    return role
