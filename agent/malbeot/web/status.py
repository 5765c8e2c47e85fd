"""Whether the service lives, whether a call would work, and its figures."""

import asyncio
import contextlib
from typing import Any, Literal

from fastapi import APIRouter, Depends, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from malbeot.errors import MalbeotError
from malbeot.web.access import operator
from malbeot.web.door import Door, TheDoor
from malbeot.web.readiness import Dependency

router = APIRouter()
_COUNT_WITHIN_S = 2.0


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readied(BaseModel):
    """Whether a call would work: it would, where no dependency is down."""

    ready: bool
    dependencies: list[Dependency]


_FOR_OPERATORS = [Depends(operator)]
_ELSEWHERE: dict[str, Any] = {"description": "Asked from another machine"}


@router.get("/health")
async def health() -> Alive:
    """Alive. Nothing else is asked."""
    return Alive()


@router.get(
    "/ready",
    dependencies=_FOR_OPERATORS,
    responses={404: _ELSEWHERE, 503: {"model": Readied, "description": "A dependency is down"}},
)
async def ready(door: TheDoor, response: Response) -> Readied:
    """Each dependency, with its state and why. On loopback only."""
    dependencies = await door.readiness.look()
    answer = Readied(ready=all(known.state != "down" for known in dependencies), dependencies=dependencies)
    response.status_code = 200 if answer.ready else 503
    return answer


@router.get(
    "/metrics",
    dependencies=_FOR_OPERATORS,
    response_class=PlainTextResponse,
    responses={404: _ELSEWHERE},
)
async def metrics(door: TheDoor) -> Response:
    """The figures of this web process, as Prometheus reads them. On loopback only."""
    text = door.figures.text(places_taken=await _places_taken(door), places=door.settings.max_calls)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _places_taken(door: Door) -> int | None:
    with contextlib.suppress(MalbeotError, TimeoutError):
        async with asyncio.timeout(_COUNT_WITHIN_S):
            return await door.places.taken()
    return None
