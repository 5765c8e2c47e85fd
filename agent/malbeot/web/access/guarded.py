"""Routes that read what is sent of guests alone: FastAPI reads a body before it asks any dependency."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from malbeot.web.access import admitted


class GuardedRoute(APIRoute):
    """One that asks first who sends it, if it is for guests (`TheGuest`)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if all(needed.call is not admitted for needed in self.dependant.dependencies):
            return handle

        async def admit_and_handle(request: Request) -> Response:
            await admitted(request)
            return await handle(request)

        return admit_and_handle
