"""Calls: a place and a token for whoever may call, and an end to a call."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException
from pydantic import AfterValidator, BaseModel, ConfigDict

from malbeot.call import CallRequest, Language
from malbeot.web.access import TheGuest
from malbeot.web.door import TheDoor
from malbeot.web.names import clean_name
from malbeot.web.tokens import issue

router = APIRouter(prefix="/api")


class NewCall(BaseModel):
    """Who calls, in which language, and whom. No persona: the one that the operator chose, or by language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(clean_name)] = ""
    language: Language
    persona: str = ""


class CallTicket(BaseModel):
    """Where to join and with what."""

    url: str
    token: str
    room: str
    identity: str
    expires_at: datetime


@router.post("/calls", status_code=201)
async def new_call(call: NewCall, door: TheDoor, guest: TheGuest) -> CallTicket:
    if call.persona and call.persona not in door.personas:
        raise HTTPException(422, f"persona: there is none with this id; there are {', '.join(sorted(door.personas))}")
    request = CallRequest(persona=call.persona, name=call.name, language=call.language)
    key, secret = door.settings.livekit_keys
    ticket = issue(request, api_key=key, api_secret=secret)
    return CallTicket(
        url=door.settings.livekit_public_url or door.settings.livekit_url,
        token=ticket.token,
        room=ticket.room,
        identity=ticket.identity,
        expires_at=ticket.expires_at,
    )
