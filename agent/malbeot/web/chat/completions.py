"""`/v1/chat/completions` and `/v1/models`: the companion behind OpenAI's interface."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from malbeot.call import CallRequest
from malbeot.persona import Caller, Persona, render_system
from malbeot.persona_choice import choose_persona
from malbeot.scenario import Scenario, chosen_scenario
from malbeot.web.access import TheGuest, language_of
from malbeot.web.access.guarded import GuardedRoute
from malbeot.web.chat.options import model_options
from malbeot.web.chat.refusals import refusal
from malbeot.web.chat.reply import Reply
from malbeot.web.chat.request import ChatRequest
from malbeot.web.conversation import key_of
from malbeot.web.door import Door, TheDoor

router = APIRouter(prefix="/v1", route_class=GuardedRoute)

ANYONE = "malbeot"
"""The model's name for who does not mind which persona answers."""
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "OpenAI's chat.completion, or its chunks as server-sent events",
        "content": {"application/json": {"schema": {"type": "object"}}, "text/event-stream": {"schema": {}}},
    },
    400: {"description": "What is wrong or cannot be honoured"},
    404: {"description": "No such model"},
    409: {"description": "The session's last message is still being answered"},
    429: {"description": "Asked too often, or too many answers are being made just now"},
    502: {"description": "The language model failed"},
    503: {"description": "The language model is not reachable"},
    504: {"description": "The language model is too late"},
}


@router.get("/models")
async def models(door: TheDoor, guest: TheGuest) -> dict[str, Any]:
    """The personas, and `malbeot` for any of them."""
    ids = [ANYONE, *(name for name in door.personas if name != ANYONE)]
    return {
        "object": "list",
        "data": [{"id": name, "object": "model", "created": 0, "owned_by": "malbeot"} for name in ids],
    }


@router.post("/chat/completions", response_class=Response, responses=_RESPONSES)
async def complete(chat: ChatRequest, request: Request, door: TheDoor, guest: TheGuest) -> Response:
    """The companion's answer to what is typed.

    `model` is a persona's id, or `malbeot`. Beside OpenAI's fields: `name`, `language`, `scenario` and `session`.
    """
    persona = _persona(chat, request, door)
    caller = Caller(name=chat.name or guest.name, direction="inbound")
    key = key_of(chat.session, guest, persona)
    return Reply(
        chat,
        model=door.model,
        system=render_system(persona, caller, datetime.now().astimezone(), _scenario(chat, door, persona)),
        options=model_options(door.settings, chat),
        session=door.sessions.find(key) if key else None,
        slots=door.generations,
    )


def _persona(chat: ChatRequest, request: Request, door: Door) -> Persona:
    if chat.model in door.personas:
        return door.personas[chat.model]
    if chat.model != ANYONE:
        known = ", ".join((ANYONE, *sorted(door.personas)))
        raise refusal(404, f"There is no such model: there are {known}.", param="model", code="model_not_found")
    asked = CallRequest(language=chat.language or language_of(request))
    return choose_persona(door.personas, asked, door.settings)


def _scenario(chat: ChatRequest, door: Door, persona: Persona) -> Scenario | None:
    try:
        return chosen_scenario(chat.scenario, door.scenarios, language=persona.language)
    except LookupError as error:
        raise refusal(400, str(error.args[0]), param="scenario") from None
